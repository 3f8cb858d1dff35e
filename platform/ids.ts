import { randomBytes } from 'node:crypto';

/** Makes ids: passed in where a test needs to know them. */
export type IdFactory = () => string;

/** 120 random bits, URL-safe. */
export const randomId: IdFactory = () => randomBytes(15).toString('base64url');

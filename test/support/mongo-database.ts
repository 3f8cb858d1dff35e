import { randomUUID } from 'node:crypto';
import { type Collection, type Db, MongoClient } from 'mongodb';

/** URL of a database of its own on the server of `MONGODB_URL`, to be dropped with `dropDatabase`. */
export function databaseUrl(): string {
  const url = new URL(process.env.MONGODB_URL ?? '');
  url.pathname = `/test_${randomUUID()}`;
  return url.href;
}

export async function dropDatabase(url: string): Promise<void> {
  const client = new MongoClient(url);
  try {
    await client.db().dropDatabase();
  } finally {
    await client.close();
  }
}

export interface MongoWrite {
  readonly collection: string;
  /** Name of the driver's method. */
  readonly method: string;
}

/** @param send Does the write, at its time, as often as is wanted. */
export type AroundWrite = (write: MongoWrite, send: () => Promise<unknown>) => Promise<unknown>;

const WRITES = /^(insert|update|replace|delete|bulkWrite|findOneAnd)/;

/** The database, but for writes: each goes through `around`. */
export function interceptedDb(db: Db, around: AroundWrite): Db {
  const collectionOf = (name: string): Collection =>
    membersOf(db.collection(name), (method, member) =>
      WRITES.test(method)
        ? (...args) => around({ collection: name, method }, async () => member(...args))
        : member,
    );
  return membersOf(db, (method, member) =>
    method === 'collection' ? (name) => collectionOf(String(name)) : member,
  );
}

/** The database, but for what is found: `before` is waited for between asking and reading. */
export function heldUpFinds(db: Db, before: (collection: string) => Promise<void>): Db {
  const cursorOf = (name: string, cursor: object): object =>
    membersOf(cursor, (method, member) => (...args) => {
      if (method === 'toArray') return before(name).then(() => member(...args));
      const next = member(...args);
      return next === cursor ? cursorOf(name, cursor) : next;
    });
  return membersOf(db, (ofDb, collection) =>
    ofDb === 'collection'
      ? (name) =>
          membersOf(db.collection(String(name)), (method, member) =>
            method === 'find' ? (...args) => cursorOf(String(name), member(...args) as object) : member,
          )
      : collection,
  );
}

type Method = (...args: unknown[]) => unknown;

function membersOf<T extends object>(target: T, replaced: (name: string, member: Method) => Method): T {
  return new Proxy(target, {
    get(_, name) {
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? replaced(String(name), member.bind(target)) : member;
    },
  });
}

import { expect, it } from 'vitest';
import { randomId } from './ids.ts';

it('makes ids that are all different and stand in URLs as they are', () => {
  const ids = Array.from({ length: 10_000 }, randomId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{20}$/);
});

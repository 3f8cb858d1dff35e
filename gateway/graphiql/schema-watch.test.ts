import { buildSchema, type GraphQLSchema } from 'graphql';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { outlineOf, type SchemaWatch, watchSchema } from './schema-watch.ts';

/** A gateway whose root fields can change, and a page that shows what it last read of it. */
function visit(fields: string[]) {
  const gateway = { fields, isUp: true, looks: 0, reads: 0 };
  const page = { shown: null as GraphQLSchema | null, isVisible: true };
  const read = () => {
    gateway.reads += 1;
    page.shown = buildSchema(`type Query { ${gateway.fields.map((name) => `${name}: Int`).join(' ')} }`);
  };
  read();
  gateway.reads = 0;
  watch = watchSchema({
    readOutline: async () => {
      gateway.looks += 1;
      if (!gateway.isUp) throw new Error('refused');
      return new Set(gateway.fields);
    },
    shown: () => page.shown,
    refresh: async () => read(),
    isVisible: () => page.isVisible,
  });
  return { gateway, page, watch };
}

let watch: SchemaWatch;
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});

it('reads the schema anew when a root field comes or goes, and only then', async () => {
  const { gateway } = visit(['sources']);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(gateway.reads).toBe(0);
  gateway.fields = ['sources', 'books'];
  await vi.advanceTimersByTimeAsync(5_000);
  expect(gateway.reads).toBe(1);
  gateway.fields = ['books'];
  await vi.advanceTimersByTimeAsync(5_000);
  expect(gateway.reads).toBe(2);
  gateway.fields = ['films'];
  await vi.advanceTimersByTimeAsync(60_000);
  expect(gateway.reads).toBe(3);
});

it('sees a new type within a moment of the mutation that made it', async () => {
  const { gateway } = visit(['sources']);
  watch.hasten();
  await vi.advanceTimersByTimeAsync(700);
  gateway.fields = ['sources', 'books'];
  await vi.advanceTimersByTimeAsync(300);
  expect(gateway.reads).toBe(1);
});

it('reads once more when the haste ends, for a change that left the root fields alone', async () => {
  const { gateway } = visit(['sources']);
  watch.hasten();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(gateway.reads).toBe(1);
  expect(gateway.looks).toBeLessThan(30);
});

it('costs the gateway nothing while nobody looks', async () => {
  const { gateway, page } = visit(['sources']);
  page.isVisible = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(gateway.looks).toBe(0);
  page.isVisible = true;
  gateway.fields = ['sources', 'books'];
  await vi.advanceTimersByTimeAsync(5_000);
  expect(gateway.reads).toBe(1);
});

it('asks a gateway that does not answer less and less, and goes on when it is back', async () => {
  const { gateway } = visit(['sources']);
  gateway.isUp = false;
  await vi.advanceTimersByTimeAsync(600_000);
  expect(gateway.looks).toBeLessThan(20);
  gateway.isUp = true;
  gateway.fields = ['books'];
  await vi.advanceTimersByTimeAsync(60_000);
  expect(gateway.reads).toBe(1);
  const looks = gateway.looks;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(gateway.looks).toBe(looks + 2);
});

it('ends when it is stopped, also within a look', async () => {
  const { gateway } = visit(['sources']);
  watch.hasten();
  vi.advanceTimersByTime(300);
  watch.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(gateway.looks).toBe(1);
});

it('takes an answer with errors for none', () => {
  expect(() => outlineOf({ errors: [{ message: 'no' }] })).toThrow(TypeError);
  expect(outlineOf({ data: { __type: { fields: [{ name: 'books' }] } } })).toEqual(new Set(['books']));
});

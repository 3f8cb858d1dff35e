import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FieldValue, FieldValues } from '../../../platform/model/record.ts';
import { FIELD_TYPES } from '../../../platform/model/source-spec.ts';
import { field } from '../../../test/unit/endpoint/upstream-model.ts';
import { viewOf } from '../../../test/unit/endpoint/view-builder.ts';

const FIELDS = FIELD_TYPES.flatMap((type) => [
  field(`one_${type}`, type),
  field(`many_${type}`, type, { list: true }),
]);

FIELDS.push(field('constructor', 'JSON'), field('toString', 'STRING'));

const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('12.50', '2026-01-01T00:00:00Z', 'https://example.com', '\ud800', '\u0000x'),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
  fc.boolean(),
  fc.array(fc.oneof(fc.string(), fc.integer(), fc.constantFrom('1.0', '1e3', null)), { maxLength: 4 }),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<FieldValue>,
);

it('gives back exactly what datasource told, whether or not it fits the columns', () => {
  const names = [...FIELDS.map(({ name }) => name), 'undefined_yet'];
  const fields = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 12 });
  fc.assert(
    fc.property(fields, (given) => {
      // As it comes over the wire.
      const told = JSON.parse(JSON.stringify(given)) as FieldValues;
      const { view, file } = viewOf(FIELDS, { a: told });
      const valued = Object.fromEntries(Object.entries(told).filter(([, each]) => each !== null));
      expect(view.table.byKey('a')?.fields).toEqual(valued);
      file.close();
    }),
    { numRuns: 300 },
  );
});

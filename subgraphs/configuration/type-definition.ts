import type { CollectionField } from '../../platform/model/collection-definition.ts';
import { aggregatedType } from '../../platform/model/field-type.ts';
import { generatedNames } from '../../platform/model/names.ts';

/** The GraphQL type that a collection's entries get, as SDL. */
export function typeDefinition(collection: string, fields: readonly CollectionField[]): string {
  const lines = fields.map((field) => {
    const { scalar, list } = aggregatedType(field);
    return `  ${field.name}: ${list ? `[${scalar}!]` : scalar}`;
  });
  return [
    `type ${generatedNames(collection).type} @key(fields: "id") {`,
    '  id: ID!',
    ...lines,
    '  meta: EntryMeta!',
    '}',
  ].join('\n');
}

import type { CollectionField } from '../../platform/model/collection-definition.ts';
import type { SourceSpec } from '../../platform/model/source-spec.ts';
import type { Problem } from './validation/problem.ts';

/** What of a source makes up its collection's definition. */
export type Contributor = Pick<SourceSpec, 'key'> & { readonly fields: readonly CollectionField[] };

/** The part of a definition that is a union of its sources'. */
export interface DefinitionShape {
  readonly fields: readonly CollectionField[];
  readonly key: readonly string[];
}

/** The union of sources that agree, their fields in the order in which they were first declared. */
export function unionOf(contributors: readonly Contributor[]): DefinitionShape {
  const fields = new Map<string, CollectionField>();
  for (const contributor of contributors) {
    for (const { name, type, list, merge } of contributor.fields) {
      if (!fields.has(name)) fields.set(name, { name, type, list, merge });
    }
  }
  return { fields: [...fields.values()], key: contributors[0]?.key ?? [] };
}

/** What keeps a source out of a collection that others feed: empty where it can join. */
export function joinProblems(shape: DefinitionShape, collection: string, source: Contributor): Problem[] {
  const problems: Problem[] = [];
  const known = new Map(shape.fields.map((field) => [field.name, field]));
  for (const [index, field] of source.fields.entries()) {
    const other = known.get(field.name);
    if (!other) continue;
    const path = `fields.${index}`;
    if (other.type !== field.type || other.list !== field.list) {
      problems.push({
        field: other.type === field.type ? `${path}.list` : `${path}.type`,
        code: 'TYPE_CONFLICT',
        message: `In collection "${collection}", "${field.name}" is ${typeText(other)} for its other sources, not ${typeText(field)}. Use that type, or another field name.`,
      });
    }
    if (other.merge !== field.merge) {
      problems.push({
        field: `${path}.merge`,
        code: 'MERGE_CONFLICT',
        message: `In collection "${collection}", "${field.name}" has merge ${other.merge} for its other sources. Use that, or another field name.`,
      });
    }
  }
  if (!isSameKey(shape.key, source.key)) {
    problems.push({
      field: 'key',
      code: 'KEY_CONFLICT',
      message: `The key of collection "${collection}" is ${keyText(shape.key)}, and all its sources share it. Leave "key" out, or choose another collection.`,
    });
  }
  return problems;
}

function isSameKey(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index]);
}

function keyText(key: readonly string[]): string {
  return `[${key.map((name) => JSON.stringify(name)).join(', ')}]`;
}

function typeText(field: CollectionField): string {
  return field.list ? `a list of ${field.type}` : field.type;
}

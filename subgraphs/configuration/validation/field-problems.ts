import { canMerge } from '../../../platform/model/field-type.ts';
import type { FieldSpec, FieldType, SourceFormat } from '../../../platform/model/source-spec.ts';
import { selectorProblem } from '../../../scrapers/extractors/selector-problem.ts';
import type { Problem } from './problem.ts';

/** https://spec.graphql.org/October2021/#Name */
const GRAPHQL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const NAME_LENGTH_MAX = 64;
/** What every entry has already, and the words of its filter. */
const RESERVED = ['id', 'meta', 'and', 'or', 'not'];

export function fieldsProblems(
  fields: readonly FieldSpec[],
  format: SourceFormat,
  fieldsMax: number,
): Problem[] {
  if (fields.length === 0) {
    return [
      { field: 'fields', code: 'REQUIRED', message: 'Give at least one field to read of each record.' },
    ];
  }
  if (fields.length > fieldsMax) {
    return [
      {
        field: 'fields',
        code: 'TOO_MANY',
        limit: 'FIELDS_MAX',
        message: `A source has at most ${fieldsMax} fields, not ${fields.length}. Leave some out, or read several into one field of type JSON.`,
      },
    ];
  }
  return fields.flatMap((field, index) => [
    ...nameProblems(field.name, fields.slice(0, index), `fields.${index}.name`),
    ...selectorProblems(format, field.select, 'field', `fields.${index}.select`),
    ...mergeProblems(field, `fields.${index}.merge`),
  ]);
}

function nameProblems(name: string, before: readonly FieldSpec[], path: string): Problem[] {
  const invalid = (message: string): Problem[] => [{ field: path, code: 'INVALID_NAME', message }];
  if (name === '') return [{ field: path, code: 'REQUIRED', message: 'Give the field a name.' }];
  if (!GRAPHQL_NAME.test(name)) {
    return invalid(`"${name}" is no GraphQL name: use letters, digits and _, and begin with no digit.`);
  }
  if (name.startsWith('__')) return invalid(`Names that begin with __ are GraphQL's own: rename "${name}".`);
  if (RESERVED.includes(name)) {
    return invalid(`"${name}" is reserved: every entry has its own. Choose another name.`);
  }
  if (name.length > NAME_LENGTH_MAX)
    return invalid(`Field names have at most ${NAME_LENGTH_MAX} characters.`);
  if (before.some((other) => other.name === name)) {
    return [
      {
        field: path,
        code: 'DUPLICATE',
        message: `There is a field "${name}" before this one: give each its own name.`,
      },
    ];
  }
  return [];
}

/** An empty selector of a field gets the extractors' own advice. */
export function selectorProblems(
  format: SourceFormat,
  selector: string,
  role: 'records' | 'field' | 'next',
  path: string,
): Problem[] {
  // What cannot be read yet is said of the format, once.
  if (format !== 'HTML' && format !== 'JSON') return [];
  const message = selectorProblem(format, selector, role);
  if (message === undefined) return [];
  return [{ field: path, code: selector === '' ? 'REQUIRED' : 'INVALID_SELECTOR', message }];
}

function mergeProblems({ name, type, list, merge }: FieldSpec, path: string): Problem[] {
  if (canMerge(type, list, merge)) return [];
  return [
    {
      field: path,
      code: 'INVALID_MERGE',
      message: `${merge} means nothing for "${name}", which is ${list ? `a list of ${type}` : type}. Use LATEST, FIRST, SET, LIST or COUNT, or another type.`,
    },
  ];
}

/** The key that a source gets: its own, else its collection's, else the first URL field, else the first field. */
export function keyOf(
  given: readonly string[] | null,
  fields: readonly FieldSpec[],
  collectionKey: readonly string[] | undefined,
): readonly string[] {
  if (given !== null) return given;
  if (collectionKey) return collectionKey;
  const chosen = fields.find((field) => field.type === 'URL' && !field.list) ?? fields[0];
  return chosen ? [chosen.name] : [];
}

/** Not so JSON, and numbers with a fraction: one may be written in several ways ("19.8", "19.80"), or be rounded. */
const IDENTIFYING_TYPES: readonly FieldType[] = ['STRING', 'URL', 'INT', 'DATETIME', 'BOOLEAN'];

/** @param isGiven Whether the caller named the key, and can be pointed at the name. */
export function keyProblems(
  key: readonly string[],
  fields: readonly FieldSpec[],
  isGiven: boolean,
): Problem[] {
  if (key.length === 0) {
    // Without fields there is nothing to choose from, which is said of the fields.
    if (!isGiven) return [];
    return [
      {
        field: 'key',
        code: 'REQUIRED',
        message: 'Name at least one field that identifies an entry, or leave "key" out.',
      },
    ];
  }
  if (key.length > Math.max(1, fields.length)) {
    const message = `The key names ${key.length} fields, and there are ${fields.length}.`;
    return [{ field: 'key', code: 'TOO_MANY', message }];
  }
  return key.flatMap((name, index): Problem[] => {
    const path = isGiven ? `key.${index}` : 'key';
    const field = fields.find((other) => other.name === name);
    if (!field) {
      return [
        {
          field: path,
          code: 'KEY_UNKNOWN',
          message: `"${name}" identifies the entries, but is none of the fields. Add a field of that name${isGiven ? ', or name another' : ''}.`,
        },
      ];
    }
    if (key.indexOf(name) !== index) {
      return [{ field: path, code: 'DUPLICATE', message: `"${name}" stands in the key twice.` }];
    }
    if (field.list || !IDENTIFYING_TYPES.includes(field.type)) {
      return [
        {
          field: path,
          code: 'INVALID_TYPE',
          message: `"${name}" cannot identify an entry, since it is ${field.list ? 'a list' : `of type ${field.type}`}. Choose a plain field of type ${IDENTIFYING_TYPES.join(', ')} for the key.`,
        },
      ];
    }
    return [];
  });
}

import type { CollectionDefinition, CollectionField } from '../../../platform/model/collection-definition.ts';
import { type AggregatedType, aggregatedType } from '../../../platform/model/field-type.ts';
import { type GeneratedNames, generatedNames } from '../../../platform/model/names.ts';

/** Entries per page of a list at the most, as everywhere in the graph. */
export const FIRST_MAX = 100;

/** What the collections add to the static SDL: their types, and one Query and one Subscription for all of them. */
export function generateSdl(definitions: readonly CollectionDefinition[]): string {
  if (definitions.length === 0) return '';
  return [
    block('type Query', definitions.map(queryFields)),
    block('type Subscription', definitions.map(subscriptionField)),
    ...definitions.map(collectionTypes),
  ].join('\n\n');
}

/** The part of the SDL that belongs to one collection alone. */
function collectionTypes({ name, fields }: CollectionDefinition): string {
  const names = generatedNames(name);
  const orderable = fields.filter((field) => isOrderable(aggregatedType(field)));
  return [
    described(
      `An entry of the collection "${name}".`,
      block(`type ${names.type} @key(fields: "id")`, [
        'id: ID!',
        ...fields.map(entryField),
        'meta: EntryMeta!',
      ]),
    ),
    block(`type ${names.connection}`, [
      `edges: [${names.edge}!]!`,
      `nodes: [${names.type}!]!`,
      'pageInfo: PageInfo!',
      '"Counted only where it is asked for."\ntotalCount: Int!',
    ]),
    block(`type ${names.edge}`, ['cursor: String!', `node: ${names.type}!`]),
    described(
      'Conditions on several fields, or several on one, must all hold.',
      block(`input ${names.filter}`, [
        `and: [${names.filter}!]`,
        `or: [${names.filter}!]`,
        `not: ${names.filter}`,
        'meta: EntryMetaFilter',
        ...fields.map((field) => `${field.name}: ${filterType(aggregatedType(field))}`),
      ]),
    ),
    described(
      'Exactly one field: what to sort by next is the next element of "orderBy".',
      block(`input ${names.order}`, [
        'meta: EntryMetaOrder',
        ...orderable.map((field) => `${field.name}: SortOrder`),
      ]),
    ),
    ...eventTypes(names),
  ].join('\n\n');
}

function eventTypes(names: GeneratedNames): string[] {
  const cursor = '"Where `after` resumes behind this event."\ncursor: String!';
  return [
    `union ${names.event} = ${names.snapshot} | ${names.delta} | ${names.cursorExpired}`,
    described(
      'Some of the entries there are.',
      block(`type ${names.snapshot}`, [
        cursor,
        `entries: [${names.type}!]!`,
        '"False while more of the snapshot follows."\ncomplete: Boolean!',
      ]),
    ),
    described(
      'What changed. Apply by id; applying twice is harmless.',
      block(`type ${names.delta}`, [
        cursor,
        `upserted: [${names.type}!]!`,
        '"Gone, or no longer matching the filter; possibly ids that were never sent."\nremoved: [ID!]!',
      ]),
    ),
    described(
      'The cursor is too old to say what changed since: forget all entries, a snapshot follows.',
      block(`type ${names.cursorExpired}`, [cursor, 'message: String!']),
    ),
  ];
}

function queryFields({ name }: CollectionDefinition): string {
  const names = generatedNames(name);
  return [
    described(
      `The entry of "${name}" with this key: see EntryMeta.key.`,
      `${names.lookup}(key: String!): ${names.type}`,
    ),
    described(
      `Entries of "${name}", by key unless sorted otherwise. At most ${FIRST_MAX} at a time.`,
      `${names.list}(first: Int = 20, after: String, filter: ${names.filter}, orderBy: [${names.order}!]): ${names.connection}!`,
    ),
  ].join('\n');
}

function subscriptionField({ name }: CollectionDefinition): string {
  const names = generatedNames(name);
  return described(
    `Changes of "${name}": behind \`after\`, else behind a snapshot of the entries there are, else from now on.`,
    `${names.changed}(after: String, filter: ${names.filter}, snapshot: Boolean = true): ${names.event}!`,
  );
}

function entryField(field: CollectionField): string {
  const { scalar, list } = aggregatedType(field);
  const sdl = `${field.name}: ${list ? `[${scalar}!]` : scalar}`;
  const description = MERGE_DESCRIPTIONS[field.merge];
  return description === undefined ? sdl : described(description, sdl);
}

const MERGE_DESCRIPTIONS = {
  LATEST: undefined,
  FIRST: 'What was said first.',
  SET: 'The distinct values of all sources.',
  LIST: 'The values of all sources.',
  MIN: 'The least value of all sources.',
  MAX: 'The greatest value of all sources.',
  SUM: 'The sum over all sources.',
  AVG: 'The average over all sources.',
  COUNT: 'How many records have a value.',
} as const;

function filterType({ scalar, list }: AggregatedType): string {
  return scalar === 'JSON' || !list ? `${scalar}Filter` : `${scalar}ListFilter`;
}

/** Lists and JSON have no order; the rest compares. */
function isOrderable({ scalar, list }: AggregatedType): boolean {
  return !list && scalar !== 'JSON';
}

function described(description: string, sdl: string): string {
  return `${JSON.stringify(description)}\n${sdl}`;
}

function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.map((line) => line.replace(/^/gm, '  ')).join('\n')}\n}`;
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildSchema,
  type FragmentDefinitionNode,
  getNamedType,
  Kind,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../platform/sdl.ts';
import { requiredRole } from './required-role.ts';

/** What apps see, as it is. */
const schema = buildSchema(readFileSync(join(packageRoot, 'schema', 'api.graphql'), 'utf8'));

function roleOf(text: string, variables: Record<string, unknown> = {}, name?: string): string {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  const operation = (operations as OperationDefinitionNode[]).find(
    (node) => name === undefined || node.name?.value === name,
  ) as OperationDefinitionNode;
  const fragments: Record<string, FragmentDefinitionNode> = {};
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments[node.name.value] = node;
  return requiredRole(schema, { operation, fragments }, variables).role;
}

const REMOVE = 'removedId userErrors { code }';

describe('An operation wants', () => {
  it.each([
    ['a query', '{ sources { totalCount } }'],
    ['introspection', '{ __schema { types { name } } }'],
    ['a subscription', 'subscription { sourceChanged { id } }'],
    ['watching the cluster', 'subscription { clusterChanged { workers { id } } }'],
    [
      'a query that is named like a mutation',
      'query removeSource { removeSource: source(id: "DELETE") { id } }',
    ],
  ])('READ for %s', (_what, text) => {
    expect(roleOf(text)).toBe('READ');
  });

  it.each<[string, string, Record<string, unknown>?]>([
    ['nothing but a name', 'mutation { __typename }'],
    ['pausing', 'mutation { pauseSource(id: "1") { source { id } } }'],
    ['removing as it is by default', `mutation { removeSource(id: "1") { ${REMOVE} } }`],
    ['removing with KEEP', `mutation { removeSource(id: "1", data: KEEP) { ${REMOVE} } }`],
    ['removing with null', `mutation { removeSource(id: "1", data: null) { ${REMOVE} } }`],
    [
      'removing with a variable that is KEEP',
      `mutation($data: DataDisposal) { removeSource(id: "1", data: $data) { ${REMOVE} } }`,
      { data: 'KEEP' },
    ],
    [
      'removing with a variable that is not given',
      `mutation($data: DataDisposal) { removeSource(id: "1", data: $data) { ${REMOVE} } }`,
    ],
    [
      'another name with DELETE in it',
      'mutation { removeSource: pauseSource(id: "DELETE") { source { id } } }',
    ],
  ])('WRITE for %s', (_what, text, variables) => {
    expect(roleOf(text, variables)).toBe('WRITE');
  });

  it.each<[string, string, Record<string, unknown>?]>([
    ['DELETE', `mutation { removeSource(id: "1", data: DELETE) { ${REMOVE} } }`],
    ['an alias', `mutation { pauseSource: removeSource(id: "1", data: DELETE) { ${REMOVE} } }`],
    [
      'a variable',
      `mutation($data: DataDisposal) { removeSource(id: "1", data: $data) { ${REMOVE} } }`,
      { data: 'DELETE' },
    ],
    [
      'a variable’s default',
      `mutation($data: DataDisposal = DELETE) { removeSource(id: "1", data: $data) { ${REMOVE} } }`,
    ],
    [
      'an inline fragment',
      `mutation { ... on Mutation { ... { removeSource(id: "1", data: DELETE) { ${REMOVE} } } } }`,
    ],
    [
      'fragments in fragments',
      `mutation { ...A } fragment A on Mutation { ...B } fragment B on Mutation {
        x: removeSource(id: "1", data: DELETE) { ${REMOVE} }
      }`,
    ],
    [
      'a place behind one that is harmless',
      `mutation { a: removeSource(id: "1") { ${REMOVE} } b: removeSource(id: "2", data: DELETE) { ${REMOVE} } }`,
    ],
    [
      'a directive that may leave it out',
      `mutation($is: Boolean = false) { removeSource(id: "1", data: DELETE) @include(if: $is) { ${REMOVE} } }`,
    ],
  ])('ADMIN for destroying data, by %s', (_what, text, variables) => {
    expect(roleOf(text, variables)).toBe('ADMIN');
  });

  it('a role for itself, not for the others of its document', () => {
    const text = `query Look { sources { totalCount } } mutation Destroy { removeSource(id: "1", data: DELETE) { ${REMOVE} } }`;
    expect([roleOf(text, {}, 'Look'), roleOf(text, {}, 'Destroy')]).toEqual(['READ', 'ADMIN']);
  });

  it('ADMIN wherever it can say what becomes of data, so that none is forgotten', () => {
    const fields = Object.values(schema.getMutationType()?.getFields() ?? {});
    expect(fields.length).toBeGreaterThan(5);
    const disposing = fields.filter(({ args }) =>
      args.some(({ type }) => getNamedType(type).name === 'DataDisposal'),
    );
    expect(disposing.map(({ name }) => name)).toEqual(['removeSource']);
  });

  it('no more time for a fragment that is spread over and over', () => {
    const levels = Array.from(
      { length: 40 },
      (_, n) => `fragment F${n} on Mutation { ...F${n + 1} ...F${n + 1} }`,
    );
    const last = `fragment F40 on Mutation { removeSource(id: "1", data: DELETE) { ${REMOVE} } }`;
    expect(roleOf(['mutation { ...F0 }', ...levels, last].join('\n'))).toBe('ADMIN');
  });
});

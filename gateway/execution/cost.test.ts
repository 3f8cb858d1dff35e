import { buildSchema, Kind, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { measureOperation } from './cost.ts';

const schema = buildSchema(`
  type Query { books(first: Int = 20, after: String): Books!  book(id: ID!): Book  node: Node }
  type Books { nodes: [Book!]!  totalCount: Int! }
  interface Node { id: ID! }
  type Book implements Node { id: ID!  title: String  tags: [Tag!]!  similar(first: Int! = 5): Books! }
  type Tag { name: String! }
`);

function measure(query: string, variables: Record<string, unknown> = {}) {
  const { definitions } = parse(query);
  const operation = definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  if (!operation) throw new Error('no operation');
  const fragments = Object.fromEntries(
    definitions
      .filter((node) => node.kind === Kind.FRAGMENT_DEFINITION)
      .map((node) => [node.name.value, node]),
  );
  const size = measureOperation(schema, operation, fragments);
  return { depth: size.depth, cost: size.cost(variables) };
}

describe('measureOperation', () => {
  it.each([
    ['{ __typename }', 1, 1],
    ['{ book(id: 1) { id title } }', 2, 3],
    ['{ books(first: 100) { nodes { id title } } }', 3, 1 + 100 * 3],
    ['{ books { totalCount } }', 2, 1 + 20],
    ['{ books(first: 0) { totalCount } }', 2, 1 + 1],
    ['{ books(first: 10) { nodes { similar { nodes { id } } } } }', 5, 1 + 10 * (1 + 1 + 5 * 2)],
    ['{ book(id: 1) { tags { name } } }', 3, 3],
    ['{ a: book(id: 1) { id } b: book(id: 2) { id } }', 2, 4],
    ['{ node { ... on Book { title similar(first: 3) { totalCount } } } }', 3, 1 + 1 + 1 + 3],
    ['{ books(first: 2) { ...B } } fragment B on Books { nodes { ...N } } fragment N on Book { id }', 3, 5],
    ['{ __schema { types { fields { name } } } }', 1, 1],
  ])('%s', (query, depth, cost) => {
    expect(measure(query)).toEqual({ depth, cost });
  });

  it('counts with the variables that the request gives, else with their defaults', () => {
    const query = (type: string) => `query($n: ${type}) { books(first: $n) { totalCount } }`;
    expect(measure(query('Int!'), { n: 7 }).cost).toBe(8);
    expect(measure(query('Int = 3')).cost).toBe(4);
    expect(measure(query('Int')).cost).toBe(21);
    expect(measure(query('Int'), { n: null }).cost).toBe(21);
  });

  it('takes no longer for fragments within fragments than their text is long', () => {
    const levels = Array.from(
      { length: 60 },
      (_, n) => `fragment F${n} on Book { ...F${n + 1} ...F${n + 1} }`,
    );
    const { cost } = measure(`{ book(id: 1) { ...F0 } } ${levels.join(' ')} fragment F60 on Book { id }`);
    expect(cost).toBe(2 ** 60 + 1);
  });
});

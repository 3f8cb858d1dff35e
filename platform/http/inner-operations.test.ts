import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, type GraphQLSchema, getNamedType, parse, subscribe } from 'graphql';
import { describe, expect, it } from 'vitest';
import { readSdl } from '../sdl.ts';
import { guardInnerOperations } from './inner-operations.ts';

const SDL = /* GraphQL */ `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@inaccessible"])
  type Query {
    open: String
    inner: String @inaccessible
    plain: String @inaccessible
  }
  type Mutation {
    innerWrite: Boolean @inaccessible
  }
  type Subscription {
    openEvents: Int
    innerEvents: Int @inaccessible
  }
`;

async function* events() {
  yield { openEvents: 1, innerEvents: 1 };
}

let writes = 0;
const resolvers = {
  Query: { open: () => 'open', inner: () => 'inner' },
  Mutation: {
    innerWrite() {
      writes++;
      return true;
    },
  },
  Subscription: { openEvents: { subscribe: events }, innerEvents: { subscribe: events } },
};
const schema = guardInnerOperations(buildSubgraphSchema({ typeDefs: parse(SDL), resolvers }));

const run = (document: string, isService: boolean) =>
  execute({
    schema,
    document: parse(document),
    contextValue: { isService },
    rootValue: { plain: 'from the root value' },
  });

describe('An inner operation', () => {
  it('refuses a caller without the service token, beside others that answer', async () => {
    const { data, errors } = await run('{ open inner plain }', false);
    expect(data).toEqual({ open: 'open', inner: null, plain: null });
    expect(errors?.map(({ path, originalError }) => [path, originalError])).toEqual([
      [['inner'], expect.objectContaining({ code: 'UNAUTHENTICATED' })],
      [['plain'], expect.objectContaining({ code: 'UNAUTHENTICATED' })],
    ]);
  });

  it('answers a service', async () => {
    expect(await run('{ open inner plain }', true)).toEqual({
      data: { open: 'open', inner: 'inner', plain: 'from the root value' },
    });
  });

  it('does nothing where it refuses', async () => {
    await run('mutation { innerWrite }', false);
    expect(writes).toBe(0);
    await run('mutation { innerWrite }', true);
    expect(writes).toBe(1);
  });

  it('refuses subscriptions before they begin', async () => {
    const start = (document: string, isService: boolean) =>
      subscribe({ schema, document: parse(document), contextValue: { isService } });
    expect(await start('subscription { innerEvents }', false)).toMatchObject({
      errors: [{ originalError: { code: 'UNAUTHENTICATED' } }],
    });
    expect(await start('subscription { innerEvents }', true)).toHaveProperty('next');
    expect(await start('subscription { openEvents }', false)).toHaveProperty('next');
  });
});

describe.each(['configuration', 'datasource', 'endpoint'] as const)('The schema of %s', (subgraph) => {
  it('marks every operation that takes or gives what only services know', () => {
    const own = buildSubgraphSchema({ typeDefs: parse(readSdl(subgraph)) });
    const unmarked = rootFields(own)
      .filter((field) => !isInaccessible(field.astNode))
      .filter((field) => {
        const types = [field.type, ...field.args.map((arg) => arg.type)];
        return types.some((type) => isInaccessible(getNamedType(type).astNode));
      });
    expect(unmarked.map(({ name }) => name)).toEqual([]);
  });
});

function rootFields(of: GraphQLSchema) {
  const roots = [of.getQueryType(), of.getMutationType(), of.getSubscriptionType()];
  return roots.flatMap((type) => Object.values(type?.getFields() ?? {}));
}

function isInaccessible(
  node: { readonly directives?: readonly { name: { value: string } }[] } | null | undefined,
) {
  return node?.directives?.some((directive) => directive.name.value === 'inaccessible') ?? false;
}

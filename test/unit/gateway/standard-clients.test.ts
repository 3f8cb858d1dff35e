import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient as createUrqlClient, fetchExchange, subscriptionExchange } from '@urql/core';
import { OperationTypeNode } from 'graphql';
import { createClient, type Client as SocketClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { FakeGraph } from './fake-graph.ts';
import { until } from './follower.ts';

const SOURCE = 'query Source($id: ID!) { source(id: $id) { id name } }';
const TOUCH = 'mutation Touch($id: ID!) { touchSource(id: $id) { id touches } }';
const CHANGED = 'subscription Changed($id: ID) { sourceChanged(id: $id) { id touches } }';

describe('standard clients, as they come', () => {
  let graph: FakeGraph;
  let socket: SocketClient;
  beforeAll(async () => {
    graph = await FakeGraph.open();
    socket = createClient({ url: graph.socketUrl, webSocketImpl: WebSocket });
  });
  afterAll(async () => {
    await socket.dispose();
    await graph.close();
  });

  it('Apollo Client queries, mutates and subscribes', async () => {
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: ApolloLink.split(
        ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
        new GraphQLWsLink(socket),
        new HttpLink({ uri: graph.url }),
      ),
    });
    const { data } = await client.query({ query: gql(SOURCE), variables: { id: 'a1' } });
    expect(data).toEqual({ source: { __typename: 'Source', id: 'a1', name: 'Source a1' } });

    const seen: unknown[] = [];
    const subscription = client
      .subscribe({ query: gql(CHANGED), variables: { id: 'a1' } })
      .subscribe((result) => seen.push(result.data));
    await until(() => graph.sourceReaders.size === 1);
    const touched = await client.mutate({ mutation: gql(TOUCH), variables: { id: 'a1' } });
    expect(touched.data).toMatchObject({ touchSource: { touches: 1 } });
    await until(() => seen.length === 1);
    expect(seen).toEqual([{ sourceChanged: { __typename: 'Source', id: 'a1', touches: 1 } }]);
    subscription.unsubscribe();
    await until(() => graph.sourceReaders.size === 0);

    await expect(client.query({ query: gql('{ broken }') })).rejects.toMatchObject({
      errors: [{ path: ['broken'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
    });
    await expect(client.query({ query: gql('{ nope }') })).rejects.toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    });
    client.stop();
  });

  it('urql queries by POST and by GET, mutates and subscribes', async () => {
    const client = createUrqlClient({
      url: graph.url,
      preferGetMethod: 'within-url-limit',
      exchanges: [
        fetchExchange,
        subscriptionExchange({
          forwardSubscription: ({ query = '', variables }) => ({
            subscribe: (sink) => ({
              unsubscribe: socket.subscribe({ query, variables: variables ?? null }, sink as never),
            }),
          }),
        }),
      ],
    });
    const expected = { source: { id: 'u1', name: 'Source u1' } };
    for (const preferGetMethod of [true, false]) {
      const { data, error } = await client.query(SOURCE, { id: 'u1' }, { preferGetMethod });
      expect({ data, error }).toEqual({ data: expected, error: undefined });
    }
    const seen: unknown[] = [];
    const subscription = client.subscription(CHANGED, { id: 'u1' }).subscribe(({ data }) => seen.push(data));
    await until(() => graph.sourceReaders.size === 1);
    const touched = await client.mutation(TOUCH, { id: 'u1' });
    expect(touched.data).toEqual({ touchSource: { id: 'u1', touches: 1 } });
    await until(() => seen.length === 1);
    subscription.unsubscribe();
    await until(() => graph.sourceReaders.size === 0);

    const { error } = await client.query('{ nope }', {});
    expect(error?.graphQLErrors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  it("graphql-ws' client runs all three by its iterator, and comes back after a lost connection", async () => {
    const once = async (query: string, variables: Record<string, unknown>) => {
      const { value } = await socket.iterate({ query, variables }).next();
      return value;
    };
    expect(await once(SOURCE, { id: 'w1' })).toEqual({ data: { source: { id: 'w1', name: 'Source w1' } } });
    expect(await once(TOUCH, { id: 'w1' })).toEqual({ data: { touchSource: { id: 'w1', touches: 1 } } });

    const client = createClient({
      url: graph.socketUrl,
      webSocketImpl: WebSocket,
      retryWait: async () => {},
    });
    const seen: unknown[] = [];
    client.subscribe(
      { query: CHANGED, variables: { id: 'w2' } },
      { next: (result) => seen.push(result.data), error: () => {}, complete: () => {} },
    );
    await until(() => graph.sourceReaders.size === 1);
    client.terminate();
    await until(() => {
      graph.touch('w2');
      return seen.length > 0;
    });
    await client.dispose();
    await until(() => graph.sourceReaders.size === 0);
  });
});

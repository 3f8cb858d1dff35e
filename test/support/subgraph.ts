import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, parse } from 'graphql';
import { StaleTokenError } from '../../platform/errors.ts';
import { guardInnerOperations } from '../../platform/http/inner-operations.ts';
import { PushIterator } from '../../platform/push-iterator.ts';

const SDL = /* GraphQL */ `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@inaccessible"])
  type Query {
    open: String!
    echo(text: String!): String! @inaccessible
    stale: String @inaccessible
    broken: String @inaccessible
    "Answers when the test releases it."
    slow: String @inaccessible
  }
  type Subscription {
    events: Int! @inaccessible
    refused: Int! @inaccessible
  }
`;

/** A subgraph whose answers and events the test holds in its hands: for the tests of server and client. */
export interface TestSubgraph {
  readonly schema: GraphQLSchema;
  /** Subscriptions to `events` that are open now. */
  readonly subscribers: ReadonlySet<PushIterator<{ events: number }>>;
  /** How many calls of `slow` wait. */
  waiting(): number;
  release(): void;
  emit(event: number): void;
}

export function createTestSubgraph(): TestSubgraph {
  const subscribers = new Set<PushIterator<{ events: number }>>();
  let waiters: (() => void)[] = [];
  const resolvers = {
    Query: {
      open: () => 'open',
      echo: (_: unknown, { text }: { text: string }) => text,
      stale() {
        throw new StaleTokenError('s1', 7);
      },
      broken() {
        throw new TypeError('an unexpected secret');
      },
      slow: () =>
        new Promise<string>((resolve) => {
          waiters.push(() => resolve('at last'));
        }),
    },
    Subscription: {
      events: {
        subscribe() {
          const iterator: PushIterator<{ events: number }> = new PushIterator({
            onReturn: () => subscribers.delete(iterator),
          });
          subscribers.add(iterator);
          return iterator;
        },
      },
      refused: {
        subscribe() {
          throw new StaleTokenError('s1', 7);
        },
      },
    },
  };
  return {
    schema: guardInnerOperations(buildSubgraphSchema({ typeDefs: parse(SDL), resolvers } as never)),
    subscribers,
    waiting: () => waiters.length,
    release() {
      for (const waiter of waiters) waiter();
      waiters = [];
    },
    emit(event) {
      for (const subscriber of subscribers) subscriber.push({ events: event });
    },
  };
}

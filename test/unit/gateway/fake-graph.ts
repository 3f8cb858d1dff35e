import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, parse } from 'graphql';
import { gatewaySettings } from '../../../gateway/config.ts';
import { type Gateway, openGateway } from '../../../gateway/service.ts';
import { MemoryBus } from '../../../platform/adapters/memory-bus.ts';
import { MemoryRegistry } from '../../../platform/adapters/memory-registry.ts';
import { systemClock } from '../../../platform/clock.ts';
import { type Environment, readConfig } from '../../../platform/config.ts';
import { BadUserInputError } from '../../../platform/errors.ts';
import { guardInnerOperations } from '../../../platform/http/inner-operations.ts';
import { openSubgraphServer, type SubgraphServer } from '../../../platform/http/subgraph-server.ts';
import { type Logger, silentLogger } from '../../../platform/logger.ts';
import type { ServiceName } from '../../../platform/ports/registry.ts';
import { PushIterator } from '../../../platform/push-iterator.ts';
import type { Closeable } from '../../../platform/scope.ts';
import { FakeCollection } from './fake-collection.ts';
import { openProxy, type TcpProxy } from './tcp-proxy.ts';

export const SERVICE_TOKEN = 'service-token-of-tests';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@shareable", "@inaccessible"])';

const CONFIGURATION = `${LINK}
  type Query {
    source(id: ID!): Source
    sources(first: Int = 20, search: SourceSearch): [Source!]!
    broken: String
    slow: String
    secrets: [String!]! @inaccessible
  }
  input SourceSearch { text: String  not: SourceSearch  inner: Boolean @inaccessible }
  type Mutation { touchSource(id: ID!): Source  removeSource(id: ID!, data: DataDisposal = KEEP): Source }
  enum DataDisposal { KEEP DELETE }
  type Subscription { sourceChanged(id: ID): Source!  clusterChanged: Cluster! }
  type Cluster { turn: Int! }
  type Source @key(fields: "id") { id: ID!  name: String!  touches: Int!  books(first: Int = 20): [Book!]! }
  type Book @key(fields: "id", resolvable: false) { id: ID! }
`;

const DATASOURCE = `${LINK}
  type Query { collection(name: String!): Collection }
  type Subscription { collectionChanged(name: String!, after: String): CollectionDelta! }
  type Collection @key(fields: "name") { name: String!  entryCount: Int! }
  type CollectionDelta { cursor: String!  removed: [ID!]!  collection: Collection! }
`;

const ENDPOINT = `${LINK}
  type Query { book(id: ID!): Book  books(first: Int = 20): BookConnection! }
  type Subscription { booksChanged(after: String, snapshot: Boolean = true, shelf: String): BookEvent! }
  type BookConnection { nodes: [Book!]! }
  type Book @key(fields: "id") { id: ID!  title: String  source: Source! }
  type Source @key(fields: "id", resolvable: false) { id: ID! }
  union BookEvent = BookSnapshot | BookDelta | BookCursorExpired
  type BookSnapshot { cursor: String!  entries: [Book!]!  complete: Boolean! }
  type BookDelta { cursor: String!  upserted: [Book!]!  removed: [ID!]! }
  type BookCursorExpired { cursor: String!  message: String! }
`;

/** Three small subgraphs and a gateway over them, with hands on all that happens between. */
export class FakeGraph implements Closeable {
  readonly books = new FakeCollection();
  readonly registry = new MemoryRegistry();
  readonly bus = new MemoryBus(silentLogger);
  /** How many times `Source` was resolved by key, in how many fetches. */
  readonly sourceFetches: number[] = [];
  /** `s1 DELETE`: sources that were removed, and what was to become of their data. */
  readonly removals: string[] = [];
  readonly touches = new Map<string, number>();
  readonly sourceReaders = new Set<PushIterator<{ sourceChanged: { id: string } }>>();
  /** What the cluster is, as its readers are told: at once, and at each `turnCluster`. */
  clusterTurn = 0;
  readonly clusterReaders = new Set<PushIterator<{ clusterChanged: { turn: number } }>>();
  /** Resolves queries of `slow`; rejects none. */
  readonly slowCalls: { answer(): void }[] = [];
  /** Operations that endpoint has been asked for, its schema among them. */
  endpointRequests = 0;
  /** How many changes endpoint sums up for the next subscriber. */
  lag: () => number = () => 1;
  /** The revision that endpoint says its schema has. */
  schemaRevision = 0;
  readonly #servers = new Map<ServiceName, SubgraphServer & { leave(): Promise<void> }>();
  readonly #proxies: TcpProxy[] = [];
  #endpointSchema: GraphQLSchema;
  #gateway: Gateway | undefined;

  private constructor() {
    this.#endpointSchema = this.#buildEndpoint('');
    this.books.upsert({ id: 'b1', title: 'One' }, { id: 'b2', title: 'Two' });
  }

  static async open(
    environment: Environment = {},
    options: { logger?: Logger; graphiqlFolder?: string } = {},
  ): Promise<FakeGraph> {
    const graph = new FakeGraph();
    for (const service of ['configuration', 'datasource', 'endpoint'] as const) await graph.start(service);
    const { logger = silentLogger, ...rest } = options;
    const config = readConfig(gatewaySettings, { PORT: '0', SUPERGRAPH_RESYNC: 'PT10M', ...environment });
    const { registry, bus } = graph;
    graph.#gateway = await openGateway(
      { registry, bus, clock: systemClock, logger },
      { ...config, serviceToken: SERVICE_TOKEN, ...rest },
    );
    return graph;
  }

  get url(): string {
    // One that listens everywhere is reached from here, too.
    return `${this.#gateway?.url}/graphql`.replace('//0.0.0.0:', '//127.0.0.1:');
  }

  get socketUrl(): string {
    return this.url.replace(/^http/, 'ws');
  }

  /** @param port Where it was before, to come back at the same address. */
  async start(service: 'configuration' | 'datasource' | 'endpoint', port = 0): Promise<void> {
    const schemas = {
      configuration: () => this.#configuration,
      datasource: () => this.#datasource,
      endpoint: () => {
        this.endpointRequests += 1;
        return this.#endpointSchema;
      },
    };
    const server = await openSubgraphServer(
      { schema: schemas[service], schemaRevision: () => this.schemaRevision, logger: silentLogger },
      { service, serviceToken: SERVICE_TOKEN, port },
    );
    const entry = await this.registry.register({ id: service, service, url: server.url });
    this.#servers.set(service, {
      ...server,
      async leave() {
        await entry.close();
        await server.close();
      },
    });
  }

  async stop(service: ServiceName): Promise<void> {
    await this.#servers.get(service)?.leave();
    this.#servers.delete(service);
  }

  /** Ends the process, as it were, while the registry still names it. */
  async crash(service: ServiceName): Promise<number> {
    const server = this.#servers.get(service);
    const port = Number(new URL(server?.url ?? '').port);
    await server?.close();
    return port;
  }

  /** From here on the gateway reaches the service only through the proxy. */
  async proxy(service: ServiceName): Promise<TcpProxy> {
    const proxy = await openProxy(this.#servers.get(service)?.url ?? '');
    this.#proxies.push(proxy);
    await this.registry.register({ id: service, service, url: proxy.url });
    return proxy;
  }

  /** Changes endpoint's schema as a new collection does, or the end of one. */
  async changeEndpoint(
    sdl: string,
    options: { withoutBooks?: boolean; titleType?: string; isSilent?: boolean } = {},
  ): Promise<void> {
    this.#endpointSchema = this.#buildEndpoint(sdl, options);
    if (!options.isSilent) await this.bus.publish('schema.changed', { subgraph: 'endpoint' });
  }

  touch(id: string): void {
    this.touches.set(id, (this.touches.get(id) ?? 0) + 1);
    for (const reader of [...this.sourceReaders]) reader.push({ sourceChanged: { id } });
  }

  turnCluster(): void {
    const clusterChanged = { turn: ++this.clusterTurn };
    for (const reader of [...this.clusterReaders]) reader.push({ clusterChanged });
  }

  async ask(query: string, variables?: Record<string, unknown>): Promise<Answer> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as Answer;
  }

  async close(): Promise<void> {
    await this.#gateway?.close();
    for (const proxy of this.#proxies) await proxy.close();
    for (const server of this.#servers.values()) await server.close();
    this.registry.close();
    this.bus.close();
  }

  readonly #configuration = guardInnerOperations(
    buildSubgraphSchema({
      typeDefs: parse(CONFIGURATION),
      resolvers: {
        Query: {
          source: (_: unknown, { id }: { id: string }) => (id === 'none' ? null : { id }),
          sources: (_: unknown, { first }: { first: number }) =>
            Array.from({ length: Math.min(first, 3) }, (_, index) => ({ id: `s${index}` })),
          broken: () => {
            throw new Error('password of the database is swordfish');
          },
          slow: () =>
            new Promise<string>((resolve) => this.slowCalls.push({ answer: () => resolve('at last') })),
        },
        Mutation: {
          touchSource: (_: unknown, { id }: { id: string }) => {
            if (id === 'bad') throw new BadUserInputError('No such source.');
            this.touch(id);
            return { id };
          },
          removeSource: (_: unknown, { id, data }: { id: string; data: string }) => {
            this.removals.push(`${id} ${data}`);
            return { id };
          },
        },
        Subscription: {
          sourceChanged: {
            subscribe: () => {
              const reader = new PushIterator<{ sourceChanged: { id: string } }>({
                onReturn: () => this.sourceReaders.delete(reader),
              });
              this.sourceReaders.add(reader);
              return reader;
            },
          },
          clusterChanged: {
            subscribe: () => {
              const reader = new PushIterator<{ clusterChanged: { turn: number } }>({
                onReturn: () => this.clusterReaders.delete(reader),
              });
              this.clusterReaders.add(reader);
              reader.push({ clusterChanged: { turn: this.clusterTurn } });
              return reader;
            },
          },
        },
        Source: {
          __resolveReference: (reference: { id: string }) => {
            this.sourceFetches.push(1);
            return reference.id === 'source-of-lost' ? null : reference;
          },
          name: ({ id }: { id: string }) => `Source ${id}`,
          touches: ({ id }: { id: string }) => this.touches.get(id) ?? 0,
          books: () => this.books.entries(),
        },
      } as never,
    }),
  );

  readonly #datasource = buildSubgraphSchema({
    typeDefs: parse(DATASOURCE),
    resolvers: {
      Query: { collection: (_: unknown, { name }: { name: string }) => ({ name }) },
      Collection: { entryCount: () => this.books.entries().length },
      Subscription: {
        collectionChanged: {
          subscribe: (_: unknown, { after }: { after?: string }) => this.books.stream(after ?? null, false),
          resolve: ({ booksChanged }: { booksChanged: object }, { name }: { name: string }) => ({
            ...booksChanged,
            collection: { name },
          }),
        },
      },
    } as never,
  });

  #buildEndpoint(
    more: string,
    { withoutBooks = false, titleType = 'String' }: { withoutBooks?: boolean; titleType?: string } = {},
  ): GraphQLSchema {
    const books = ENDPOINT.replace('title: String', `title: ${titleType}`);
    const sdl = withoutBooks ? `${LINK} type Query { nothing: Int }` : books;
    const resolvers = {
      Query: {
        book: (_: unknown, { id }: { id: string }) => this.books.entry(id),
        books: (_: unknown, { first }: { first: number }) => ({
          nodes: this.books.entries().slice(0, first),
        }),
      },
      Subscription: {
        booksChanged: {
          subscribe: (_: unknown, { after, snapshot }: { after?: string; snapshot: boolean }) =>
            this.books.stream(after ?? null, snapshot, this.lag()),
        },
      },
      Book: {
        __resolveReference: ({ id }: { id: string }) => this.books.entry(id),
        source: ({ id }: { id: string }) => ({ id: `source-of-${id}` }),
      },
    };
    return buildSubgraphSchema({
      typeDefs: parse(`${sdl}\n${more}`),
      resolvers: (withoutBooks ? {} : resolvers) as never,
    });
  }
}

export interface Answer {
  readonly data?: Record<string, never> | null;
  readonly errors?: { message: string; path?: (string | number)[]; extensions: { code: string } }[];
}

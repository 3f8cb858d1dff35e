import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { MemoryBus } from '../../platform/adapters/memory-bus.ts';
import { MemoryRegistry } from '../../platform/adapters/memory-registry.ts';
import { openSqliteCollectionStore } from '../../platform/adapters/sqlite-collection-store.ts';
import { ManualClock } from '../../platform/clock.ts';
import { readConfig } from '../../platform/config.ts';
import { UnavailableError } from '../../platform/errors.ts';
import { openServiceClient, type ServiceClient } from '../../platform/http/service-client.ts';
import { gatewayTokenOf } from '../../platform/http/service-tokens.ts';
import { openSubgraphServer, type SubgraphServer } from '../../platform/http/subgraph-server.ts';
import { silentLogger } from '../../platform/logger.ts';
import type { CollectionDefinition } from '../../platform/model/collection-definition.ts';
import type { Topics } from '../../platform/ports/bus.ts';
import type { CollectionStore } from '../../platform/ports/collection-store.ts';
import { readSdl } from '../../platform/sdl.ts';
import { datasourceSettings } from '../../subgraphs/datasource/config.ts';
import { openDatasourceService } from '../../subgraphs/datasource/service.ts';

const SERVICE_TOKEN = 'a token for services only';

export const BOOKS: CollectionDefinition = {
  name: 'books',
  incarnation: 'books-1',
  revision: 1,
  deleted: false,
  fields: [
    { name: 'title', type: 'STRING', list: false, merge: 'LATEST' },
    { name: 'price', type: 'DECIMAL', list: false, merge: 'LATEST' },
  ],
  key: ['title'],
  sources: [{ id: 'shop', retain: 'LATEST_RUN' }],
};

/** Datasource as it runs, with a configuration that knows definitions and nothing else. */
export class DatasourceHarness {
  readonly clock = new ManualClock();
  readonly bus = new MemoryBus(silentLogger);
  readonly registry = new MemoryRegistry();
  /** What configuration has. */
  readonly definitions = new Map<string, CollectionDefinition>();
  /** What opens the public operations, and no others. */
  readonly gatewayToken = gatewayTokenOf(SERVICE_TOKEN);
  readonly published: Topics['collection.changed'][] = [];
  isConfigurationAway = false;
  definitionReads = 0;
  service!: SubgraphServer;
  client!: ServiceClient;
  readonly #folder: string;
  readonly #environment: Record<string, string>;
  readonly #configuration: SubgraphServer;
  #configurationClient!: ServiceClient;
  #store!: CollectionStore;
  #registration!: { close(): unknown };
  readonly #sockets: Client[] = [];
  #batches = 0;

  static async open(environment: Record<string, string> = {}): Promise<DatasourceHarness> {
    const folder = await mkdtemp(join(tmpdir(), 'tributary-datasource-'));
    let harness: DatasourceHarness | undefined;
    const schema = buildSubgraphSchema({
      typeDefs: parse(readSdl('configuration')),
      resolvers: {
        Query: {
          collectionDefinitions: (_root: unknown, { after }: { after: number }) => harness?.page(after),
        },
      },
    });
    const configuration = await openSubgraphServer(
      { schema: () => schema, logger: silentLogger },
      { service: 'configuration', serviceToken: SERVICE_TOKEN },
    );
    harness = new DatasourceHarness(folder, environment, configuration);
    await harness.registry.register({ id: 'c', service: 'configuration', url: configuration.url });
    await harness.bus.subscribe('collection.changed', (message) => harness?.published.push(message));
    await harness.start();
    return harness;
  }

  private constructor(folder: string, environment: Record<string, string>, configuration: SubgraphServer) {
    this.#folder = folder;
    this.#environment = environment;
    this.#configuration = configuration;
  }

  page(after: number) {
    this.definitionReads += 1;
    if (this.isConfigurationAway) throw new UnavailableError('Configuration is away.');
    const changed = [...this.definitions.values()].filter(({ revision }) => revision > after);
    const revisions = [...this.definitions.values()].map(({ revision }) => revision);
    return { definitions: changed, revision: Math.max(0, ...revisions), hasMore: false };
  }

  async start(): Promise<void> {
    const { registry, bus, clock } = this;
    this.#store = await openSqliteCollectionStore(this.#folder);
    this.#configurationClient = openServiceClient({ registry }, 'configuration', SERVICE_TOKEN);
    this.service = await openDatasourceService(
      { store: this.#store, bus, configuration: this.#configurationClient, clock, logger: silentLogger },
      { ...readConfig(datasourceSettings, this.#environment), serviceToken: SERVICE_TOKEN },
    );
    this.#registration = await registry.register({ id: 'd', service: 'datasource', url: this.service.url });
    this.client = openServiceClient({ registry }, 'datasource', SERVICE_TOKEN);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.splice(0)) await socket.dispose();
    await this.client.close();
    await this.#registration.close();
    await this.service.close();
    await this.#configurationClient.close();
    await this.#store.close();
  }

  async dispose(): Promise<void> {
    await this.stop();
    await this.#configuration.close();
    await rm(this.#folder, { recursive: true });
  }

  async define(definition: CollectionDefinition): Promise<void> {
    this.definitions.set(definition.name, definition);
    await this.bus.publish('definitions.changed', { revision: definition.revision });
  }

  query<T = Record<string, unknown>>(document: string, variables: Record<string, unknown> = {}): Promise<T> {
    return this.client.request<T>(document, variables);
  }

  /** Delivers titles with prices to `books`, unless told otherwise. */
  async ingest(prices: Record<string, string>, change: Record<string, unknown> = {}) {
    const input = {
      batchId: `batch-${++this.#batches}`,
      collection: 'books',
      sourceId: 'shop',
      runId: 'run-1',
      token: 1,
      records: Object.entries(prices).map(([title, price]) => ({ key: title, fields: { title, price } })),
      ...change,
    };
    const { ingest } = await this.query<{ ingest: { sequence: number; isDuplicate: boolean } }>(
      'mutation ($input: IngestInput!) { ingest(input: $input) { sequence isDuplicate } }',
      { input },
    );
    return ingest;
  }

  async completeRun(change: Record<string, unknown> = {}) {
    const input = { collection: 'books', sourceId: 'shop', runId: 'run-1', token: 1, batches: 1, ...change };
    const { completeRun } = await this.query<{ completeRun: { sequence: number; isDuplicate: boolean } }>(
      'mutation ($input: CompleteRunInput!) { completeRun(input: $input) { sequence isDuplicate } }',
      { input },
    );
    return completeRun;
  }

  /** Entries of a collection by key, as `changesSince` tells them to somebody new. */
  async entries(collection = 'books'): Promise<Record<string, unknown>> {
    const { changesSince } = await this.query<{
      changesSince: { changes: { key: string; fields: unknown }[] };
    }>('query ($collection: String!) { changesSince(collection: $collection) { changes { key fields } } }', {
      collection,
    });
    return Object.fromEntries(changesSince.changes.map(({ key, fields }) => [key, fields]));
  }

  /** Subscribes to `collectionChanged` as the gateway does. */
  subscribe(variables: { name?: string; after?: string } = {}) {
    const socket = createClient({
      url: this.service.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${this.gatewayToken}` },
      retryAttempts: 0,
    });
    this.#sockets.push(socket);
    return socket.iterate<{ collectionChanged: Delta }>({
      query: `subscription ($name: String!, $after: String) {
        collectionChanged(name: $name, after: $after) {
          cursor reset removed
          upserted { id key fields meta { sources { id } freshness { asOf isStale } } }
          collection { name entryCount }
        }
      }`,
      variables: { name: 'books', ...variables },
    });
  }
}

export interface Delta {
  readonly cursor: string;
  readonly reset: boolean;
  readonly removed: readonly string[];
  readonly upserted: readonly {
    readonly id: string;
    readonly key: string;
    readonly fields: unknown;
    readonly meta: unknown;
  }[];
  readonly collection: { readonly name: string; readonly entryCount: number };
}

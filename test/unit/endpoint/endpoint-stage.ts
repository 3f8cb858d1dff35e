import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { MemoryBus } from '../../../platform/adapters/memory-bus.ts';
import { MemoryRegistry } from '../../../platform/adapters/memory-registry.ts';
import { systemClock } from '../../../platform/clock.ts';
import { readConfig } from '../../../platform/config.ts';
import { TributaryError } from '../../../platform/errors.ts';
import { openServiceClient } from '../../../platform/http/service-client.ts';
import { gatewayTokenOf } from '../../../platform/http/service-tokens.ts';
import { openSubgraphServer, type SubgraphServer } from '../../../platform/http/subgraph-server.ts';
import { silentLogger } from '../../../platform/logger.ts';
import { type Closeable, Scope } from '../../../platform/scope.ts';
import { readSdl } from '../../../platform/sdl.ts';
import { type EndpointConfig, endpointSettings } from '../../../subgraphs/endpoint/config.ts';
import { type EndpointDeps, openEndpointService } from '../../../subgraphs/endpoint/service.ts';
import { type ChangesRequest, UpstreamModel } from './upstream-model.ts';

const SERVICE_TOKEN = 'token-of-the-tests';
const AS_GATEWAY = { authorization: `Bearer ${gatewayTokenOf(SERVICE_TOKEN)}` };

/** Longer than any test: what a test sees has come by an event, unless it says otherwise. */
const EVENTS_ALONE_MS = 3_600_000;

export interface GraphQLAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: what comes back is the assertion's business.
  readonly data?: any;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
}

/** The endpoint with its upstream around it: real servers on loopback, and an upstream that can go down. */
export class EndpointStage {
  readonly model = new UpstreamModel();
  readonly bus = new MemoryBus(silentLogger);
  /** How often the SDL was said to have changed. */
  schemaChanges = 0;
  readonly #registry = new MemoryRegistry();
  readonly #scope = new Scope();
  readonly #config: EndpointConfig;
  readonly #more: Partial<EndpointDeps>;
  readonly viewPath: string;
  readonly #clients: Client[] = [];
  #upstream: Closeable[] = [];
  #endpoint: SubgraphServer | undefined;

  private constructor(config: Partial<EndpointConfig>, more: Partial<EndpointDeps>) {
    this.#config = { ...readConfig(endpointSettings, {}), RESYNC: EVENTS_ALONE_MS, ...config };
    this.#more = more;
    const folder = mkdtempSync(join(tmpdir(), 'endpoint-'));
    this.#scope.defer(() => rmSync(folder, { recursive: true, force: true }));
    this.viewPath = join(folder, 'view.db');
    this.#scope.use(this.bus);
  }

  static async open(
    config: Partial<EndpointConfig> = {},
    more: Partial<EndpointDeps> = {},
    { isUpstreamDown = false } = {},
  ): Promise<EndpointStage> {
    const stage = new EndpointStage(config, more);
    await stage.bus.subscribe('schema.changed', () => stage.schemaChanges++);
    if (!isUpstreamDown) await stage.upstreamUp();
    await stage.start();
    return stage;
  }

  get url(): string {
    if (!this.#endpoint) throw new Error('The endpoint is not started');
    return this.#endpoint.url;
  }

  async start(): Promise<void> {
    const clientOf = (service: 'configuration' | 'datasource') =>
      this.#scope.use(openServiceClient({ registry: this.#registry }, service, SERVICE_TOKEN));
    this.#endpoint = await openEndpointService(
      {
        viewPath: this.viewPath,
        bus: this.bus,
        configuration: clientOf('configuration'),
        datasource: clientOf('datasource'),
        clock: systemClock,
        logger: silentLogger,
        ...this.#more,
      },
      { ...this.#config, serviceToken: SERVICE_TOKEN },
    );
  }

  async stop(): Promise<void> {
    await this.#endpoint?.close();
    this.#endpoint = undefined;
  }

  async upstreamUp(): Promise<void> {
    const { model } = this;
    await this.#serve('configuration', {
      Query: {
        collectionDefinitions: (_: unknown, { after }: { after: number }) => ({
          definitions: model.definitionsAfter(after),
          revision: model.revision,
          hasMore: false,
        }),
      },
    });
    await this.#serve('datasource', {
      Query: {
        changesSince: (_: unknown, args: ChangesRequest & { readonly collection: string }) => {
          const known = model.definitions.get(args.collection);
          if (!known || known.deleted) throw new TributaryError('NOT_FOUND', 'No such collection');
          return model.changesSince(args.collection, args);
        },
      },
    });
  }

  async upstreamDown(): Promise<void> {
    for (const closeable of this.#upstream.splice(0).reverse()) await closeable.close();
  }

  /** Resolves when what was sent to the endpoint before, a subscription say, has come there. */
  async settle(): Promise<void> {
    await this.#socketRoundTrip();
  }

  /** Changes much at once: the endpoint learns of it when it is all done. */
  async hold(change: () => Promise<void>): Promise<void> {
    await change();
    for (const name of this.model.definitions.keys()) await this.announce(name);
  }

  /** Tells the endpoint that definitions have changed. */
  async announceDefinitions(): Promise<void> {
    await this.bus.publish('definitions.changed', { revision: this.model.revision });
  }

  /** Tells the endpoint that a collection's entries have changed. */
  async announce(collection: string): Promise<void> {
    const incarnation = this.model.definitions.get(collection)?.incarnation ?? '';
    await this.bus.publish('collection.changed', {
      collection,
      incarnation,
      version: this.model.head(collection),
    });
  }

  async query(query: string, variables: Record<string, unknown> = {}): Promise<GraphQLAnswer> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...AS_GATEWAY },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as GraphQLAnswer;
  }

  /** Subscribes over graphql-transport-ws; closing the returned iterator closes the connection. */
  subscribe(query: string, variables: Record<string, unknown> = {}) {
    const client = createClient({
      url: this.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: AS_GATEWAY,
      retryAttempts: 0,
    });
    this.#clients.push(client);
    this.#scope.defer(() => void client.dispose());
    // biome-ignore lint/suspicious/noExplicitAny: what comes is the assertion's business.
    return client.iterate<any>({ query, variables });
  }

  async close(): Promise<void> {
    await this.stop();
    await this.upstreamDown();
    await this.#scope.close();
  }

  /** On one connection operations begin in their order: when a query is answered, what came before has begun. */
  async #socketRoundTrip(): Promise<void> {
    for (const client of this.#clients) {
      const answers = client.iterate({ query: '{ __typename }' });
      await answers.next();
    }
  }

  async #serve(service: 'configuration' | 'datasource', resolvers: object): Promise<void> {
    const schema = buildSubgraphSchema({
      typeDefs: parse(readSdl(service)),
      resolvers: resolvers as Record<string, never>,
    });
    const server = await openSubgraphServer(
      { schema: () => schema, logger: silentLogger },
      { service, serviceToken: SERVICE_TOKEN },
    );
    const registration = await this.#registry.register({ id: service, service, url: server.url });
    this.#upstream.push(server, registration);
  }
}

/** Waits until what is asked holds. */
export async function eventually<T>(attempt: () => Promise<T> | T, deadlineMs = 20_000): Promise<T> {
  const untilMs = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

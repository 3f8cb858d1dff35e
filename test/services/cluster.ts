import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import { systemClock } from '../../platform/clock.ts';
import { openServiceClient, type ServiceClient } from '../../platform/http/service-client.ts';
import { randomId } from '../../platform/ids.ts';
import { silentLogger } from '../../platform/logger.ts';
import { openCollectionStore, openRegistry } from '../../platform/open.ts';
import type { CollectionStore } from '../../platform/ports/collection-store.ts';
import type { LiveSetting } from '../../platform/ports/live-settings.ts';
import type { Registry, ServiceName } from '../../platform/ports/registry.ts';
import { type Closeable, Scope } from '../../platform/scope.ts';
import { App } from '../e2e/app.ts';
import { type FaultProxy, openFaultProxy } from './fault-proxy.ts';
import { ServiceProcess } from './service-process.ts';

const { MONGODB_URL, REDIS_URL, CONSUL_HTTP_ADDR } = process.env;
const CONSUL_URL = CONSUL_HTTP_ADDR?.replace(/^(?!https?:)/, 'http://');
const OPEN_DEPS = { clock: systemClock, logger: silentLogger, newId: randomId };

/** Whether the servers are there that these stories need; without them they show as skipped. */
export const hasServers = Boolean(MONGODB_URL && REDIS_URL && CONSUL_HTTP_ADDR);

/** Short enough that a story needs no half minute for what production takes its time for. */
const TEST_SETTINGS: Readonly<Record<string, string>> = {
  LEASE: 'PT4S',
  FOLD_LEASE: 'PT3S',
  RESYNC: 'PT2S',
  STALE_AFTER: 'PT4S',
  ORCHESTRATOR_RESYNC: 'PT2S',
  SUPERGRAPH_RESYNC: 'PT5S',
  DATASOURCE_RESYNC: 'PT3S',
  SCRAPER_ALLOW_NETWORKS: '127.0.0.1/32',
  LOG_LEVEL: 'info',
};

/**
 * Services as processes of their own, on real servers that stand behind proxies which fail when told to. Each cluster
 * has a database and names of its own.
 */
export class ServiceCluster implements Closeable {
  readonly mongo: FaultProxy;
  readonly redis: FaultProxy;
  readonly consul: FaultProxy;
  readonly serviceToken = randomId();
  /** Begins all names in Redis and Consul. */
  readonly prefix = `test-${randomUUID().slice(0, 13)}`;
  readonly #database = `tributary_${this.prefix.replaceAll('-', '_')}`;
  readonly #scope: Scope;
  /** What every service is told. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #services: ServiceProcess[] = [];
  readonly #apps: App[] = [];
  #registry: Promise<Registry> | undefined;

  /**
   * @param settings For all services, beside where the servers are.
   * @param options.isDirect Whether no proxies stand between services and servers: for benchmarks.
   */
  static async open(
    settings: Readonly<Record<string, string>> = {},
    { isDirect = false }: { readonly isDirect?: boolean } = {},
  ): Promise<ServiceCluster> {
    const scope = new Scope();
    const proxyOf = async (url: string | undefined) => {
      const { hostname, port } = new URL(String(url).replace(/^\w+:/, 'http:'));
      return scope.use(await openFaultProxy(hostname, Number(port)));
    };
    const proxies = {
      mongo: await proxyOf(MONGODB_URL),
      redis: await proxyOf(REDIS_URL),
      consul: await proxyOf(CONSUL_URL),
    };
    return new ServiceCluster(scope, proxies, isDirect, settings);
  }

  private constructor(
    scope: Scope,
    { mongo, redis, consul }: { mongo: FaultProxy; redis: FaultProxy; consul: FaultProxy },
    isDirect: boolean,
    settings: Readonly<Record<string, string>>,
  ) {
    this.#scope = scope;
    this.mongo = mongo;
    this.redis = redis;
    this.consul = consul;
    this.environment = {
      ...TEST_SETTINGS,
      ...(isDirect
        ? { STORE_URL: this.#storeUrl, BUS_URL: String(REDIS_URL), REGISTRY_URL: String(CONSUL_URL) }
        : {
            STORE_URL: `mongodb://127.0.0.1:${mongo.port}/${this.#database}?directConnection=true`,
            BUS_URL: `redis://127.0.0.1:${redis.port}`,
            REGISTRY_URL: `http://127.0.0.1:${consul.port}`,
          }),
      KEY_PREFIX: this.prefix,
      SERVICE_TOKEN: this.serviceToken,
      ...settings,
    };
  }

  /** Starts services side by side, each as often as it is named, and waits until all are ready. */
  async start(...names: readonly ServiceName[]): Promise<ServiceProcess[]> {
    const started = names.map((name) => this.spawn(name));
    await Promise.all(started.map((service) => service.ready()));
    return started;
  }

  /** Starts one without waiting for it. @param settings Its own, on an empty disk unless DATA_DIR is among them. */
  spawn(name: ServiceName, settings: Readonly<Record<string, string>> = {}): ServiceProcess {
    const folder = mkdtempSync(join(tmpdir(), `tributary-${name}-`));
    this.#scope.defer(() => rmSync(folder, { recursive: true, force: true }));
    const own = name === 'gateway' ? { PORT: '0' } : {};
    const service = new ServiceProcess(name, { ...this.environment, DATA_DIR: folder, ...own, ...settings });
    this.#services.push(service);
    return service.spawn();
  }

  /** The graph as an app sees it through one of the gateways. */
  app(gateway: ServiceProcess, headers: Readonly<Record<string, string>> = {}): App {
    const app = new App(() => new URL(gateway.url).origin, headers);
    this.#apps.push(app);
    return app;
  }

  /** Speaks to a service as another one does, which finds it by Consul. */
  async clientOf(service: ServiceName): Promise<ServiceClient> {
    const { REGISTRY_URL } = this.environment;
    this.#registry ??= openRegistry(String(REGISTRY_URL), OPEN_DEPS, { keyPrefix: this.prefix });
    const registry = await this.#registry;
    return this.#scope.use(openServiceClient({ registry, logger: silentLogger }, service, this.serviceToken));
  }

  /** The collections as they are stored, read past the proxies. */
  async openStore(): Promise<CollectionStore> {
    return this.#scope.use(await openCollectionStore(this.#storeUrl, { historyRetainMs: 86_400_000 }));
  }

  get #storeUrl(): string {
    const url = new URL(String(MONGODB_URL));
    url.pathname = this.#database;
    return url.href;
  }

  /** Sets what all processes of the cluster follow. */
  async putLiveSetting(name: LiveSetting, value: string): Promise<void> {
    const url = new URL(`/v1/kv/${this.prefix}/settings/${name}`, CONSUL_URL);
    const { ok } = await fetch(url, { method: 'PUT', body: value });
    if (!ok) throw new Error(`Consul did not take ${name}.`);
  }

  /** Redis is started again, and has forgotten everything. */
  async emptyRedis(): Promise<void> {
    await this.redis.stop();
    await forgetKeys(this.prefix);
    await this.redis.restart();
  }

  /** Consul is started again, and has forgotten everything. */
  async emptyConsul(): Promise<void> {
    await this.consul.stop();
    await forgetServices(this.prefix);
    await this.consul.restart();
  }

  /** What all services have printed, for whoever looks into a failure. */
  get output(): string {
    return this.#services.map(({ output }) => output).join('');
  }

  async close(): Promise<void> {
    for (const app of this.#apps) app.disconnect();
    await Promise.all(this.#services.map((service) => service.stop('SIGKILL')));
    await (await this.#registry)?.close();
    await this.#scope.close();
    await Promise.all([forgetKeys(this.prefix), forgetServices(this.prefix), forgetDatabase(this.#database)]);
  }
}

async function forgetDatabase(name: string): Promise<void> {
  const client = new MongoClient(String(MONGODB_URL));
  await client.db(name).dropDatabase();
  await client.close();
}

async function forgetKeys(prefix: string): Promise<void> {
  const redis = new Redis(String(REDIS_URL));
  for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 1_000 })) {
    if ((keys as string[]).length > 0) await redis.unlink(...(keys as string[]));
  }
  redis.disconnect();
}

async function forgetServices(prefix: string): Promise<void> {
  const call = (path: string, method = 'PUT') => fetch(new URL(path, CONSUL_URL), { method });
  const services = (await (await call('/v1/agent/services', 'GET')).json()) as Record<
    string,
    { ID: string; Service: string }
  >;
  const own = Object.values(services).filter(({ Service }) => Service.startsWith(`${prefix}-`));
  for (const { ID } of own) await call(`/v1/agent/service/deregister/${encodeURIComponent(ID)}`);
  const lock = await call(`/v1/kv/${prefix}/?recurse`, 'GET');
  if (lock.ok) {
    const keys = (await lock.json()) as readonly { Session?: string }[];
    for (const { Session } of keys) if (Session) await call(`/v1/session/destroy/${Session}`);
  }
  await call(`/v1/kv/${prefix}/?recurse`, 'DELETE');
}

import { expect } from 'vitest';
import { Scope } from '../../platform/scope.ts';
import { type App, until } from '../e2e/app.ts';
import { hasServers, ServiceCluster } from '../services/cluster.ts';
import { type FaultProxy, openFaultProxyTo } from '../services/fault-proxy.ts';
import type { ServiceProcess } from '../services/service-process.ts';
import { queryTallies, reaggregated } from '../services/tallies.ts';
import { type CountedSite, openCountedSite, USER_AGENT } from './counted-site.ts';
import { Engine, ignoringAbsence, managerTarget, type SwarmTask } from './engine.ts';

const { DOCKER_HOST, TRIBUTARY_IMAGE, REDIS_URL } = process.env;

/** Whether there is a swarm, with an image that its nodes have; without it these stories show as skipped. */
export const hasSwarm = Boolean(hasServers && DOCKER_HOST && TRIBUTARY_IMAGE);

/** What the swarm runs workers of, if a story wants no other. */
export const IMAGE = String(TRIBUTARY_IMAGE);

/** How long the swarm may take to start or replace tasks, in milliseconds: nodes are many, machines small. */
export const SWARM_MS = 90_000;

/** Short enough for a story: production waits longer before it believes that something lasts. */
const ORCHESTRATOR_SETTINGS: Readonly<Record<string, string>> = {
  DOCKER_TIMEOUT: 'PT4S',
  POOL_SHRINK_AFTER: 'PT2S',
  WORKER_RESTART_DELAY: 'PT0.5S',
  WORKER_STOP_GRACE: 'PT5S',
  WORKER_UPDATE_MONITOR: 'PT3S',
};

export interface TaskView {
  readonly id: string;
  readonly node: string | null;
  readonly state: string;
  readonly error: string | null;
  readonly sources: { readonly nodes: readonly { readonly id: string; readonly name: string }[] };
}

export interface PoolView {
  readonly name: string;
  readonly replicas: number;
  readonly sourceCount: number;
  readonly problem: string | null;
  readonly update: { readonly state: string } | null;
  readonly tasks: readonly TaskView[];
}

export interface ClusterView {
  readonly nodes: readonly {
    readonly hostname: string;
    readonly availability: string;
    readonly state: string;
  }[];
  readonly pools: readonly PoolView[];
}

export const CLUSTER = /* GraphQL */ `
  nodes { hostname role availability state resources { cpus memory } }
  pools { name replicas sourceCount problem update { state message }
          tasks { id node state since error sources(first: 100) { nodes { id name } } } }
`;

/**
 * The services as processes of this machine, their workers as tasks of a swarm, whose nodes reach only configuration,
 * datasource, the host budget and the site. Each has a network, a secret and services of its own, and removes them.
 */
export class SwarmCluster {
  readonly services: ServiceCluster;
  readonly app: App;
  readonly site: CountedSite;
  readonly engine: Engine;
  /** Stands between the orchestrators and their manager. */
  readonly manager: FaultProxy;
  readonly #scope: Scope;
  readonly #orchestratorSettings: Readonly<Record<string, string>>;

  /** @param settings For the orchestrators, and by them for the workers. */
  static async open(settings: Readonly<Record<string, string>> = {}): Promise<SwarmCluster> {
    const scope = new Scope();
    try {
      return await openCluster(scope, settings);
    } catch (error) {
      await scope.close();
      throw error;
    }
  }

  constructor(
    scope: Scope,
    parts: Pick<SwarmCluster, 'services' | 'app' | 'site' | 'engine' | 'manager'>,
    orchestratorSettings: Readonly<Record<string, string>>,
  ) {
    this.#scope = scope;
    this.services = parts.services;
    this.app = parts.app;
    this.site = parts.site;
    this.engine = parts.engine;
    this.manager = parts.manager;
    this.#orchestratorSettings = orchestratorSettings;
  }

  /** @param settings Its own. */
  async startOrchestrator(settings: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    return this.services.spawn('orchestrator', { ...this.#orchestratorSettings, ...settings }).ready();
  }

  get label(): string {
    return `dev.tributary.platform=${this.services.prefix}`;
  }

  serviceOf(pool: string): string {
    return `${this.services.prefix}-worker-${pool}`;
  }

  /** Names of the pools that have a service now. */
  async pools(): Promise<readonly string[]> {
    const start = this.serviceOf('').length;
    return (await this.engine.serviceNames(this.label)).map((name) => name.slice(start));
  }

  /** Waits until so many workers of a pool run that shall. Those that shall not may still be going. */
  running(pool: string, count: number): Promise<readonly SwarmTask[]> {
    let last: readonly SwarmTask[] = [];
    return until(
      `${count} tasks of ${pool} to run`,
      async () => {
        last = await this.engine.tasks(this.serviceOf(pool)).catch(() => []);
        const wanted = last.filter(({ DesiredState }) => DesiredState === 'running');
        return wanted.length === count && wanted.every(({ Status }) => Status.State === 'running') && wanted;
      },
      () => last.map(({ ID, DesiredState, Status }) => ({ ID, DesiredState, Status })),
      SWARM_MS,
    );
  }

  /** Waits until a task has ended, as far as the swarm knows. */
  ended(pool: string, { ID }: SwarmTask): Promise<unknown> {
    return until(
      `task ${ID} to have ended`,
      async () => {
        const task = (await this.engine.tasks(this.serviceOf(pool))).find((one) => one.ID === ID);
        return task?.Status.State !== 'running';
      },
      undefined,
      SWARM_MS,
    );
  }

  /** Adds a source on the site. @returns Its id. */
  async add(name: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const { addSource } = await this.app.query(
      'mutation ($input: AddSourceInput!) { addSource(input: $input) { source { id } userErrors { message } } }',
      { input: { ...this.site.source(name), ...more } },
    );
    expect(addSource.userErrors).toEqual([]);
    return addSource.source.id;
  }

  async change(verb: 'pauseSource' | 'resumeSource' | 'removeSource', id: string): Promise<void> {
    const answer = await this.app.query(
      `mutation ($id: ID!) { ${verb}(id: $id) { userErrors { message } } }`,
      { id },
    );
    expect(answer[verb].userErrors).toEqual([]);
  }

  async view(): Promise<ClusterView> {
    return (await this.app.query<{ cluster: ClusterView }>(`{ cluster { ${CLUSTER} } }`)).cluster;
  }

  /** Waits until a pool of the graph's `cluster` fits. */
  pool(what: string, name: string, fits: (pool: PoolView) => boolean): Promise<PoolView> {
    let last: PoolView | undefined;
    return until(
      what,
      async () => {
        last = (await this.view()).pools.find((pool) => pool.name === name);
        return last && fits(last) && last;
      },
      () => last,
      SWARM_MS,
    );
  }

  /** Waits until each of the sources was read to its end so many times more. */
  readAgain(names: readonly string[], times = 2): Promise<unknown> {
    const before = new Map(names.map((name) => [name, this.site.reads(name)]));
    const missing = () => names.filter((name) => this.site.reads(name) < (before.get(name) ?? 0) + times);
    return until('each source to be read again', () => missing().length === 0, missing, SWARM_MS);
  }

  /**
   * Stops reading, then holds all accounts of what was said against each other: the site's, the runs', the journal's,
   * the graph's.
   */
  async expectExact(): Promise<void> {
    const ids = await this.#sourceIds();
    for (const id of ids) await this.change('pauseSource', id);
    await until(
      'no run to be left',
      async () => (await this.#runs('RUNNING')).length === 0,
      undefined,
      SWARM_MS,
    );
    const store = await this.services.openStore();
    const journaled = await reaggregated(store);
    const wanted = JSON.stringify([...journaled]);
    await until(
      'the graph to say what is in the journal',
      async () => JSON.stringify([...(await queryTallies(this.app))]) === wanted,
      undefined,
      SWARM_MS,
    );
    const numbers = [...journaled.values()].flat();
    expect(this.site.collisions).toEqual([]);
    // Nothing counts twice, and nothing is there that was not said.
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.filter((number) => number >= this.site.said)).toEqual([]);
    // Nothing acknowledged is lost: a run succeeds once all its batches are acknowledged.
    const acknowledged = (await this.#runs('SUCCEEDED')).reduce((sum, { records }) => sum + records, 0);
    expect(acknowledged).toBeGreaterThan(0);
    expect(numbers.length).toBeGreaterThanOrEqual(acknowledged);
  }

  async #sourceIds(): Promise<readonly string[]> {
    const { sources } = await this.app.query('{ sources(first: 100) { nodes { id } } }');
    return sources.nodes.map(({ id }: { id: string }) => id);
  }

  async #runs(status: string): Promise<readonly { readonly records: number }[]> {
    const found: { records: number }[] = [];
    for (let after: string | null = null, hasMore = true; hasMore; ) {
      const {
        runs,
      }: { runs: { nodes: { records: number }[]; pageInfo: { hasNextPage: boolean; endCursor: string } } } =
        await this.app.query(
          `query ($status: RunStatus, $after: String) { runs(status: $status, first: 100, after: $after) {
            nodes { records } pageInfo { hasNextPage endCursor } } }`,
          { status, after },
        );
      found.push(...runs.nodes);
      after = runs.pageInfo.endCursor;
      hasMore = runs.pageInfo.hasNextPage;
    }
    return found;
  }

  close(): Promise<void> {
    return this.#scope.close();
  }
}

async function openCluster(scope: Scope, settings: Readonly<Record<string, string>>): Promise<SwarmCluster> {
  const engine = new Engine();
  const address = await engine.machineAddress();
  const site = scope.use(await openCountedSite(address));
  const manager = scope.use(await openFaultProxyTo(managerTarget()));
  const { hostname, port } = new URL(String(REDIS_URL).replace(/^\w+:/, 'http:'));
  const budget = scope.use(await openFaultProxyTo({ host: hostname, port: Number(port || 6379) }, address));
  const services = await ServiceCluster.open({
    SCRAPER_ALLOW_NETWORKS: `${address}/32`,
    HOST_INTERVAL: 'PT0.01S',
    HOST_CONCURRENCY: '20',
  });
  const name = services.prefix;
  scope.defer(() => engine.removeNetwork(name));
  scope.defer(() => ignoringAbsence(engine.docker.getSecret(name).remove()));
  scope.defer(() => engine.removeServices(`dev.tributary.platform=${name}`));
  // The services end before those of the swarm are removed: an orchestrator would make them anew.
  scope.use(services);
  await engine.docker.createNetwork({ Name: name, Driver: 'overlay', Attachable: true });
  await engine.docker.createSecret({
    Name: name,
    Data: Buffer.from(services.serviceToken).toString('base64'),
  });

  const reached = [
    services.spawn('configuration', { HOST: address }),
    services.spawn('datasource', { HOST: address }),
  ] as const;
  const gateway = services.spawn('gateway');
  const others = [gateway, services.spawn('endpoint')];
  await Promise.all([...reached, ...others].map((service) => service.ready()));
  const [configuration, datasource] = reached;
  const orchestratorSettings = {
    RUNTIME_URL: `http://127.0.0.1:${manager.port}`,
    WORKER_IMAGE: IMAGE,
    WORKER_ENVIRONMENT: [
      `REGISTRY_URL=static:configuration=${configuration.url},datasource=${datasource.url}`,
      `HOST_BUDGET_URL=redis://${address}:${budget.port}`,
      `USER_AGENT=${USER_AGENT}`,
    ].join(' '),
    WORKER_SECRETS: `SERVICE_TOKEN=${name}`,
    WORKER_NETWORKS: name,
    ...ORCHESTRATOR_SETTINGS,
    ...settings,
  };
  const app = services.app(gateway);
  return new SwarmCluster(scope, { services, app, site, engine, manager }, orchestratorSettings);
}

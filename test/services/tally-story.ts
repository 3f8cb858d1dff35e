import type { ServiceName } from '../../platform/ports/registry.ts';
import { type App, until } from '../e2e/app.ts';
import { ServiceCluster } from './cluster.ts';
import type { ServiceProcess } from './service-process.ts';
import { addTallies, Deliverer, expectExact, expectedTallies } from './tallies.ts';
import { TallyFollower } from './tally-follower.ts';

/** The least that serves tallies; what a story wants more of it names once more. */
const SERVICES = ['gateway', 'configuration', 'datasource', 'endpoint'] as const;

/** Two sources that are delivered to without pause while something fails, and subscribers who follow. */
export class TallyStory {
  readonly cluster: ServiceCluster;
  readonly app: App;
  /** One for each gateway. */
  readonly apps: readonly App[];
  readonly followers: TallyFollower[] = [];
  readonly #services: readonly ServiceProcess[];
  readonly #deliverers: Deliverer[];
  readonly #stopping = new AbortController();
  #delivering: Promise<void>[] = [];

  static async open(...more: readonly ServiceName[]): Promise<TallyStory> {
    const cluster = await ServiceCluster.open();
    try {
      const services = await cluster.start(...SERVICES, ...more);
      const apps = services.filter(({ service }) => service === 'gateway').map((one) => cluster.app(one));
      const [app] = apps as [App];
      const sources = [await addTallies(app), await addTallies(app)];
      for (const other of apps) {
        await until(
          'the type in every graph',
          async () => !(await other.send('{ tallies { totalCount } }')).errors,
        );
      }
      const client = await cluster.clientOf('datasource');
      const deliverers = sources.map((id, index) => new Deliverer(client, id, { from: index * 1_000_000 }));
      return new TallyStory(cluster, services, apps, deliverers);
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  private constructor(
    cluster: ServiceCluster,
    services: readonly ServiceProcess[],
    apps: readonly App[],
    deliverers: Deliverer[],
  ) {
    this.cluster = cluster;
    this.#services = services;
    this.apps = apps;
    this.app = apps[0] as App;
    this.#deliverers = deliverers;
  }

  all(service: ServiceName): readonly ServiceProcess[] {
    return this.#services.filter((one) => one.service === service);
  }

  one(service: ServiceName): ServiceProcess {
    const [first] = this.all(service);
    if (!first) throw new Error(`No ${service} was started.`);
    return first;
  }

  /** A subscriber who goes on at the next of the gateways when its own is gone. */
  async follow(...apps: readonly App[]): Promise<TallyFollower> {
    const follower = new TallyFollower(...(apps.length > 0 ? apps : this.apps));
    this.followers.push(follower);
    return follower.ready();
  }

  /** Begins to deliver, until `expectExact` is called. */
  deliver(): void {
    this.#delivering = this.#deliverers.map((one) => one.keepOn(this.#stopping.signal));
    for (const delivering of this.#delivering) delivering.catch(() => {});
  }

  get acknowledged(): number {
    return this.#deliverers.reduce((count, one) => count + one.acknowledged.length, 0);
  }

  /** Waits until so many more records have been acknowledged. */
  more(count = 400): Promise<unknown> {
    const from = this.acknowledged;
    return until(
      `${count} more records to be acknowledged`,
      () => this.acknowledged >= from + count,
      () => ({ from, now: this.acknowledged }),
      90_000,
    );
  }

  /** Collections that a datasource folds now. */
  async foldsOf({ url }: ServiceProcess): Promise<number> {
    const metrics = await (await fetch(new URL('/metrics', url))).text();
    return Number(/^tributary_held_folds (\d+)$/m.exec(metrics)?.[1] ?? 0);
  }

  /** The datasource that folds the tallies, and one that does not. */
  async folding(): Promise<{ holder: ServiceProcess; other: ServiceProcess }> {
    return until('a datasource to fold', async () => {
      const folds = await Promise.all(
        this.all('datasource').map(async (one) => ({
          one,
          count: one.isRunning ? await this.foldsOf(one) : 0,
        })),
      );
      const holder = folds.find(({ count }) => count > 0)?.one;
      const other = folds.find(({ one }) => one !== holder)?.one;
      return holder && other && { holder, other };
    });
  }

  /** Stops delivering, then holds all accounts of what was said against each other. */
  async expectExact(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#delivering);
    const store = await this.cluster.openStore();
    await expectExact(this.app, store, expectedTallies(...this.#deliverers), this.followers);
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    for (const follower of this.followers) follower.close();
    await this.cluster.close();
  }
}

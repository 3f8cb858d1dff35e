import type Consul from 'consul';
import type { Clock } from '../../clock.ts';
import { askConsul, type ConsulCall } from '../../consul.ts';
import { Listeners } from '../../listeners.ts';
import type { Logger } from '../../logger.ts';
import type { ServiceInstance, ServiceName } from '../../ports/registry.ts';
import type { Closeable } from '../../scope.ts';
import { BlockingQuery } from './blocking-query.ts';
import { type Answer, KeptFacts } from './kept-facts.ts';

/** What Consul says of one instance: the parts that we read. */
interface HealthEntry {
  readonly Service: { readonly ID: string; readonly Meta?: { readonly id?: string; readonly url?: string } };
  readonly Checks: readonly { readonly Status: string }[];
}

export interface WatchedServiceDeps {
  readonly consul: Consul;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Consul is back from an outage, or anew. */
  readonly onReturn: () => void;
}

export interface WatchedServiceOptions {
  readonly keyPrefix: string;
  readonly graceMs: number;
}

/** The healthy instances of one service. It is followed from when somebody first wants to know them. */
export class WatchedService implements Closeable {
  readonly #deps: WatchedServiceDeps;
  readonly #service: ServiceName;
  readonly #name: string;
  readonly #known: KeptFacts<ServiceInstance>;
  readonly #listeners: Listeners<readonly ServiceInstance[]>;
  #instances: readonly ServiceInstance[] = [];
  #query: BlockingQuery<HealthEntry[]> | undefined;

  constructor(deps: WatchedServiceDeps, service: ServiceName, { keyPrefix, graceMs }: WatchedServiceOptions) {
    this.#deps = deps;
    this.#service = service;
    this.#name = `${keyPrefix}-${service}`;
    this.#listeners = new Listeners(deps.logger, service);
    const onChange = () => {
      this.#instances = [...this.#known.all.values()];
      this.#listeners.tell(this.#instances);
    };
    this.#known = new KeptFacts({ clock: deps.clock, onChange }, graceMs);
  }

  /** Asks once, so that there is something to know before anybody follows. */
  async ask(): Promise<void> {
    const { data } = await askConsul(this.#ask);
    // Who follows already knows better.
    if (!this.#query) this.#known.learn(this.#answer(data, false));
  }

  instances(): readonly ServiceInstance[] {
    this.#follow();
    return this.#instances;
  }

  watch(listener: (instances: readonly ServiceInstance[]) => void): Closeable {
    this.#follow();
    return this.#listeners.add(listener, this.#instances);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await this.#query?.close();
    this.#known.close();
  }

  #follow(): void {
    const { clock, logger, onReturn } = this.#deps;
    const onAnswer = (entries: HealthEntry[] | undefined, isReturn: boolean) => {
      this.#known.learn(this.#answer(entries, isReturn));
      if (isReturn) onReturn();
    };
    this.#query ??= new BlockingQuery({ clock, logger, ask: this.#ask, onAnswer }, this.#name);
  }

  /** Those that are ill, too: that they are is to be told apart from that Consul has not heard of them yet. */
  readonly #ask = (call: ConsulCall): Promise<HealthEntry[]> =>
    this.#deps.consul.health.service({ service: this.#name, ...call });

  #answer(entries: readonly HealthEntry[] = [], isReturn: boolean): Answer<ServiceInstance> {
    const facts = new Map<string, ServiceInstance>();
    const refuted = new Set<string>();
    for (const { Service, Checks } of entries) {
      const { id, url } = Service.Meta ?? {};
      const isHealthy = Checks.every(({ Status }) => Status === 'passing');
      if (id === undefined || url === undefined || !isHealthy) refuted.add(Service.ID);
      else facts.set(Service.ID, { id, service: this.#service, url });
    }
    return { facts, refuted, isReturn };
  }
}

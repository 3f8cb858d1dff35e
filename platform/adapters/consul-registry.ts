import type Consul from 'consul';
import type { Clock } from '../clock.ts';
import { openConsul } from '../consul.ts';
import { ClosedError, messageOf } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { type Registry, SERVICES, type ServiceInstance, type ServiceName } from '../ports/registry.ts';
import type { Closeable } from '../scope.ts';
import { RECHECK_MS, Registrations } from './consul/registrations.ts';
import { WatchedService } from './consul/watched-service.ts';

export interface ConsulRegistryOptions {
  /** Sets platforms that share a Consul apart: their services are named `<keyPrefix>-<service>`. */
  readonly keyPrefix: string;
  readonly token?: string;
  /** How long instances are kept that Consul does not name after an outage, in milliseconds. @default 15_000 */
  readonly graceMs?: number;
}

/**
 * Each process looks after its registrations every RECHECK_MS, and tries again as often where Consul did not
 * answer: after three times as long, one that is still missing has most likely gone.
 */
const GRACE_MS = 3 * RECHECK_MS;

/**
 * The registry that Consul keeps. Instances are found by blocking queries, one for each service that this process
 * wants to know. While Consul is away, and for a while after, what it said last holds.
 *
 * Resolves once Consul has been asked for all services; where it does not answer they are known when it does.
 */
export async function openConsulRegistry(
  url: string,
  { clock, logger }: { clock: Clock; logger: Logger },
  options: ConsulRegistryOptions,
): Promise<Registry> {
  const { keyPrefix, token, graceMs = GRACE_MS } = options;
  const registry = new ConsulRegistry(
    { consul: openConsul(url, token), clock, logger },
    { keyPrefix, graceMs },
  );
  try {
    await registry.ask();
  } catch (error) {
    logger.warn({ reason: messageOf(error) }, 'consul does not answer, trying again');
  }
  return registry;
}

class ConsulRegistry implements Registry {
  readonly #consul: Consul;
  readonly #registrations: Registrations;
  readonly #services: ReadonlyMap<ServiceName, WatchedService>;
  #isClosed = false;

  constructor(
    deps: { readonly consul: Consul; readonly clock: Clock; readonly logger: Logger },
    options: { readonly keyPrefix: string; readonly graceMs: number },
  ) {
    this.#consul = deps.consul;
    this.#registrations = new Registrations(deps, options.keyPrefix);
    const watchedDeps = { ...deps, onReturn: () => this.#registrations.wake() };
    this.#services = new Map(
      SERVICES.map((service) => [service, new WatchedService(watchedDeps, service, options)]),
    );
  }

  async ask(): Promise<void> {
    await Promise.all([...this.#services.values()].map((service) => service.ask()));
  }

  async register(instance: ServiceInstance): Promise<Closeable> {
    if (this.#isClosed) throw new ClosedError('The registry');
    return this.#registrations.add(instance);
  }

  instances(service: ServiceName): readonly ServiceInstance[] {
    return (this.#isClosed ? undefined : this.#services.get(service)?.instances()) ?? [];
  }

  watch(service: ServiceName, listener: (instances: readonly ServiceInstance[]) => void): Closeable {
    const watched = this.#services.get(service);
    if (this.#isClosed || !watched) throw new ClosedError('The registry');
    return watched.watch(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.all([...this.#services.values()].map((service) => service.close()));
    await this.#registrations.close();
    this.#consul.destroy();
  }
}

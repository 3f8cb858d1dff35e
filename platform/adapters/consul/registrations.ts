import type Consul from 'consul';
import type { Clock } from '../../clock.ts';
import { askConsul, type ConsulCall, ConsulRefusalError } from '../../consul.ts';
import { messageOf } from '../../errors.ts';
import { FollowLoop } from '../../following/follow-loop.ts';
import type { Logger } from '../../logger.ts';
import type { ServiceInstance } from '../../ports/registry.ts';
import type { Closeable } from '../../scope.ts';

/** How often the agent is asked whether it still knows our instances: what its restart costs at the most. */
export const RECHECK_MS = 5_000;

/** How often Consul asks an instance whether it is ready: with the timeout, how long a dead one is still offered. */
const CHECK_INTERVAL = '2s';
/** An instance that cannot say in this time that it is ready is not. */
const CHECK_TIMEOUT = '1s';
/** What could not deregister, since it was killed, is taken off after this long: the shortest that Consul allows. */
const DEREGISTER_AFTER = '1m';

interface AgentService {
  readonly Meta?: { readonly url?: string };
}

/**
 * Keeps the agent's list equal to the instances that this process serves: all of them are in it, and those that
 * it serves no more are not.
 */
export class Registrations implements Closeable {
  readonly #consul: Consul;
  readonly #logger: Logger;
  readonly #keyPrefix: string;
  /** By the id that the agent knows them by. */
  readonly #serving = new Map<string, ServiceInstance>();
  readonly #leaving = new Set<string>();
  readonly #loop: FollowLoop;

  constructor(
    { consul, clock, logger }: { consul: Consul; clock: Clock; logger: Logger },
    keyPrefix: string,
  ) {
    this.#consul = consul;
    this.#logger = logger;
    this.#keyPrefix = keyPrefix;
    const options = { what: { following: 'registrations' }, resyncMs: RECHECK_MS };
    this.#loop = new FollowLoop({ clock, logger }, (signal) => this.#pass(signal), options);
  }

  /**
   * Resolves when the instance is registered, or Consul has not answered: then it is registered once it does.
   *
   * @throws {TributaryError} Consul refuses it.
   */
  async add(instance: ServiceInstance): Promise<Closeable> {
    const id = `${this.#keyPrefix}-${instance.service}-${instance.id}`;
    this.#serving.set(id, instance);
    this.#leaving.delete(id);
    try {
      await this.#loop.sync();
    } catch (error) {
      if (error instanceof ConsulRefusalError) {
        if (this.#serving.get(id) === instance) this.#serving.delete(id);
        throw error;
      }
      this.#logger.warn(
        { registering: instance, reason: messageOf(error) },
        'not registered yet, trying again',
      );
    }
    return {
      close: async () => {
        if (this.#serving.get(id) !== instance) return;
        this.#serving.delete(id);
        this.#leaving.add(id);
        await this.#takeOff();
      },
    };
  }

  /** The agent may have forgotten. */
  wake(): void {
    if (this.#serving.size + this.#leaving.size > 0) this.#loop.wake();
  }

  /** Takes all instances off. */
  async close(): Promise<void> {
    for (const id of this.#serving.keys()) this.#leaving.add(id);
    this.#serving.clear();
    if (this.#leaving.size > 0) await this.#takeOff();
    await this.#loop.close();
  }

  async #takeOff(): Promise<void> {
    try {
      await this.#loop.sync();
    } catch (error) {
      const reason = messageOf(error);
      this.#logger.warn(
        { reason },
        'not deregistered: consul takes it off when its check has failed long enough',
      );
    }
  }

  async #pass(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#leaving].map((id) => this.#deregister(id, signal)));
    if (this.#serving.size === 0) return;
    const filter = [...this.#serving.keys()].map((id) => `ID == ${JSON.stringify(id)}`).join(' or ');
    const list = (call: ConsulCall) => this.#consul.agent.service.list({ filter, ...call });
    const known = (await askConsul<Record<string, AgentService>>(list, { signal })).data ?? {};
    const missing = [...this.#serving].filter(([id, { url }]) => known[id]?.Meta?.url !== url);
    const results = await Promise.allSettled(
      missing.map(([id, instance]) => this.#register(id, instance, signal)),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #register(id: string, instance: ServiceInstance, signal: AbortSignal): Promise<void> {
    const { service, url } = instance;
    const { hostname, port, protocol, origin } = new URL(url);
    const registration = {
      id,
      name: `${this.#keyPrefix}-${service}`,
      address: hostname,
      port: Number(port) || (protocol === 'https:' ? 443 : 80),
      meta: { id: instance.id, url },
      check: {
        name: `${service} is ready`,
        http: `${origin}/readyz`,
        interval: CHECK_INTERVAL,
        timeout: CHECK_TIMEOUT,
        // It registers once it is ready: nobody need wait for the first check.
        status: 'passing',
        deregistercriticalserviceafter: DEREGISTER_AFTER,
      },
    };
    await askConsul((call) => this.#consul.agent.service.register({ ...registration, ...call }), { signal });
    this.#logger.info({ registering: instance }, 'registered');
  }

  async #deregister(id: string, signal: AbortSignal): Promise<void> {
    try {
      await askConsul((call) => this.#consul.agent.service.deregister({ id, ...call }), { signal });
    } catch (error) {
      // An agent that does not know it has nothing to take off.
      if (!(error instanceof ConsulRefusalError && error.status === 404)) throw error;
    }
    this.#leaving.delete(id);
  }
}

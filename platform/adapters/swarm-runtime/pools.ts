import type { ServiceSpec } from 'dockerode';
import type { Clock } from '../../clock.ts';
import { RuntimeRefusal, UnavailableError } from '../../errors.ts';
import type { PoolSpec } from '../../ports/runtime.ts';
import type { SwarmEngine } from './engine.ts';
import { isOutOfSequence, isStatus } from './engine-error.ts';
import type { EngineService } from './engine-types.ts';
import { ImageDigests } from './image-digests.ts';
import { LABELS, serviceName } from './names.ts';
import { ownPool } from './observe.ts';
import type { SwarmRuntimeOptions } from './options.ts';
import { isUpdating, type Rollouts } from './rollouts.ts';
import { imageOf, serviceSpec, specHash } from './service-spec.ts';
import { Vanished } from './vanished.ts';

/** How often a service that others change at the same time is read anew: swarm itself changes it once or twice. */
const ATTEMPTS_MAX = 5;

/** Makes, changes and removes the services that are pools. */
export class SwarmPools {
  readonly #engine: SwarmEngine;
  readonly #clock: Clock;
  readonly #rollouts: Rollouts;
  readonly #options: SwarmRuntimeOptions;
  readonly #digests: ImageDigests;
  readonly #vanished: Vanished;

  constructor(deps: { engine: SwarmEngine; clock: Clock; rollouts: Rollouts }, options: SwarmRuntimeOptions) {
    this.#engine = deps.engine;
    this.#clock = deps.clock;
    this.#rollouts = deps.rollouts;
    this.#options = options;
    this.#digests = new ImageDigests(deps.engine, deps.clock);
    this.#vanished = new Vanished(deps.clock);
  }

  /** @param pools All that have a service now. */
  noteSeen(pools: readonly string[]): void {
    this.#vanished.note(pools);
  }

  async ensure(pool: PoolSpec): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const service = await this.#find(pool.name);
      if (service ? await this.#update(service, pool) : await this.#create(pool)) return;
    }
    throw new UnavailableError(`The service of pool ${pool.name} changes faster than it can be changed.`);
  }

  /** Nothing where there is none; one that is not ours is none. */
  async remove(name: string): Promise<void> {
    const service = await this.#find(name);
    if (!service || !ownPool(service, this.#options.keyPrefix)) return;
    try {
      await this.#engine.call((docker, abortSignal) => docker.getService(service.ID).remove({ abortSignal }));
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
    }
    this.#rollouts.forget(name);
    this.#vanished.forget(name);
  }

  /** @returns false where it has come to be meanwhile. */
  async #create(pool: PoolSpec): Promise<boolean> {
    if (this.#options.stack !== undefined && this.#vanished.has(pool.name))
      throw new UnavailableError(
        `Somebody removes services of this stack: pool ${pool.name} waits for the end.`,
      );
    const spec = await this.#wanted(pool, this.#now());
    try {
      await this.#engine.call((docker, abortSignal) => docker.createService({ ...spec, abortSignal }));
    } catch (error) {
      if (isStatus(error, 409)) return false;
      throw error;
    }
    this.#rollouts.forget(pool.name);
    return true;
  }

  /** @returns false where it was changed since it was read. */
  async #update(service: EngineService, pool: PoolSpec): Promise<boolean> {
    const own = ownPool(service, this.#options.keyPrefix);
    if (!own)
      throw new RuntimeRefusal(`Service ${service.Spec.Name} is not of this platform: it is left as it is.`);
    const hash = specHash(pool, this.#options);
    this.#rollouts.noteSeen(pool.name, service, undefined);
    const isRight =
      service.Spec.Labels?.[LABELS.spec] === hash || this.#rollouts.failedOf(pool.name, hash) !== undefined;
    if (isRight && own.replicas === pool.replicas) return true;
    // A change of the number alone would be what the swarm takes a failed replacement back to: it waits for the end.
    if (isRight && isUpdating(service, this.#clock.now())) return true;
    const changedAt = own.replicas === pool.replicas ? service.Spec.Labels?.[LABELS.changedAt] : undefined;
    const spec = isRight
      ? await this.#resized(service.Spec, pool.replicas)
      : await this.#wanted(pool, changedAt ?? this.#now());
    try {
      // Told apart: else the driver writes the whole specification into the URL, too, where proxies log it.
      const query = { version: service.Version.Index };
      await this.#engine.call((docker, abortSignal) =>
        docker.getService(service.ID).update({ _query: query, _body: spec, abortSignal }),
      );
    } catch (error) {
      if (isOutOfSequence(error)) return false;
      // It may as well be something that the specification names that is not there.
      if (isStatus(error, 404) && (await this.#find(pool.name)) === undefined) return false;
      throw error;
    }
    if (!isRight) this.#rollouts.noteTried(pool.name, hash, service);
    return true;
  }

  async #wanted(pool: PoolSpec, changedAt: string): Promise<ServiceSpec> {
    const asked = imageOf(pool, this.#options);
    const [image, secretIds] = await Promise.all([this.#digests.pin(asked), this.#secretIds()]);
    return serviceSpec(pool, this.#options, { image, secretIds, changedAt });
  }

  /** The workers stay what they are. */
  async #resized(spec: ServiceSpec, replicas: number): Promise<ServiceSpec> {
    const names = await this.#networkNames();
    const networks = spec.TaskTemplate?.Networks?.map((network) => ({
      ...network,
      Target: names.get(network.Target ?? '') ?? network.Target,
    }));
    return {
      ...spec,
      Labels: { ...spec.Labels, [LABELS.changedAt]: this.#now() },
      Mode: { Replicated: { Replicas: replicas } },
      TaskTemplate: { ...spec.TaskTemplate, Networks: networks },
    };
  }

  /** @returns undefined where there is no service of that pool's name. */
  async #find(pool: string): Promise<EngineService | undefined> {
    const name = serviceName(this.#options.keyPrefix, pool);
    try {
      return await this.#engine.call<EngineService>((docker, abortSignal) =>
        docker.getService(name).inspect({ abortSignal }),
      );
    } catch (error) {
      if (isStatus(error, 404)) return;
      throw error;
    }
  }

  async #secretIds(): Promise<ReadonlyMap<string, string>> {
    const names = Object.values(this.#options.secrets);
    if (names.length === 0) return new Map();
    // The filter takes beginnings of names.
    const found = await this.#engine.call((docker, abortSignal) =>
      docker.listSecrets({ filters: { name: names }, abortSignal }),
    );
    return new Map(found.map((secret) => [secret.Spec?.Name ?? '', secret.ID]));
  }

  /**
   * Names of our networks, by their ids. The engine puts ids where it was given names; who is between it and us knows
   * the names alone.
   */
  async #networkNames(): Promise<ReadonlyMap<string, string>> {
    const names = [...this.#options.networks];
    if (names.length === 0) return new Map();
    const found = await this.#engine.call((docker, abortSignal) =>
      docker.listNetworks({ filters: { name: names }, abortSignal }),
    );
    return new Map(found.flatMap(({ Id, Name }) => (names.includes(Name) ? [[Id, Name]] : [])));
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

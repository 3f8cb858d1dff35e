import { ClosedError } from '../errors.ts';
import { createLogger, type Logger } from '../logger.ts';
import type { Registry, ServiceInstance, ServiceName } from '../ports/registry.ts';
import type { Closeable } from '../scope.ts';

type Listener = (instances: readonly ServiceInstance[]) => void;

/** Registry of one process, or of instances known beforehand. */
export class MemoryRegistry implements Registry {
  readonly #instances = new Map<ServiceName, readonly ServiceInstance[]>();
  readonly #listeners = new Map<ServiceName, Set<Listener>>();
  readonly #logger: Logger;
  #isClosed = false;

  constructor(known: readonly ServiceInstance[] = [], logger: Logger = createLogger('registry', 'error')) {
    this.#logger = logger;
    for (const instance of known)
      this.#set(instance.service, [...this.instances(instance.service), instance]);
  }

  async register(instance: ServiceInstance): Promise<Closeable> {
    if (this.#isClosed) throw new ClosedError('The registry');
    const { service } = instance;
    this.#set(service, [...this.instances(service).filter((other) => other.id !== instance.id), instance]);
    return {
      close: () =>
        this.#set(
          service,
          this.instances(service).filter((other) => other !== instance),
        ),
    };
  }

  instances(service: ServiceName): readonly ServiceInstance[] {
    return this.#instances.get(service) ?? [];
  }

  watch(service: ServiceName, listener: Listener): Closeable {
    if (this.#isClosed) throw new ClosedError('The registry');
    const listeners = this.#listeners.get(service) ?? new Set();
    this.#listeners.set(service, listeners);
    const own: Listener = (instances) => this.#call(service, listener, instances);
    listeners.add(own);
    own(this.instances(service));
    return { close: () => void listeners.delete(own) };
  }

  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#instances.clear();
  }

  #set(service: ServiceName, instances: readonly ServiceInstance[]): void {
    this.#instances.set(service, instances);
    for (const listener of this.#listeners.get(service) ?? []) listener(instances);
  }

  #call(service: ServiceName, listener: Listener, instances: readonly ServiceInstance[]): void {
    try {
      listener(instances);
    } catch (error) {
      this.#logger.error({ err: error, watched: service }, 'registry listener failed');
    }
  }
}

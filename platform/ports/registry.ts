import type { Closeable } from '../scope.ts';

export const SERVICES = [
  'gateway',
  'configuration',
  'datasource',
  'endpoint',
  'orchestrator',
  'scraper',
] as const;
export type ServiceName = (typeof SERVICES)[number];

export interface ServiceInstance {
  readonly id: string;
  readonly service: ServiceName;
  /** Where it serves GraphQL: `http://127.0.0.1:41234/graphql`; of one that serves none, where its `/readyz` is. */
  readonly url: string;
}

/** Who serves what, and is healthy. */
export interface Registry extends Closeable {
  /** Listed until the returned handle, or the registry, is closed. */
  register(instance: ServiceInstance): Promise<Closeable>;
  /** Healthy instances as known now; empty where there are none. */
  instances(service: ServiceName): readonly ServiceInstance[];
  /** Called at once with what is known, then at every change. A listener that throws disturbs no other. */
  watch(service: ServiceName, listener: (instances: readonly ServiceInstance[]) => void): Closeable;
}

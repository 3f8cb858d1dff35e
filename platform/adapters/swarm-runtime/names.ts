import { createHash } from 'node:crypto';

/** What is written on each of our services; the first two are on their containers, too. */
export const LABELS = {
  /** Whose the service is: the key prefix of its platform. Without it nobody here touches the service. */
  platform: 'dev.tributary.platform',
  pool: 'dev.tributary.pool',
  isolation: 'dev.tributary.isolation',
  render: 'dev.tributary.render',
  /** Hash of what its workers were to be, whatever their number. */
  spec: 'dev.tributary.spec',
  /** When it was made or resized: ISO 8601, UTC. */
  changedAt: 'dev.tributary.changed-at',
} as const;

/** What Docker's own tools go by. */
export const STACK_LABEL = 'com.docker.stack.namespace';

/** Swarm holds the names of services to what DNS takes for one label. */
const NAME_LENGTH_MAX = 63;

/** Begins the names of the services of all pools. */
export function serviceNamePrefix(keyPrefix: string): string {
  return `${keyPrefix}-worker-`;
}

/** The pool's name stands in it, if it can: ids may end in what no service's name may, and be too long with the rest. */
export function serviceName(keyPrefix: string, pool: string): string {
  const name = `${serviceNamePrefix(keyPrefix)}${pool}`;
  if (name.length <= NAME_LENGTH_MAX && /[a-z0-9]$/i.test(name)) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${name.slice(0, NAME_LENGTH_MAX - hash.length - 1)}-${hash}`;
}

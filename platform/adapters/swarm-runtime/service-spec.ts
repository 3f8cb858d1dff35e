import { createHash } from 'node:crypto';
import type { ContainerSpec, MountSettings, ServiceSpec, UpdateConfig } from 'dockerode';
import { RuntimeRefusal } from '../../errors.ts';
import type { PoolSpec } from '../../ports/runtime.ts';
import { LABELS, STACK_LABEL, serviceName } from './names.ts';
import type { SwarmRuntimeOptions, WorkerResources } from './options.ts';

/** What is only known when a service is made. */
export interface Looked {
  /** The image by its digest, if its registry told it. */
  readonly image: string;
  /** Ids of the secrets, by their names. */
  readonly secretIds: ReadonlyMap<string, string>;
  /** ISO 8601, UTC. */
  readonly changedAt: string;
}

const MIB = 1024 ** 2;

/** Where the health check of the image asks. Each container has all ports to itself. */
const HEALTH_PORT = '4010';
/** A worker takes a dozen threads, a browser some hundreds: more is a bomb. */
const PIDS_MAX = 128;
const BROWSER_PIDS_MAX = 2_048;
/** What a program may write where all else is read-only, in memory: a worker next to nothing. */
const TMP_BYTES = 64 * MIB;
/** A browser's profile and cache. */
const BROWSER_TMP_BYTES = 512 * MIB;
/** A browser hands images of its pages around here; Docker's own 64 MiB are too few, and a service cannot ask for more. */
const BROWSER_SHM_BYTES = 256 * MIB;
/** Rotated logs that are kept for each worker. */
const LOG_FILES_MAX = '3';

/**
 * The service that is the pool.
 *
 * @throws {RuntimeRefusal} There is no image for such workers, or no secret of that name.
 */
export function serviceSpec(pool: PoolSpec, options: SwarmRuntimeOptions, looked: Looked): ServiceSpec {
  const template = taskTemplate(pool, options, looked);
  return {
    Name: serviceName(options.keyPrefix, pool.name),
    Labels: {
      ...serviceLabels(pool, options),
      [LABELS.spec]: specHash(pool, options),
      [LABELS.changedAt]: looked.changedAt,
    },
    TaskTemplate: template,
    Mode: { Replicated: { Replicas: pool.replicas } },
    // A new worker comes up before an old one goes: one that cannot run takes no worker away, and the sources that are
    // handed back find somebody at once. Two workers of one source do not meet, since it is leased to one of them.
    UpdateConfig: { ...rollingUpdate(options), FailureAction: 'rollback', Order: 'start-first' },
    RollbackConfig: { ...rollingUpdate(options), FailureAction: 'pause', Order: 'start-first' },
    // Workers are called by nobody: without virtual IPs there are none to run out of.
    EndpointSpec: { Mode: 'dnsrr' },
  };
}

/** Of all that makes a worker what it is, as it was asked for: neither how many there are, nor what names stand for today. */
export function specHash(pool: PoolSpec, options: SwarmRuntimeOptions): string {
  const secretIds = new Map(Object.values(options.secrets).map((name) => [name, name]));
  const wanted = {
    labels: serviceLabels(pool, options),
    template: taskTemplate(pool, options, { image: imageOf(pool, options), secretIds }),
    update: rollingUpdate(options),
  };
  return createHash('sha256').update(JSON.stringify(wanted)).digest('hex').slice(0, 16);
}

/** @throws {RuntimeRefusal} There is none for workers with a browser. */
export function imageOf(pool: Pick<PoolSpec, 'render'>, options: SwarmRuntimeOptions): string {
  if (pool.render !== 'BROWSER') return options.image;
  if (options.browserImage !== undefined) return options.browserImage;
  throw new RuntimeRefusal('There is no image of workers with a browser: BROWSER_WORKER_IMAGE names none.');
}

function serviceLabels(pool: PoolSpec, { keyPrefix, stack }: SwarmRuntimeOptions): Record<string, string> {
  return {
    ...ownLabels(pool, keyPrefix),
    [LABELS.isolation]: pool.isolation,
    [LABELS.render]: pool.render,
    ...(stack === undefined ? {} : { [STACK_LABEL]: stack }),
  };
}

function ownLabels(pool: PoolSpec, keyPrefix: string): Record<string, string> {
  return { [LABELS.platform]: keyPrefix, [LABELS.pool]: pool.name };
}

function taskTemplate(
  pool: PoolSpec,
  options: SwarmRuntimeOptions,
  looked: Omit<Looked, 'changedAt'>,
): NonNullable<ServiceSpec['TaskTemplate']> & { ContainerSpec: ContainerSpec } {
  const isBrowser = pool.render === 'BROWSER';
  const resources = isBrowser ? options.browserResources : options.resources;
  return {
    ContainerSpec: containerSpec(pool, options, looked),
    Resources: {
      Limits: {
        ...amounts(resources.cpus, resources.memoryBytes),
        Pids: isBrowser ? BROWSER_PIDS_MAX : PIDS_MAX,
      },
      Reservations: amounts(resources.cpusReserved, resources.memoryReservedBytes),
    },
    // Whatever ended a worker, its sources wait for another one. Swarm knows no growing pauses.
    RestartPolicy: { Condition: 'any', Delay: nanos(options.restartDelayMs), MaxAttempts: 0 },
    Placement: {
      Constraints: [...options.constraints],
      ...(options.spread === undefined
        ? {}
        : { Preferences: [{ Spread: { SpreadDescriptor: options.spread } }] }),
    },
    Networks: options.networks.map((Target) => ({ Target })),
    LogDriver: {
      Name: 'json-file',
      Options: { 'max-size': options.logSizeMax, 'max-file': LOG_FILES_MAX },
    },
  };
}

function containerSpec(
  pool: PoolSpec,
  options: SwarmRuntimeOptions,
  { image, secretIds }: Omit<Looked, 'changedAt'>,
): ContainerSpec {
  // Younger than the driver's types. What a worker reads from the web gets no way to more rights than it was given.
  const privileges: object = { NoNewPrivileges: true };
  return {
    Image: image,
    Labels: ownLabels(pool, options.keyPrefix),
    Args: [...(options.args ?? ['scraper'])],
    Env: environmentOf(pool, options),
    // What the worker calls its machine, and so what it is found by beside its task.
    Hostname: '{{.Node.Hostname}}',
    // Node as the first process of a container hears no SIGTERM; an image that brings an init of its own has two.
    Init: true,
    ReadOnly: true,
    CapabilityDrop: ['ALL'],
    Privileges: privileges,
    Mounts: mountsOf(pool),
    Secrets: Object.entries(options.secrets).map(([setting, name]) => secretOf(setting, name, secretIds)),
    StopGracePeriod: nanos(options.stopGraceMs),
  };
}

/** Sorted, so that settings given in another order are the same settings. */
function environmentOf(pool: PoolSpec, { environment, secrets }: SwarmRuntimeOptions): string[] {
  const files = Object.keys(secrets).map((setting) => [`${setting}_FILE`, secretPath(setting)] as const);
  const own = { POOL: pool.name, TASK_ID: '{{.Task.ID}}' };
  const all = { PORT: HEALTH_PORT, ...environment, ...Object.fromEntries(files), ...own };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}`)
    .sort();
}

function secretOf(setting: string, name: string, secretIds: ReadonlyMap<string, string>) {
  const id = secretIds.get(name);
  if (id === undefined) throw new RuntimeRefusal(`No such secret: ${name}, which WORKER_SECRETS names.`);
  // Readable by all users of the container, since that of the image is nobody's business here.
  return { SecretID: id, SecretName: name, File: { Name: setting, UID: '0', GID: '0', Mode: 0o444 } };
}

function secretPath(setting: string): string {
  return `/run/secrets/${setting}`;
}

function mountsOf({ render }: PoolSpec): MountSettings[] {
  if (render !== 'BROWSER') return [tmpfs('/tmp', TMP_BYTES)];
  return [tmpfs('/tmp', BROWSER_TMP_BYTES), tmpfs('/dev/shm', BROWSER_SHM_BYTES)];
}

function tmpfs(target: string, sizeBytes: number): MountSettings {
  return { Type: 'tmpfs', Source: '', Target: target, TmpfsOptions: { SizeBytes: sizeBytes, Mode: 0o1777 } };
}

function amounts(cpus: WorkerResources['cpus'], memoryBytes: number) {
  return { NanoCPUs: Math.round(cpus * 1e9), MemoryBytes: memoryBytes };
}

/** One worker after the other, and none failing: what breaks one would break all. */
function rollingUpdate({ updateMonitorMs }: SwarmRuntimeOptions): Omit<UpdateConfig, 'Order'> {
  return { Parallelism: 1, Delay: 0, Monitor: nanos(updateMonitorMs), MaxFailureRatio: 0 };
}

function nanos(ms: number): number {
  return ms * 1e6;
}

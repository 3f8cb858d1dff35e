import { z } from 'zod';
import { durationMs, type Environment, readSettings } from '../platform/config.ts';
import { ConfigError } from '../platform/errors.ts';
import type { SwarmRuntimeOptions, WorkerResources } from '../platform/open.ts';
import { anyPort, processSettings } from '../platform/process/settings.ts';
import { scraperSettings } from '../scrapers/config.ts';

/** What the orchestrator is told of workers that a Docker Swarm runs. Nothing of it is read where RUNTIME_URL is `process:`. */
export const swarmSettings = z.object({
  /** Folder of `ca.pem`, `cert.pem` and `key.pem`, for managers at `https://`. */
  DOCKER_CERT_PATH: z.string().optional(),
  /** How long one manager may take to answer before the next one is asked: without a quorum it never does. */
  DOCKER_TIMEOUT: durationMs('PT10S'),
  /** What workers are started from: an image that every node has or can pull. */
  WORKER_IMAGE: z.string().optional(),
  /** What workers with a browser are started from; without it there are none. */
  BROWSER_WORKER_IMAGE: z.string().optional(),
  /** The workers' settings beside those of scrapers, which are the orchestrator's own: `NAME=value` with spaces between. No secrets: see WORKER_SECRETS. */
  WORKER_ENVIRONMENT: z.string().default(''),
  /** The workers' settings that the swarm keeps secret: `SETTING=<name of the secret>` with commas between. Must have SERVICE_TOKEN. */
  WORKER_SECRETS: z.string().default(''),
  /** Networks that workers are on, with commas between: to the internet and to the services they call, and to nothing else. */
  WORKER_NETWORKS: z.string().default(''),
  /** What one worker may use: an idle one takes about 80 MB, each run some pages of at most PAGE_BYTES_MAX. */
  WORKER_MEMORY: bytes('1G'),
  /** What a node must have left for one more worker. */
  WORKER_MEMORY_RESERVED: bytes('128M'),
  /** A worker computes in one thread; no node takes one that is allowed more processors than it has. */
  WORKER_CPUS: processors('1'),
  /** What a node must have left for one more worker: most of the time it waits for pages. */
  WORKER_CPUS_RESERVED: processors('0.05'),
  /** As WORKER_MEMORY, of workers with a browser. */
  BROWSER_WORKER_MEMORY: bytes('2G'),
  /** As WORKER_MEMORY_RESERVED, of workers with a browser. */
  BROWSER_WORKER_MEMORY_RESERVED: bytes('512M'),
  /** What a node must be to run workers, with commas between: `node.role==worker`. */
  WORKER_CONSTRAINTS: z.string().default(''),
  /** Label of nodes over whose values workers are spread evenly, as `node.labels.zone`; over nodes they are anyhow. */
  WORKER_SPREAD: z.string().optional(),
  /** Pause before a worker that ended is started again: its sources wait, but one that cannot run starts as often. */
  WORKER_RESTART_DELAY: durationMs('PT1S'),
  /** Between SIGTERM and SIGKILL: more than DRAIN_TIMEOUT, and time to hand leases back. */
  WORKER_STOP_GRACE: durationMs('PT10S'),
  /** How long a newer worker must live for its update to have gone well; else the older ones come back. */
  WORKER_UPDATE_MONITOR: durationMs('PT15S'),
  /** Size at which a worker's log is rotated, as Docker takes it; two older files are kept. */
  WORKER_LOG_SIZE_MAX: z
    .string()
    .regex(/^\d+[kmg]$/, 'must be a size as 10m')
    .default('10m'),
  /** Stack as whose part `docker stack` shows the workers. */
  WORKER_STACK: z.string().optional(),
});

export type SwarmConfig = z.infer<typeof swarmSettings>;

/** All that a worker knows. */
const workerSettings = z.object({ ...processSettings.shape, ...anyPort.shape, ...scraperSettings.shape });

/** What a worker is told as the orchestrator was told it: nothing that leads anywhere, and no secret. */
const handedOn = z.object({
  ...scraperSettings.omit({ POOL: true, TASK_ID: true }).shape,
  ...processSettings.pick({ KEY_PREFIX: true, LOG_LEVEL: true, HOST: true }).shape,
});

/** Whoever may look at a service reads its environment. */
const SECRETS = ['SERVICE_TOKEN', 'CONSUL_HTTP_TOKEN'];

/** What the runtime sets for each worker. */
const OF_THE_RUNTIME = ['POOL', 'TASK_ID'];

/** @throws {ConfigError} One line for each setting that is wrong. */
export function swarmOptions(
  url: string,
  config: SwarmConfig & { readonly KEY_PREFIX: string },
  environment: Environment,
): SwarmRuntimeOptions {
  const problems: string[] = [];
  const given = pairs('WORKER_ENVIRONMENT', config.WORKER_ENVIRONMENT.split(/\s+/), problems);
  const secrets = pairs('WORKER_SECRETS', listOf(config.WORKER_SECRETS), problems);
  for (const name of Object.keys(given)) {
    if (SECRETS.includes(name))
      problems.push(`WORKER_ENVIRONMENT: ${name} is a secret: set it by WORKER_SECRETS`);
  }
  for (const name of Object.keys(secrets)) {
    if (name in given)
      problems.push(`WORKER_SECRETS: ${name} is in WORKER_ENVIRONMENT too: leave one of them out`);
  }
  if (secrets.SERVICE_TOKEN === undefined)
    problems.push('WORKER_SECRETS: must have SERVICE_TOKEN=<name of its secret in the swarm>');
  if (given.REGISTRY_URL === undefined)
    problems.push('WORKER_ENVIRONMENT: must have REGISTRY_URL=<where workers find the services>');
  const networks = listOf(config.WORKER_NETWORKS);
  if (networks.length === 0)
    problems.push('WORKER_NETWORKS: must name a network on which workers find the services');
  if (config.WORKER_IMAGE === undefined)
    problems.push('WORKER_IMAGE: must be the image that workers are started from');
  const cpus = { cpus: config.WORKER_CPUS, cpusReserved: config.WORKER_CPUS_RESERVED };
  const resources: WorkerResources = {
    ...cpus,
    memoryBytes: config.WORKER_MEMORY,
    memoryReservedBytes: config.WORKER_MEMORY_RESERVED,
  };
  const browserResources: WorkerResources = {
    ...cpus,
    memoryBytes: config.BROWSER_WORKER_MEMORY,
    memoryReservedBytes: config.BROWSER_WORKER_MEMORY_RESERVED,
  };
  if (cpus.cpusReserved > cpus.cpus) problems.push('WORKER_CPUS_RESERVED: must not be more than WORKER_CPUS');
  for (const [setting, { memoryBytes, memoryReservedBytes }] of [
    ['WORKER_MEMORY', resources],
    ['BROWSER_WORKER_MEMORY', browserResources],
  ] as const) {
    if (memoryReservedBytes > memoryBytes)
      problems.push(`${setting}_RESERVED: must not be more than ${setting}`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    url,
    certPath: config.DOCKER_CERT_PATH,
    timeoutMs: config.DOCKER_TIMEOUT,
    keyPrefix: config.KEY_PREFIX,
    image: config.WORKER_IMAGE ?? '',
    browserImage: config.BROWSER_WORKER_IMAGE,
    environment: { ...handedSettings(environment, secrets), ...given },
    secrets,
    networks,
    resources,
    browserResources,
    constraints: listOf(config.WORKER_CONSTRAINTS),
    spread: config.WORKER_SPREAD,
    restartDelayMs: config.WORKER_RESTART_DELAY,
    stopGraceMs: config.WORKER_STOP_GRACE,
    updateMonitorMs: config.WORKER_UPDATE_MONITOR,
    logSizeMax: config.WORKER_LOG_SIZE_MAX,
    stack: config.WORKER_STACK,
  };
}

/** A worker that is given a setting twice, by its value and by a file, does not start. */
function handedSettings(
  environment: Environment,
  secrets: Readonly<Record<string, string>>,
): Record<string, string> {
  const handed = Object.entries(readSettings(handedOn, environment));
  return Object.fromEntries(handed.filter(([name]) => !(name in secrets)));
}

/** Settings of workers, each with a value that is not shown: it may have been meant to be a secret. */
function pairs(setting: string, parts: readonly string[], problems: string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const part of parts.filter((text) => text !== '')) {
    const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.+)$/.exec(part) ?? [];
    if (name === undefined || value === undefined)
      problems.push(`${setting}: takes NAME=value, and has a part that is not`);
    else if (!(name in workerSettings.shape))
      problems.push(`${setting}: ${name} is no setting that workers know`);
    else if (OF_THE_RUNTIME.includes(name))
      problems.push(`${setting}: ${name} is set for each worker by itself`);
    else found[name] = value;
  }
  return found;
}

function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** An amount of memory, in bytes: `512M` is 512 × 1024². */
function bytes(defaultValue: string): z.ZodType<number, string | undefined> {
  const factors: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 };
  return (
    z
      .string()
      .default(defaultValue)
      .transform((text) => {
        const [, number, unit = ''] = /^(\d+)([KMG])$/i.exec(text) ?? [];
        return Number(number) * (factors[unit.toUpperCase()] ?? Number.NaN);
      })
      // Docker takes no less.
      .refine(
        (value) => value >= 6 * 1024 ** 2,
        'must be an amount of memory as 512M or 1G, of at least 6M',
      ) as z.ZodType<number, string | undefined>
  );
}

/** Processors, of which a part may be had. */
function processors(defaultValue: string): z.ZodType<number, string | undefined> {
  return z
    .string()
    .default(defaultValue)
    .transform((text) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN))
    .refine(
      (value) => value >= 0.01 && value <= 1_000,
      'must be a number of processors from 0.01 to 1000',
    ) as z.ZodType<number, string | undefined>;
}

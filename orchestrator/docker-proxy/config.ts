import { z } from 'zod';
import { wholeNumber } from '../../platform/config.ts';
import { connectionSettings, processSettings } from '../../platform/process/settings.ts';
import { scraperSettings } from '../../scrapers/config.ts';
import { swarmSettings } from '../swarm-settings.ts';
import type { WorkerPolicy } from './policy.ts';

const SECRET = /^([A-Z][A-Z0-9_]*)=([A-Za-z0-9][\w.-]*)$/;

/**
 * Settings of the proxy before Docker. What it is told of workers is what the orchestrator is told, and is held against
 * what the orchestrator asks for: so the two must be told alike.
 */
export const dockerProxySettings = z.object({
  /** The engine's socket, of a manager of the swarm. */
  DOCKER_SOCKET: z.string().default('/var/run/docker.sock'),
  /** How long the engine may take to answer; events come for as long as anybody listens. */
  DOCKER_TIMEOUT: swarmSettings.shape.DOCKER_TIMEOUT,
  /** The service's specification, at the most: one of a worker with every setting there is has some 8 kB. */
  DOCKER_BODY_BYTES_MAX: wholeNumber(64 * 1024, 1_024, 16 * 1024 * 1024),
  /** Begins the names of the workers' services: the orchestrator's. */
  KEY_PREFIX: connectionSettings.shape.KEY_PREFIX,
  /** The only image, beside the one with a browser, that workers may be made of: the orchestrator's. */
  WORKER_IMAGE: z.string('must be the image of the workers, as the orchestrator is told it').min(1),
  /** The image of workers with a browser: the orchestrator's. */
  BROWSER_WORKER_IMAGE: swarmSettings.shape.BROWSER_WORKER_IMAGE,
  /** The only networks that workers may be on: names with commas between, the orchestrator's. */
  WORKER_NETWORKS: z.string().default('').transform(commaSeparated),
  /** The only secrets that workers may be given: `SETTING=swarm_secret_name` with commas between, the orchestrator's. */
  WORKER_SECRETS: z
    .string()
    .default('')
    .transform(commaSeparated)
    .refine(
      (pairs) => pairs.every((pair) => SECRET.test(pair)),
      'must be SETTING=swarm_secret_name, with commas between',
    ),
  /** Workers of one pool at the most: no less than the orchestrator may ask for (`POOL_REPLICAS_MAX`). */
  WORKER_REPLICAS_MAX: wholeNumber(1_000, 1, 100_000),
  /** Where it listens: whoever reaches it may run workers. */
  HOST: processSettings.shape.HOST,
  PORT: wholeNumber(2375, 0, 65_535),
  LOG_LEVEL: processSettings.shape.LOG_LEVEL,
});

/** What a worker may be told by its environment: nothing that a program other than ours reads, `NODE_OPTIONS` least of all. */
const WORKER_SETTINGS: ReadonlySet<string> = new Set([
  ...Object.keys(processSettings.shape),
  ...Object.keys(scraperSettings.shape),
  'PORT',
]);

export type DockerProxyConfig = z.infer<typeof dockerProxySettings>;

/** What workers may be, of what the proxy was told. */
export function workerPolicy(config: DockerProxyConfig): WorkerPolicy {
  const { WORKER_IMAGE: image, BROWSER_WORKER_IMAGE: browserImage } = config;
  return {
    platform: config.KEY_PREFIX,
    images: browserImage === undefined ? [image] : [image, browserImage],
    args: ['scraper'],
    networks: new Set(config.WORKER_NETWORKS),
    secrets: new Map(config.WORKER_SECRETS.map((pair) => pair.split('=') as [string, string])),
    settings: WORKER_SETTINGS,
    replicasMax: config.WORKER_REPLICAS_MAX,
  };
}

function commaSeparated(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

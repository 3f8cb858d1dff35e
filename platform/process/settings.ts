import { z } from 'zod';
import { wholeNumber } from '../config.ts';
import { LOG_LEVELS } from '../logger.ts';
import { isHost } from './advertised.ts';

/** How a process finds the others: the settings that all services of one platform are given alike. */
export const connectionSettings = z.object({
  /** How services tell each other of changes: `memory:` within one process, else `redis://…` */
  BUS_URL: z.string().default('memory:'),
  /** Where services find each other: `memory:` within one process, else Consul's `http://…`, or `static:<service>=<url>,…` */
  REGISTRY_URL: z.string().default('memory:'),
  /** Which one of several orchestrators acts: `memory:` where there is one, or Consul's. Default: as REGISTRY_URL. */
  LEADERSHIP_URL: z.string().optional(),
  /** Settings that change while services run: `memory:` for none, or Consul's. Default: as REGISTRY_URL. */
  LIVE_SETTINGS_URL: z.string().optional(),
  /** Politeness over all workers: `memory:` for each by itself, or Redis'. Default: as BUS_URL. */
  HOST_BUDGET_URL: z.string().optional(),
  /** Endpoint's last known good for replicas on an empty disk: `memory:` for none, or Redis'. Default: as BUS_URL. */
  VIEW_CACHE_URL: z.string().optional(),
  /** Begins all names in Redis and Consul, so that several platforms may share them. */
  KEY_PREFIX: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,40}$/, 'must be lower-case letters, digits and hyphens, 41 at the most')
    .default('tributary'),
  /** Shown to Consul where it asks for one. */
  CONSUL_HTTP_TOKEN: z.string().optional(),
  /** JSON lines: on stdout by a service that is a process of its own, which takes `info`; else on stderr. */
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('warn'),
});

export type ConnectionConfig = z.infer<typeof connectionSettings>;

/** What a service that is a process of its own is told beside what it does. */
export const processSettings = connectionSettings.extend({
  BUS_URL: z
    .string('must be how the services tell each other of changes: redis://<host>:<port>')
    .refine(
      (url) => url !== 'memory:',
      'memory: reaches nobody beyond this process; set redis://<host>:<port>',
    ),
  REGISTRY_URL: z
    .string('must be where the services find each other: http://<consul>:8500, or static:<service>=<url>,…')
    .refine((url) => url !== 'memory:', 'memory: finds nobody beyond this process; set http://<consul>:8500'),
  /** Without a secret of their own anybody could speak for a service. */
  SERVICE_TOKEN: z
    .string('must be the secret that all services share, of at least 16 characters')
    .min(16, 'must have at least 16 characters'),
  /** Where the service listens. Beyond loopback it answers holders of a token or a key only. */
  HOST: z.string().default('127.0.0.1'),
  /** Where others reach it, if not at HOST: a name or an address. */
  ADVERTISE_HOST: z.string().refine(isHost, 'must be a name or an address, without a port').optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
});

export type ProcessConfig = z.infer<typeof processSettings>;

/** Of services that others find by the registry: 0 takes any free port. */
export const anyPort = z.object({ PORT: wholeNumber(0, 0, 65_535) });

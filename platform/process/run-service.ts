import { hostname } from 'node:os';
import type { z } from 'zod';
import { type Clock, systemClock } from '../clock.ts';
import { readConfig } from '../config.ts';
import { openServiceClient, type ServiceClient } from '../http/service-client.ts';
import { randomId } from '../ids.ts';
import { createLogger, type Logger } from '../logger.ts';
import { Metrics } from '../metrics.ts';
import { type OpenDeps, type OpenOptions, openBus, openLiveSettings, openRegistry } from '../open.ts';
import type { Bus } from '../ports/bus.ts';
import type { LiveSettings } from '../ports/live-settings.ts';
import type { Registry, ServiceName } from '../ports/registry.ts';
import { type Closeable, Scope } from '../scope.ts';
import { aborted, shutdownSignal, tellFailure } from '../shutdown.ts';
import { advertisedUrl } from './advertised.ts';
import { followLogLevel } from './log-level.ts';
import type { ProcessConfig } from './settings.ts';
import { whenAvailable } from './when-available.ts';

/** What a service that is a process of its own works with. Whatever it opens it leaves to `scope`. */
export interface ServiceProcess<C> {
  readonly config: C;
  /** Unique among all processes: the id it is registered under. */
  readonly instanceId: string;
  readonly scope: Scope;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly bus: Bus;
  readonly registry: Registry;
  readonly liveSettings: LiveSettings;
  readonly openDeps: OpenDeps;
  readonly openOptions: OpenOptions;
  clientOf(service: ServiceName): ServiceClient;
  /**
   * Opens what the service cannot be without, and waits where it does not answer yet: services and servers start in
   * any order.
   *
   * @param what Named in the log: `the store`.
   */
  whenAvailable<T>(what: string, open: () => Promise<T>): Promise<T>;
}

export interface RunningService {
  /** Where it serves; registered from then on. Undefined where nobody need find it. */
  readonly url?: string;
  /** Says from now on that nothing more should be sent to it. */
  drain?(): void;
  /** Resolves when it has ended what it was at, once the signal is aborted. @default at once */
  work?(stopping: AbortSignal): Promise<void>;
}

/**
 * How long others get to hear that we go before we stop listening, in milliseconds: what they send meanwhile is
 * answered. They are told by a query that waits, so this is many times what it takes.
 */
const FAREWELL_MS = 300;

/**
 * Runs one service until the first SIGTERM or SIGINT: reads its settings, opens what all services share, registers it,
 * and on the signal has it deregistered, lets it finish what it is at, and closes all. The second signal ends it at
 * once, and so does the first before the service is ready: nobody has anything of it yet. A failure to start is a clear
 * line for each reason, and exit code 1.
 */
export async function runService<S extends z.ZodObject>(
  service: ServiceName,
  settings: S,
  open: (process: ServiceProcess<z.infer<S> & ProcessConfig>) => Promise<RunningService>,
): Promise<void> {
  const stopping = shutdownSignal();
  const scope = new Scope();
  let exitCode = 0;
  const fail = (error: unknown) => {
    exitCode = 1;
    tellFailure(service, error);
  };
  try {
    const config = readConfig(settings, process.env) as z.infer<S> & ProcessConfig;
    const opening = openShared(service, config, scope).then(async (shared) => ({
      shared,
      running: await open({ ...shared, config }),
    }));
    const opened = await Promise.race([opening, aborted(stopping)]);
    if (!opened) process.exit(0);
    await serve(service, opened.running, opened.shared, config, stopping);
  } catch (error) {
    fail(error);
  }
  await scope.close().catch(fail);
  process.exit(exitCode);
}

type Shared = Omit<ServiceProcess<never>, 'config'>;

async function openShared(service: ServiceName, config: ProcessConfig, scope: Scope): Promise<Shared> {
  const instanceId = `${service}-${hostname()}-${randomId()}`;
  const logger = createLogger(service, config.LOG_LEVEL, 1).child({ instance: instanceId });
  const metrics = new Metrics();
  metrics.addProcess();
  const clock = systemClock;
  const openDeps = { clock, logger, newId: randomId };
  const openOptions = { keyPrefix: config.KEY_PREFIX, token: config.CONSUL_HTTP_TOKEN };
  const liveSettings = scope.use(
    await openLiveSettings(config.LIVE_SETTINGS_URL ?? config.REGISTRY_URL, openDeps, openOptions),
  );
  scope.use(followLogLevel(liveSettings, logger, config.LOG_LEVEL));
  const registry = scope.use(await openRegistry(config.REGISTRY_URL, openDeps, openOptions));
  const bus = scope.use(await openBus(config.BUS_URL, openDeps, openOptions));
  const clientOf = (other: ServiceName) =>
    scope.use(openServiceClient({ registry, logger }, other, config.SERVICE_TOKEN));
  return {
    instanceId,
    scope,
    clock,
    logger,
    metrics,
    bus,
    registry,
    liveSettings,
    openDeps,
    openOptions,
    clientOf,
    whenAvailable: (what, open) => whenAvailable(what, open, { clock, logger }),
  };
}

async function serve(
  service: ServiceName,
  running: RunningService,
  { instanceId, registry, logger }: Shared,
  config: ProcessConfig,
  stopping: AbortSignal,
): Promise<void> {
  const { url } = running;
  const advertised = url && advertisedUrl(url, config.ADVERTISE_HOST);
  const registration: Closeable | undefined = advertised
    ? await registry.register({ id: instanceId, service, url: advertised })
    : undefined;
  logger.info({ url, advertised, startMs: Math.round(performance.now()) }, 'service ready');
  const work = running.work?.(stopping);
  await Promise.race([aborted(stopping), ...(work ? [work] : [])]);
  logger.info('service stopping');
  running.drain?.();
  await Promise.resolve(registration?.close()).catch((error) =>
    logger.warn({ err: error }, 'not deregistered; the registry finds out by its health check'),
  );
  if (registration) await new Promise((resolve) => setTimeout(resolve, FAREWELL_MS));
  await work;
}

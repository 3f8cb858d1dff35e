import type { Clock } from '../../platform/clock.ts';
import type { ServiceClient } from '../../platform/http/service-client.ts';
import type { IdFactory } from '../../platform/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import type { ScraperMetrics } from '../metrics.ts';
import { ConfigurationApi } from './configuration-api.ts';
import { dueAt, HeldSource, type SourceLease } from './held-source.ts';
import { type LeaseHolder, LeaseKeeper, type LeaseKeeperOptions } from './lease-keeper.ts';
import { Previews } from './previews.ts';
import type { Readers } from './readers.ts';
import { type RunEnd, type RunSourceOptions, runSource } from './run-source.ts';
import { RunStopped } from './run-stopped.ts';
import { Scheduler, type SchedulerOptions } from './scheduler.ts';

export interface WorkerDeps {
  readonly configuration: ServiceClient;
  readonly datasource: ServiceClient;
  readonly readers: Readers;
  readonly clock: Clock;
  /** Measures leases: never goes back and never jumps. */
  readonly steadyClock: Clock;
  readonly newId: IdFactory;
  readonly logger: Logger;
  readonly metrics: ScraperMetrics;
}

export interface WorkerOptions extends LeaseKeeperOptions, SchedulerOptions, RunSourceOptions {
  /** How long runs may go on once the worker is asked to stop. */
  readonly drainMs: number;
}

/** A run that configuration would not hear of is tried again after this long, by whatever it says then. */
const REFUSED_PAUSE_MS = 60_000;

/** Claims sources and runs them when they are due, until it is stopped. */
export class Worker implements LeaseHolder {
  readonly #deps: WorkerDeps;
  readonly #options: WorkerOptions;
  readonly #api: ConfigurationApi;
  readonly #keeper: LeaseKeeper;
  readonly #scheduler: Scheduler;
  readonly #previews: Previews;
  readonly #held = new Map<string, HeldSource>();
  /** By source: runs that were told to stop, whose source may have come back to us meanwhile. */
  readonly #ending = new Map<string, Promise<void>>();
  #workerId = '';

  constructor(deps: WorkerDeps, options: WorkerOptions) {
    const { configuration, readers, clock, steadyClock, newId, logger, metrics } = deps;
    this.#deps = deps;
    this.#options = options;
    this.#api = new ConfigurationApi(configuration);
    const { pool, hostname, capacity, taskId } = options;
    this.#keeper = new LeaseKeeper(
      { api: this.#api, holder: this, steadyClock, newId, logger },
      { pool, hostname, capacity, taskId },
    );
    this.#scheduler = new Scheduler({ clock, start: (source) => this.#run(source) }, options);
    this.#previews = new Previews({ api: this.#api, readers, clock, logger, metrics });
  }

  get heldCount(): number {
    return this.#held.size;
  }

  get runningCount(): number {
    return this.#scheduler.runningCount;
  }

  /** Works until `signal` is aborted; then lets runs finish for a while, ends the others and gives the leases back. */
  async work(signal: AbortSignal): Promise<void> {
    const keeping = this.#keeper.run();
    if (!signal.aborted) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    }
    this.#keeper.drain();
    const timer = this.#deps.clock.schedule(this.#options.drainMs, () => this.#stopRuns('WORKER_STOPS'));
    await Promise.all([this.#scheduler.stop(), this.#previews.stop()]);
    timer.close();
    await this.#keeper.stop();
    await keeping;
  }

  begin(workerId: string): void {
    this.#workerId = workerId;
  }

  hold(leases: readonly SourceLease[]): void {
    for (const lease of leases) {
      const known = this.#held.get(lease.sourceId);
      known?.update(lease);
      const source = known ?? new HeldSource(lease);
      this.#held.set(source.id, source);
      this.#scheduler.plan(source);
    }
    this.#scheduler.serve();
  }

  lose(sourceIds: readonly string[]): void {
    for (const sourceId of sourceIds) this.#drop(sourceId, new RunStopped('SOURCE_LOST'));
  }

  end(): void {
    this.#deps.logger.warn({ workerId: this.#workerId, sources: this.#held.size }, 'leases have ended');
    for (const sourceId of [...this.#held.keys()]) this.#drop(sourceId, new RunStopped('LEASE_LOST'));
  }

  preview(): void {
    this.#previews.serve(this.#workerId);
  }

  #drop(sourceId: string, reason: RunStopped): void {
    const source = this.#held.get(sourceId);
    if (!source) return;
    this.#held.delete(sourceId);
    this.#scheduler.drop(source);
    source.stop(reason);
  }

  #stopRuns(reason: 'WORKER_STOPS'): void {
    if (this.runningCount > 0) this.#deps.metrics.limits.inc({ limit: 'DRAIN_TIMEOUT' }, this.runningCount);
    for (const source of this.#held.values()) source.stop(new RunStopped(reason));
  }

  /** One run of a held source. Never rejects. */
  async #run(source: HeldSource): Promise<void> {
    const { clock, newId, logger } = this.#deps;
    const { lease } = source;
    const runId = source.queuedRunId ?? newId();
    const workerId = this.#workerId;
    const signal = source.begin(runId);
    // The source may have been lost and claimed again before its former run has come to its end.
    const former = this.#ending.get(source.id);
    const run = (async (): Promise<RunEnd> => {
      await former;
      if (signal.aborted) return { kind: 'stopped' };
      return runSource({ runId, workerId, lease }, { ...this.#deps, api: this.#api }, this.#options, signal);
    })().catch((error): RunEnd => {
      logger.error({ err: error, sourceId: source.id, runId }, 'run broke off');
      return { kind: 'refused' };
    });
    const ending = run.then(() => {
      if (this.#ending.get(source.id) === ending) this.#ending.delete(source.id);
    });
    this.#ending.set(source.id, ending);
    const end = await run;
    const refusedUntilMs = clock.now() + REFUSED_PAUSE_MS;
    source.end(end.kind === 'reported' ? dueAt(end.nextRunAt) : refusedUntilMs);
    if (end.kind === 'lost' && this.#held.get(source.id) === source) this.lose([source.id]);
  }
}

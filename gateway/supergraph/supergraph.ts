import { isDeepStrictEqual } from 'node:util';
import type { Clock, Timer } from '../../platform/clock.ts';
import { messageOf, UnavailableError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Bus } from '../../platform/ports/bus.ts';
import type { Registry } from '../../platform/ports/registry.ts';
import { type Closeable, Scope } from '../../platform/scope.ts';
import type { GatewayMetrics } from '../metrics.ts';
import { type Composer, CompositionError } from './composer.ts';
import type { Sdls } from './composition-thread.ts';
import { buildSnapshot, type Snapshot } from './snapshot.ts';
import { SUBGRAPHS, type SubgraphName, type SubgraphSdl } from './subgraph-sdl.ts';

export interface Supergraph extends Closeable {
  /** Undefined until the first composition has succeeded. */
  current(): Snapshot | undefined;
  /** Resolves with the first snapshot; rejects where the supergraph is closed before. */
  readonly first: Promise<Snapshot>;
  /** Called after each swap but the first. */
  onSwap(listener: (snapshot: Snapshot) => void): void;
}

export interface SupergraphDeps {
  readonly registry: Registry;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: GatewayMetrics;
  readonly composer: Composer;
  readonly readSdl: (subgraph: SubgraphName) => Promise<SubgraphSdl>;
}

export interface SupergraphOptions {
  /** How often the SDLs are read though nothing said that they changed. */
  readonly resyncMs: number;
  /** From being woken to reading: several collections added at once are one composition. @default 20 */
  readonly debounceMs?: number;
}

/** How often subgraphs are asked that have not answered yet. */
const RETRY_MS = 250;
/** How long a subgraph's replicas may be behind what one of them has said: many times what they need to catch up. */
const LAG_MS_MAX = 60_000;

/**
 * Keeps the graph equal to what the subgraphs say. Whatever wakes it (a message, the registry, the timer), it reads
 * all SDLs, and composes where one has changed. A subgraph that does not answer keeps the SDL it gave last; a
 * composition that fails keeps the graph.
 */
export async function openSupergraph(
  { registry, bus, clock, logger, metrics, composer, readSdl }: SupergraphDeps,
  { resyncMs, debounceMs = 20 }: SupergraphOptions,
): Promise<Supergraph> {
  const scope = new Scope();
  const listeners = new Set<(snapshot: Snapshot) => void>();
  let resolveFirst: (snapshot: Snapshot) => void;
  let rejectFirst: (error: Error) => void;
  const first = new Promise<Snapshot>((resolve, reject) => {
    resolveFirst = resolve;
    rejectFirst = reject;
  });
  let snapshot: Snapshot | undefined;
  let sdls: Sdls = {};
  const revisions = new Map<SubgraphName, { readonly revision: number; readonly seenAtMs: number }>();
  /** What the last composition was made of, whether it succeeded or not. */
  let composed: Sdls | undefined;
  let timer: Timer | undefined;
  let isRefreshing = false;
  let isWoken = false;
  let isClosed = false;

  function wake(): void {
    // The wait is from the first of several wakes: later ones must not put it off for ever.
    if (isWoken) return;
    isWoken = true;
    schedule(debounceMs);
  }

  function schedule(delayMs: number): void {
    if (isRefreshing || isClosed) return;
    timer?.close();
    timer = clock.schedule(delayMs, () => void refresh());
  }

  async function refresh(): Promise<void> {
    isRefreshing = true;
    isWoken = false;
    const isComplete = await readSdls();
    if (isComplete && !isClosed && !isDeepStrictEqual(sdls, composed)) await recompose(sdls);
    isRefreshing = false;
    schedule(isWoken ? debounceMs : isComplete ? resyncMs : Math.min(RETRY_MS, resyncMs));
  }

  /** @returns Whether every subgraph has said its SDL, now or before. */
  async function readSdls(): Promise<boolean> {
    const read = await Promise.allSettled(SUBGRAPHS.map((subgraph) => readSdl(subgraph)));
    const known: Record<string, string> = { ...sdls };
    for (const [index, result] of read.entries()) {
      const subgraph = SUBGRAPHS[index] as SubgraphName;
      if (result.status === 'fulfilled') {
        if (isCurrent(subgraph, result.value)) known[subgraph] = result.value.sdl;
      } else logger.debug({ err: result.reason, subgraph }, 'subgraph does not say its schema');
    }
    sdls = known;
    return SUBGRAPHS.every((subgraph) => subgraph in known);
  }

  /**
   * A replica that lags behind must not take types away that another has given us before it went. One that stays
   * behind has lost what it knew, and is right.
   */
  function isCurrent(subgraph: SubgraphName, { revision }: SubgraphSdl): boolean {
    const newest = revisions.get(subgraph);
    const isBehind = newest !== undefined && revision < newest.revision;
    if (isBehind && clock.now() - newest.seenAtMs < LAG_MS_MAX) return false;
    revisions.set(subgraph, { revision, seenAtMs: clock.now() });
    return true;
  }

  async function recompose(from: Sdls): Promise<void> {
    composed = from;
    const beganMs = performance.now();
    let next: Snapshot;
    try {
      const supergraphSdl = await composer.compose(from);
      const composedMs = performance.now();
      next = await buildSnapshot(supergraphSdl);
      metrics.compositionDuration.observe((performance.now() - beganMs) / 1_000);
      const buildMs = Math.round(performance.now() - composedMs);
      logger.info({ composeMs: Math.round(composedMs - beganMs), buildMs }, 'supergraph composed');
    } catch (error) {
      if (isClosed) return;
      metrics.compositionFailures.inc();
      // What does not fit together never will; anything else is tried again at the next resync.
      if (!(error instanceof CompositionError)) composed = undefined;
      logger.error({ problem: messageOf(error) }, 'subgraphs do not compose, the graph stays as it was');
      return;
    }
    if (isClosed) return;
    const isFirst = snapshot === undefined;
    snapshot = next;
    if (isFirst) resolveFirst(next);
    else for (const listener of listeners) listener(next);
  }

  // Whoever waits for it hears of it; where nobody does, it is no failure.
  first.catch(() => {});
  scope.use(await bus.subscribe('schema.changed', wake));
  for (const subgraph of SUBGRAPHS) scope.use(registry.watch(subgraph, wake));
  return {
    current: () => snapshot,
    first,
    onSwap: (listener) => void listeners.add(listener),
    async close() {
      isClosed = true;
      timer?.close();
      rejectFirst(
        new UnavailableError('The gateway was closed before the subgraphs had said their schemas.'),
      );
      await scope.close();
    },
  };
}

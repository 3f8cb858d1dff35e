import type { Clock, Timer } from '../../platform/clock.ts';
import { ClosedError } from '../../platform/errors.ts';
import type { IdFactory } from '../../platform/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import type { PreviewReport } from '../../platform/model/run.ts';
import type { SourceSpec } from '../../platform/model/source-spec.ts';
import type { Bus } from '../../platform/ports/bus.ts';
import type { PreviewState, Previews, PreviewTask } from '../../platform/ports/source-store.ts';
import { type Closeable, Scope } from '../../platform/scope.ts';
import type { Announcer } from './announcer.ts';
import { createLevelTrigger } from './level-trigger.ts';

export type PreviewOutcome =
  | { readonly report: PreviewReport }
  | { readonly refused: 'TOO_MANY' | 'NO_WORKER' | 'TIMEOUT' };

export interface PreviewQueueDeps {
  readonly store: Previews;
  readonly bus: Bus;
  readonly announcer: Pick<Announcer, 'previews'>;
  readonly clock: Clock;
  readonly newId: IdFactory;
  readonly logger: Logger;
}

export interface PreviewLimits {
  readonly timeoutMs: number;
  /** Open previews of all replicas together. */
  readonly openMax: number;
}

/** A request that waits here. */
interface Waiting {
  /** Reads how the preview stands. */
  look(): void;
  /** Lets the request go on with what was seen last. */
  leave(): void;
}

/** A message that an answer is there may be lost: somebody waits for it, and a read of one document is cheap. */
const LOOK_AGAIN_MS = 1_000;

/** By how much the clocks of replicas may differ before one takes what another's request waits for as left behind. */
const CLOCKS_DIFFER_MS = 10_000;

/**
 * Previews, as one replica asks for them and gives them out. The store has them, since worker and request may
 * speak to different replicas. Each ends with its request, also where the replica closes: a preview that is lost
 * is asked for again.
 */
export class PreviewQueue implements Closeable {
  readonly #deps: PreviewQueueDeps;
  readonly #limits: PreviewLimits;
  readonly #waiting = new Map<string, Waiting>();
  readonly #requests = new Set<Promise<PreviewOutcome>>();
  readonly #listening = new Scope();
  #isClosed = false;

  private constructor(deps: PreviewQueueDeps, limits: PreviewLimits) {
    this.#deps = deps;
    this.#limits = limits;
  }

  static async open(deps: PreviewQueueDeps, limits: PreviewLimits): Promise<PreviewQueue> {
    const queue = new PreviewQueue(deps, limits);
    await queue.#listen();
    return queue;
  }

  /** @throws {ClosedError} The queue is closed before the answer came. */
  async submit(spec: SourceSpec, first: number): Promise<PreviewOutcome> {
    if (this.#isClosed) throw new ClosedError('The preview queue');
    const request = this.#request({ id: this.#deps.newId(), spec, first });
    this.#requests.add(request);
    try {
      return await request;
    } finally {
      this.#requests.delete(request);
    }
  }

  /** Gives the worker the oldest previews that nobody has taken. */
  claim(workerId: string, first: number): Promise<readonly PreviewTask[]> {
    return this.#deps.store.claimPreviews(workerId, first, this.#deps.clock.now());
  }

  /** @returns Whether somebody was still waiting for it, of this worker. */
  async report(id: string, workerId: string, report: PreviewReport): Promise<boolean> {
    const isTaken = await this.#deps.store.reportPreview(id, workerId, report, this.#deps.clock.now());
    if (isTaken) this.#deps.announcer.previews([id]);
    return isTaken;
  }

  /** Ends all previews that are waited for here. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { leave } of [...this.#waiting.values()]) leave();
    await Promise.allSettled(this.#requests);
    await this.#listening.close();
  }

  async #listen(): Promise<void> {
    const { bus } = this.#deps;
    this.#listening.use(
      bus.onGap(() => {
        for (const { look } of [...this.#waiting.values()]) look();
      }),
    );
    const onChange = ({ previewId }: { previewId: string }) => this.#waiting.get(previewId)?.look();
    this.#listening.use(await bus.subscribe('previews.changed', onChange));
  }

  async #request(task: PreviewTask): Promise<PreviewOutcome> {
    const { store, announcer, clock } = this.#deps;
    const { timeoutMs, openMax } = this.#limits;
    const askedAt = clock.now();
    const expiresAt = askedAt + timeoutMs + CLOCKS_DIFFER_MS;
    if (!(await store.addPreview({ ...task, askedAt, expiresAt }, openMax))) return { refused: 'TOO_MANY' };
    announcer.previews([task.id]);
    const seen = await this.#untilOver(task.id, askedAt + timeoutMs);
    const state = (await this.#end(task.id)) ?? seen;
    if (state?.report) return { report: state.report };
    announcer.previews([task.id]);
    if (this.#isClosed) throw new ClosedError('The preview queue');
    return { refused: state && state.workerId !== null ? 'TIMEOUT' : 'NO_WORKER' };
  }

  /** Waits until the preview is answered or gone, its time is over, or the queue closes. @returns What was seen last. */
  #untilOver(id: string, deadline: number): Promise<PreviewState | undefined> {
    const { store, clock } = this.#deps;
    if (this.#isClosed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      let seen: PreviewState | undefined;
      let again: Timer;
      const leave = () => {
        again.close();
        timeout.close();
        this.#waiting.delete(id);
        resolve(seen);
      };
      const trigger = createLevelTrigger(
        async () => {
          const state = await store.preview(id);
          seen = state ?? seen;
          if (!state || state.report) leave();
        },
        () => {}, // It is read again soon; where the store stays away, ending the preview says so.
      );
      const look = () => void trigger();
      const lookAgain = () => {
        again = clock.schedule(LOOK_AGAIN_MS, () => {
          look();
          lookAgain();
        });
      };
      lookAgain();
      const timeout = clock.schedule(deadline - clock.now(), leave);
      this.#waiting.set(id, { look, leave });
    });
  }

  /** What stays where the store does not answer, expires. */
  #end(id: string): Promise<PreviewState | undefined> {
    return this.#deps.store.endPreview(id).catch((error: unknown) => {
      this.#deps.logger.warn({ err: error, previewId: id }, 'preview not ended');
      return undefined;
    });
  }
}

import type { EntryState } from '../../model/entry-state.ts';
import type { CommitLog, LoggedCommit } from './commit-log.ts';
import { type DatedImage, writeImages } from './entry-writes.ts';
import { followedBy } from './images.ts';
import type { FoldCollections, FoldDocument } from './schema.ts';

/** Commits that wait to be applied at the most: readers far behind, and the next holder, read them beside the entries. */
const LAG_COMMITS_MAX = 16;
/** Their entries at the most, where it is more than one commit: they are kept in memory. */
const LAG_ENTRIES_MAX = 10_000;
/** Commits trimmed in one go: few, so that neither the server nor who waits for an entry notices. */
const TRIM_COMMITS = 8;

interface Pending extends LoggedCommit {
  readonly entries: ReadonlyMap<string, EntryState | undefined>;
}

/**
 * Writes what commits did to the entries, behind the log and in its order, several commits in one go where they come
 * fast. Every write says of which commit it is, and does nothing to an entry that a later one has written: so
 * applying a commit again, half of it, late or by a holder that has lost the lease, is harmless.
 */
export class Applier {
  readonly #collections: FoldCollections;
  readonly #log: CommitLog;
  readonly #collection: number;
  /** As the fold's document has it. */
  #definition: string | null;
  #applied: number;
  #trimmed: number;
  #pending: Pending[] = [];
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #waiting: (() => void)[] = [];

  constructor(
    collections: FoldCollections,
    log: CommitLog,
    collection: number,
    fold: Pick<FoldDocument, 'n' | 'definition' | 'trimmed'>,
  ) {
    this.#collections = collections;
    this.#log = log;
    this.#collection = collection;
    this.#definition = fold.definition;
    this.#applied = fold.n;
    this.#trimmed = fold.trimmed;
  }

  /** @param entries What has become of the entries that it touches, undefined where they are gone. */
  add(commit: LoggedCommit, entries: ReadonlyMap<string, EntryState | undefined>): void {
    this.#pending.push({ ...commit, entries });
    this.#running ??= this.#run();
  }

  /** @returns An entry as of the newest commit that is not applied, or 'APPLIED' where none of them touches it. */
  pending(key: string): EntryState | undefined | 'APPLIED' {
    const commit = this.#pending.findLast(({ entries }) => entries.has(key));
    return commit ? commit.entries.get(key) : 'APPLIED';
  }

  /** Waits until one more commit may wait. @throws What applying met: what is known here is to be forgotten then. */
  async room(): Promise<void> {
    while (this.#running && this.#isFull()) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#failure) throw this.#failure.error;
  }

  /** Waits until all is applied. @throws As `room`. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
    if (this.#failure) throw this.#failure.error;
  }

  /** Waits until what is committed by now is applied, or cannot be. */
  async caughtUp(): Promise<void> {
    const n = this.#pending.at(-1)?.tip.n ?? 0;
    while (this.#running && this.#applied < n) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Applies all, and leaves the log as short as it may be. @throws As `room`. */
  async finish(): Promise<void> {
    await this.idle();
    if (this.#applied === this.#trimmed) return;
    await this.#trim();
    await this.#advance({ trimmed: this.#trimmed });
  }

  #isFull(): boolean {
    const entries = this.#pending.reduce((sum, { images }) => sum + images.length, 0);
    return this.#pending.length >= LAG_COMMITS_MAX || entries >= LAG_ENTRIES_MAX;
  }

  async #run(): Promise<void> {
    try {
      while (this.#pending.length > 0) {
        const group = [...this.#pending];
        await this.#apply(group);
        this.#pending = this.#pending.slice(group.length);
        this.#wake();
      }
    } catch (error) {
      this.#failure = { error };
    }
    this.#running = undefined;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #apply(group: readonly Pending[]): Promise<void> {
    const last = group.at(-1)?.tip;
    if (!last) return;
    await writeImages(this.#collections.entries, this.#collection, imagesOf(group));
    const { n, token, state, definition } = last;
    await this.#advance({
      n,
      commitToken: token,
      state,
      ...(definition === this.#definition ? {} : { definition }),
      trimmed: this.#trimmed,
    });
    this.#definition = definition;
    this.#applied = n;
    if (n - this.#trimmed >= TRIM_COMMITS) await this.#trim();
  }

  /** Nothing goes back: a holder that has lost the lease may be far behind. */
  async #advance(fold: Partial<FoldDocument> & Pick<FoldDocument, 'trimmed'>): Promise<void> {
    const before = fold.n === undefined ? { trimmed: { $lt: fold.trimmed } } : { n: { $lt: fold.n } };
    await this.#collections.folds.updateOne({ _id: this.#collection, ...before }, { $set: fold });
  }

  async #trim(): Promise<void> {
    await this.#log.trim(this.#collection, this.#trimmed, this.#applied);
    this.#trimmed = this.#applied;
  }
}

/** Each entry once, as the last of the commits leaves it. */
function imagesOf(group: readonly LoggedCommit[]): DatedImage[] {
  const images = new Map<string, DatedImage>();
  for (const { images: next, tip } of group) {
    for (const image of next) {
      const before = images.get(image.k);
      images.set(image.k, { n: tip.n, image: before ? followedBy(before.image, image) : image });
    }
  }
  return [...images.values()];
}

import { UnavailableError } from '../../errors.ts';
import type { EntryState } from '../../model/entry-state.ts';
import type { FoldCommit, FoldState } from '../../ports/collection-store.ts';
import { Applier } from './applier.ts';
import { type CommitLog, foldStateOf, type Tip } from './commit-log.ts';
import { changesOf, imageOfPut, imageOfRemoval } from './images.ts';
import type { FoldCollections } from './schema.ts';

/** How often a commit of the holder before may come first: it takes longer to fold one than we to read one. */
const ATTEMPTS_MAX = 20;

/**
 * What the holder of a fold knows: where the log has come to, since nobody else adds to it, and what is not applied
 * yet. Forgotten whenever anything fails: the log tells anew.
 */
export class FoldSession {
  readonly token: number;
  readonly applier: Applier;
  readonly #log: CommitLog;
  readonly #collection: number;
  #tip: Tip;
  /** Of `#tip`, as the fold knows it. */
  #state: FoldState;

  /**
   * Opens the log for a lease: shuts those of before out, and applies what they committed.
   *
   * @returns undefined where a younger lease has done so.
   */
  static async open(
    collections: FoldCollections,
    log: CommitLog,
    collection: number,
    token: number,
  ): Promise<FoldSession | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const { tip, fold, commits } = await log.unapplied(collection);
      if (tip.token > token) return undefined;
      // Another commit may come first, while its holder does not know yet; it ends with the first of ours.
      const fenced = tip.token === token ? tip : await log.append(collection, tip, token, 'FENCE');
      if (!fenced) continue;
      const base = fold ?? { n: 0, definition: null, trimmed: 0 };
      const applier = new Applier(collections, log, collection, base);
      for (const commit of commits) applier.add(commit, new Map());
      if (fenced !== tip) applier.add({ images: [], tip: fenced }, new Map());
      await applier.idle();
      return new FoldSession(log, collection, token, fenced, applier);
    }
    throw new UnavailableError('The holder before commits faster than it can be shut out.');
  }

  private constructor(log: CommitLog, collection: number, token: number, tip: Tip, applier: Applier) {
    this.#log = log;
    this.#collection = collection;
    this.token = token;
    this.#tip = tip;
    this.#state = foldStateOf(tip);
    this.applier = applier;
  }

  get state(): FoldState {
    return this.#state;
  }

  /** @returns False where the lease has gone to another holder. */
  async commit(commit: FoldCommit): Promise<boolean> {
    await this.applier.room();
    const { definition, updatedAt = null, ...numbers } = commit.state;
    const isAsBefore = definition === this.#state.definition;
    const text = isAsBefore || !definition ? undefined : JSON.stringify(definition);
    const images = [...commit.removals.map(imageOfRemoval), ...commit.puts.map(imageOfPut)];
    const tip = await this.#log.append(this.#collection, this.#tip, this.token, {
      state: { ...numbers, updatedAt },
      definition: text === this.#tip.definition ? undefined : text,
      changes: changesOf(commit, this.#tip.state.head),
      puts: images,
    });
    if (!tip) return false;
    this.#tip = tip;
    this.#state = commit.state;
    this.applier.add({ images, tip }, entriesOf(commit));
    return true;
  }
}

function entriesOf({ puts, removals }: FoldCommit): ReadonlyMap<string, EntryState | undefined> {
  return new Map([
    ...removals.map(({ key }) => [key, undefined] as const),
    ...puts.map(({ entry }) => [entry.key, entry] as const),
  ]);
}

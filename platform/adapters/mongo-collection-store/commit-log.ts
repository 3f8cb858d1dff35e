import { UnavailableError } from '../../errors.ts';
import { randomId } from '../../ids.ts';
import type { CollectionDefinition } from '../../model/collection-definition.ts';
import { isDuplicateKey } from '../../mongo.ts';
import type { FoldState } from '../../ports/collection-store.ts';
import { partsOf } from './parts.ts';
import {
  type CommitDocument,
  commitId,
  commitIds,
  type EntryImage,
  type FoldCollections,
  type FoldDocument,
  type PartDocument,
  type StoredChange,
  type StoredState,
} from './schema.ts';

/** Where the log has come to: what the next commit follows. */
export interface Tip {
  readonly n: number;
  /** Under which the last commit was made. */
  readonly token: number;
  readonly state: StoredState;
  /** JSON. */
  readonly definition: string | null;
}

/** A commit that is in the log, as it is to be applied. */
export interface LoggedCommit {
  readonly images: readonly EntryImage[];
  /** What is so after it. */
  readonly tip: Tip;
}

export interface NewCommit {
  readonly state: StoredState;
  /** JSON; undefined where it is as before. */
  readonly definition?: string | undefined;
  readonly changes: readonly StoredChange[];
  readonly puts: readonly EntryImage[];
}

const NOTHING_FOLDED: StoredState = {
  sequence: 0,
  progress: 0,
  head: 0,
  entryCount: 0,
  nextOrdinal: 1,
  updatedAt: null,
  hasStrays: false,
};

/** Larger changes are in parts, so that looking for what is new near the head costs no more than this a commit. */
const INLINE_CHANGES_BYTES = 512 * 1_024;
const INLINE_PUTS_BYTES = 8 * 1_024 * 1_024;

/**
 * How often the log is read again where commits have been added and applied in between. Whoever applies them does
 * dozens before a read could miss one.
 */
const READS_MAX = 20;

/** The commits of collections' folds. To insert one is to commit; whoever comes second at its number has lost. */
export class CommitLog {
  readonly #collections: FoldCollections;

  constructor(collections: FoldCollections) {
    this.#collections = collections;
  }

  /** Where the log has come to, and up to which commit all is applied. */
  async tip(collection: number): Promise<{ readonly tip: Tip; readonly fold: FoldDocument | null }> {
    const { fold, commits } = await this.#tail(collection, { puts: 0, changes: 0 });
    return { tip: commits.reduce(after, baseOf(fold)), fold };
  }

  /** Where the log has come to, and what of it is not applied. */
  async unapplied(
    collection: number,
  ): Promise<{ readonly tip: Tip; readonly fold: FoldDocument | null; readonly commits: LoggedCommit[] }> {
    const { fold, commits } = await this.#tail(collection, { changes: 0 });
    let tip = baseOf(fold);
    const logged: LoggedCommit[] = [];
    for (const commit of commits) {
      tip = after(tip, commit);
      // What is no longer there has been applied by another since.
      logged.push({ images: (await this.#putsOf(commit)) ?? [], tip });
    }
    return { tip, fold, commits: logged };
  }

  /** @returns The tip that it makes, or undefined where another commit has come before it. */
  async append(
    collection: number,
    before: Tip,
    token: number,
    commit: NewCommit | 'FENCE',
  ): Promise<Tip | undefined> {
    const n = before.n + 1;
    const id = randomId();
    const from = before.state.head;
    const place = { _id: commitId(collection, n), c: collection, n, id, token, from };
    const document: CommitDocument =
      commit === 'FENCE'
        ? { ...place, isFence: true }
        : { ...place, ...(await this.#contentOf(place, commit)) };
    try {
      await this.#collections.commits.insertOne(document);
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      // The driver may have sent it twice.
      if (!(await this.#collections.commits.findOne({ _id: document._id, id }))) return undefined;
    }
    return after(before, document);
  }

  /** @returns undefined where they are forgotten. */
  async changesOf(commit: CommitDocument): Promise<readonly StoredChange[] | undefined> {
    const { _id, id, changes = [], changeParts = 0 } = commit;
    if (changeParts === 0) return changes;
    return (await this.#parts(_id, id, 'c', changeParts))?.flatMap((part) => part.changes ?? []);
  }

  /** Takes out what only whoever applies them needs, and commits that changed nothing for readers. */
  async trim(collection: number, behind: number, through: number): Promise<void> {
    const { commits, parts } = this.#collections;
    const range = { _id: commitIds(collection, behind, through) };
    await parts.deleteMany({ ...range, puts: { $exists: true } });
    await parts.updateMany(range, { $currentDate: { at: true } });
    await commits.updateMany(range, { $unset: { puts: 1, putParts: 1 }, $currentDate: { at: true } });
    await commits.deleteMany({
      _id: commitIds(collection, behind - KEPT_COMMITS, through - KEPT_COMMITS),
      to: { $exists: false },
      isFence: { $exists: false },
    });
  }

  async #tail(
    collection: number,
    projection: Record<string, 0>,
  ): Promise<{ fold: FoldDocument | null; commits: CommitDocument[] }> {
    const { folds, commits } = this.#collections;
    for (let read = 0; read < READS_MAX; read++) {
      const fold = await folds.findOne({ _id: collection });
      const first = fold?.n ?? 0;
      const found = await commits.find({ _id: commitIds(collection, first) }, { projection }).toArray();
      found.sort((a, b) => a.n - b.n);
      if (found.every(({ n }, at) => n === first + 1 + at)) return { fold, commits: found };
    }
    throw new UnavailableError('The fold moves on faster than its log can be read.');
  }

  async #contentOf(
    { _id, id, from }: Pick<CommitDocument, '_id' | 'id' | 'from'>,
    { state, definition, changes, puts }: NewCommit,
  ): Promise<Partial<CommitDocument>> {
    const changeParts = partsOf(changes, INLINE_CHANGES_BYTES);
    const putParts = partsOf(puts, INLINE_PUTS_BYTES);
    const parts: PartDocument[] = [
      ...changeParts.map((part, at) => ({ _id: `${_id}/${id}/c${at}`, changes: part })),
      ...putParts.map((part, at) => ({ _id: `${_id}/${id}/p${at}`, puts: part })),
    ];
    // Before the commit: with it, all of it is there.
    if (parts.length > 0) await this.#collections.parts.insertMany(parts, { ordered: false });
    const times = changes.flatMap(({ at }) => at ?? []);
    return {
      state,
      ...(definition === undefined ? {} : { definition }),
      ...(state.head > from ? { to: state.head } : {}),
      ...(changeParts.length > 0 ? { changeParts: changeParts.length } : { changes }),
      ...(putParts.length > 0 ? { putParts: putParts.length } : { puts }),
      ...(times.length > 0 ? { items: times.length, last: Math.max(...times) } : {}),
    };
  }

  async #putsOf({ _id, id, puts, putParts = 0 }: CommitDocument): Promise<readonly EntryImage[] | undefined> {
    if (putParts === 0) return puts;
    return (await this.#parts(_id, id, 'p', putParts))?.flatMap((part) => part.puts ?? []);
  }

  async #parts(
    commit: string,
    id: string,
    kind: 'c' | 'p',
    count: number,
  ): Promise<PartDocument[] | undefined> {
    const ids = Array.from({ length: count }, (_, at) => `${commit}/${id}/${kind}${at}`);
    const found = await this.#collections.parts.find({ _id: { $in: ids } }).toArray();
    const byId = new Map(found.map((part) => [part._id, part]));
    const parts = ids.flatMap((part) => byId.get(part) ?? []);
    return parts.length === count ? parts : undefined;
  }
}

/**
 * Commits without anything for readers that stay at the end of the log: a commit that arrives late, sent again by a
 * driver that got no answer, finds its number taken.
 */
const KEPT_COMMITS = 64;

export function baseOf(fold: FoldDocument | null): Tip {
  return {
    n: fold?.n ?? 0,
    token: fold?.commitToken ?? 0,
    state: fold?.state ?? NOTHING_FOLDED,
    definition: fold?.definition ?? null,
  };
}

function after(before: Tip, { n, token, state, definition }: CommitDocument): Tip {
  return { n, token, state: state ?? before.state, definition: definition ?? before.definition };
}

export function foldStateOf({ state, definition }: Pick<Tip, 'state' | 'definition'>): FoldState {
  return {
    ...state,
    updatedAt: state.updatedAt ?? undefined,
    definition: definition === null ? undefined : (JSON.parse(definition) as CollectionDefinition),
  };
}

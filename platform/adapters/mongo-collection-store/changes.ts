import { UnavailableError } from '../../errors.ts';
import { entryId } from '../../model/entry.ts';
import type { ChangePage, EntryChange } from '../../model/record.ts';
import type { ChangesRequest, CollectionStatus, HistoryItem } from '../../ports/collection-store.ts';
import type { CatalogueEntry } from './catalogue.ts';
import { baseOf, type CommitLog } from './commit-log.ts';
import { sourceIdsOf } from './images.ts';
import type { CommitDocument, EntryDocument, FoldCollections, FoldDocument, StoredChange } from './schema.ts';
import { readInWindows } from './windows.ts';

/** Readers no further behind than this, or than so many pages, look for what they want in the log. */
const NEAR_VERSIONS = 1_000;
const NEAR_PAGES = 4;
/** Commits that a page is made of at the most: twice what may wait to be applied. */
const TAIL_COMMITS_MAX = 32;
/** Commits that are read in one go for the history: as a rule, each has as many items as a chunk of the fold entries. */
const HISTORY_COMMITS = 16;
/** How often a page is begun anew where what it is made of was applied and forgotten meanwhile. */
const READS_MAX = 20;

/** What readers are told of an entry, and what they want of a commit. */
const TOLD = { _id: 0, k: 1, v: 1, a: 1, b: 1, f: 1, x: 1, 'u.s': 1 } as const;
const CHANGES = { puts: 0, state: 0, definition: 0 } as const;

/** What commits behind a version say, without gaps up to a head. */
interface Tail {
  readonly head: number;
  readonly changes: readonly StoredChange[];
}

/**
 * The readers' side. Whoever is near the head is served from the log, in which a commit is there as a whole or not
 * at all. Others are served from the entries, which are right up to the commit to which all is applied, and from
 * the log behind it: an entry that has moved on meanwhile is told of there.
 */
export class MongoChanges {
  readonly #collections: FoldCollections;
  readonly #log: CommitLog;

  constructor(collections: FoldCollections, log: CommitLog) {
    this.#collections = collections;
    this.#log = log;
  }

  async status(number: number): Promise<CollectionStatus> {
    const { head, entryCount, updatedAt } = (await this.#log.tip(number)).tip.state;
    return { head, entryCount, updatedAt: updatedAt ?? undefined };
  }

  async since(collection: CatalogueEntry, request: ChangesRequest): Promise<ChangePage> {
    for (let read = 0; read < READS_MAX; read++) {
      const page =
        (await this.#fromLog(collection, request)) ?? (await this.#fromEntries(collection, request));
      if (page) return page;
    }
    throw new UnavailableError('The fold moves on faster than its changes can be read.');
  }

  async history(number: number, version: number, limit: number): Promise<HistoryItem[]> {
    const { head } = (await this.#log.tip(number)).tip.state;
    const items: HistoryItem[] = [];
    for (let after = version; items.length < limit; ) {
      const commits = await this.#commits(number, after, head, Math.min(HISTORY_COMMITS, limit));
      const last = commits.at(-1)?.to;
      if (last === undefined) break;
      for (const commit of commits) {
        const changes = (await this.#log.changesOf(commit)) ?? [];
        items.push(...changes.filter(({ v }) => v > version).flatMap(historyItemOf));
      }
      after = last;
    }
    return items.slice(0, limit);
  }

  /** @returns undefined where the log does not reach from the reader's version to the head, or reaches too far. */
  async #fromLog(
    { number, incarnation, name }: CatalogueEntry,
    { version, limit, resetHead, ...request }: ChangesRequest,
  ): Promise<ChangePage | undefined> {
    if (request.incarnation !== incarnation) return undefined;
    const fold = await this.#fold(number);
    const { head: applied } = baseOf(fold).state;
    const near = Math.max(NEAR_VERSIONS, NEAR_PAGES * limit);
    if (version < applied - near || isForgotten(fold, version, resetHead)) return undefined;
    const tail = await this.#tail(number, version);
    // Nothing behind it is known to be at the head only where the head is known to be no further back.
    if (!tail || (tail.changes.length === 0 && version !== applied)) return undefined;
    return pageOf(name, { incarnation, reset: false, head: tail.head, limit }, newest(tail.changes));
  }

  /** @returns undefined where the log was applied and forgotten in the middle of it, or tombstones were. */
  async #fromEntries(
    { number, incarnation, name }: CatalogueEntry,
    { version, limit, resetHead, ...request }: ChangesRequest,
  ): Promise<ChangePage | undefined> {
    const { tip, fold } = await this.#log.tip(number);
    const applied = baseOf(fold).state.head;
    const isKnown = request.incarnation === incarnation && version <= tip.state.head;
    const reset = !isKnown || isForgotten(fold, version, resetHead);
    const after = reset ? 0 : version;
    const entries = await this.#entries(number, after, applied, limit, reset);
    const tail =
      entries.length < limit
        ? await this.#tail(number, Math.max(after, applied))
        : { head: tip.state.head, changes: [] };
    if (!tail || tail.head < tip.state.head) return undefined;
    // Tombstones that were forgotten since the fold was read are missing in it.
    if (!reset && isForgotten(await this.#fold(number), version, resetHead)) return undefined;
    const told = newest([...entries, ...tail.changes]).filter(({ f }) => !reset || f !== null);
    return pageOf(name, { incarnation, reset, head: tail.head, limit }, told);
  }

  /** What commits say behind a version. @returns undefined where some of it is forgotten, or it is too much. */
  async #tail(number: number, version: number): Promise<Tail | undefined> {
    const commits = await this.#collections.commits
      .find({ c: number, to: { $gt: version } }, { projection: CHANGES })
      .limit(TAIL_COMMITS_MAX + 1)
      .toArray();
    if (commits.length > TAIL_COMMITS_MAX) return undefined;
    commits.sort((a, b) => a.n - b.n);
    let head = version;
    const changes: StoredChange[] = [];
    for (const commit of commits) {
      const isNext = changes.length === 0 && head === version ? commit.from <= head : commit.from === head;
      const said = isNext ? await this.#log.changesOf(commit) : undefined;
      if (!said) return undefined;
      changes.push(...said.filter(({ v }) => v > version));
      head = commit.to ?? head;
    }
    return { head, changes };
  }

  /** Entries, and tombstones that are not forgotten unless a reader begins anew, with versions in (after, through]. */
  async #entries(
    number: number,
    after: number,
    through: number,
    limit: number,
    reset: boolean,
  ): Promise<StoredChange[]> {
    const found = await readInWindows({ after, through, limit }, (window) =>
      this.#collections.entries
        .find(
          {
            c: number,
            v: { $gt: window.after, $lte: window.through },
            ...(reset ? { x: { $ne: true as const } } : { g: { $exists: false } }),
          },
          { projection: TOLD },
        )
        .sort({ v: 1 })
        .limit(window.limit)
        .toArray(),
    );
    return found.map(changeOf);
  }

  async #commits(number: number, after: number, through: number, limit: number): Promise<CommitDocument[]> {
    return readInWindows({ after, through, limit }, (window) =>
      this.#collections.commits
        .find({ c: number, to: { $gt: window.after, $lte: window.through } }, { projection: CHANGES })
        .sort({ to: 1 })
        .limit(window.limit)
        .toArray(),
    );
  }

  async #fold(number: number): Promise<FoldDocument | null> {
    return this.#collections.folds.findOne<FoldDocument>({ _id: number }, { projection: { definition: 0 } });
  }
}

/** What was removed up to the floor is forgotten; whoever began from nothing behind the floor never had it. */
function isForgotten(fold: FoldDocument | null, version: number, resetHead: number | undefined): boolean {
  const floor = fold?.floor ?? 0;
  return version < floor && (resetHead === undefined || resetHead < floor);
}

/** The newest change of each entry, in the order of versions. */
function newest(changes: readonly StoredChange[]): StoredChange[] {
  const byKey = new Map<string, StoredChange>();
  for (const change of changes) {
    if (change.a !== undefined && change.v > (byKey.get(change.k)?.v ?? 0)) byKey.set(change.k, change);
  }
  return [...byKey.values()].sort((a, b) => a.v - b.v);
}

function pageOf(
  name: string,
  page: {
    readonly incarnation: string;
    readonly reset: boolean;
    readonly head: number;
    readonly limit: number;
  },
  told: readonly StoredChange[],
): ChangePage {
  const { incarnation, reset, head, limit } = page;
  const changes = told.slice(0, limit).map((change) => entryChangeOf(name, change));
  // A page that is not full has come to the head, whatever the version of its last change.
  const version = changes.length < limit ? head : (changes.at(-1)?.version ?? head);
  return { incarnation, reset, changes, version, head };
}

function entryChangeOf(name: string, { v, k, f, a = 0, b = 0, s = [] }: StoredChange): EntryChange {
  return {
    id: entryId(name, k),
    key: k,
    version: v,
    removed: f === null,
    fields: f === null ? null : JSON.parse(f),
    firstSeenAt: new Date(a).toISOString(),
    updatedAt: new Date(b).toISOString(),
    sourceIds: s,
  };
}

function changeOf(entry: EntryDocument): StoredChange {
  const { k, v, a, b, f = null } = entry;
  return { k, v, a, b, f, s: sourceIdsOf(entry) };
}

function historyItemOf({ v, k, f, at }: StoredChange): HistoryItem[] {
  return at === undefined ? [] : [{ version: v, key: k, fields: f === null ? null : JSON.parse(f), at }];
}

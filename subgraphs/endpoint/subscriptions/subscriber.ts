import type { Condition } from '../querying/condition.ts';
import { matches } from '../querying/condition-match.ts';
import { readPage } from '../querying/page.ts';
import type { CollectionView } from '../view/collection-view.ts';
import type { ViewEntry } from '../view/row-codec.ts';
import type { RecentChanges } from './recent-changes.ts';
import { encodeSubscriptionCursor, type SubscriptionCursor } from './subscription-cursor.ts';

export type SubscriptionEvent =
  | {
      readonly kind: 'snapshot';
      readonly cursor: string;
      readonly entries: readonly ViewEntry[];
      readonly complete: boolean;
    }
  | {
      readonly kind: 'delta';
      readonly cursor: string;
      readonly upserted: readonly ViewEntry[];
      readonly removed: readonly string[];
    }
  | { readonly kind: 'cursorExpired'; readonly cursor: string; readonly message: string };

/** What subscribers read from. */
export interface Feed {
  readonly view: CollectionView;
  readonly recent: RecentChanges;
}

export interface SubscriberOptions {
  readonly condition: Condition | undefined;
  /** Where it resumes; without, it begins with a snapshot, or from now on. */
  readonly after?: SubscriptionCursor | undefined;
  readonly snapshot: boolean;
  /** Entries in one event. */
  readonly pageEntries: number;
}

/** What changed of an entry between two versions; `before` is undefined where it is not known. */
interface Change {
  readonly id: string;
  readonly version: number;
  readonly before: ViewEntry | null | undefined;
  readonly entry: ViewEntry | null;
}

const EXPIRED =
  'The cursor is older than what is remembered of changes, or of another collection. A snapshot follows.';
const REPLACED = 'All entries have been read anew. A snapshot follows.';

/**
 * One subscriber's place in a collection. It is asked for the next event when its reader wants one, and then
 * tells in one delta, page by page, all that happened since: a slow reader costs no memory, it gets less often more.
 */
export class Subscriber {
  readonly #feed: Feed;
  readonly #options: SubscriberOptions;
  #epoch: number;
  /** Behind this version the reader knows all; within a snapshot, what the snapshot began at. */
  #version: number;
  /** Key of the last entry of the snapshot sent, null before the first; undefined where none is being sent. */
  #snapshotKey: string | null | undefined;
  /**
   * From this version on, what the reader has is exactly what matched. Before it, it may have entries from
   * later than its version, so that whatever no longer matches is told as removed.
   */
  #exactFrom: number;
  #expired: string | undefined;

  constructor(feed: Feed, options: SubscriberOptions) {
    this.#feed = feed;
    this.#options = options;
    const { epoch, state } = feed.view;
    const { after } = options;
    this.#epoch = epoch;
    this.#version = after?.version ?? state.version;
    this.#snapshotKey = after ? after.snapshotKey : options.snapshot ? null : undefined;
    this.#exactFrom = Math.max(this.#version, state.version, after?.exactFrom ?? 0);
    if (!after) return;
    const isUnknown = after.incarnation !== state.incarnation || after.version > state.version;
    if (isUnknown || after.version < state.floor) this.#expired = EXPIRED;
  }

  /** @returns undefined where there is nothing to tell now. */
  next(): SubscriptionEvent | undefined {
    const { view } = this.#feed;
    if (this.#epoch !== view.epoch) this.#expired = REPLACED;
    else if (this.#version < view.state.floor) this.#expired ??= EXPIRED;
    if (this.#expired !== undefined) return this.#expire(this.#expired);
    if (this.#snapshotKey !== undefined) return this.#snapshotPage(this.#snapshotKey);
    while (this.#version < view.state.version) {
      const delta = this.#delta();
      if (delta) return delta;
    }
    return undefined;
  }

  #expire(message: string): SubscriptionEvent {
    const { epoch, state } = this.#feed.view;
    this.#expired = undefined;
    this.#epoch = epoch;
    this.#version = state.version;
    this.#snapshotKey = null;
    return { kind: 'cursorExpired', cursor: this.#cursor(), message };
  }

  #snapshotPage(afterKey: string | null): SubscriptionEvent {
    const { view } = this.#feed;
    const { condition, pageEntries } = this.#options;
    const found = readPage(view, {
      condition,
      order: [],
      after: afterKey === null ? undefined : { values: [], key: afterKey },
      limit: pageEntries + 1,
    });
    const entries = found.slice(0, pageEntries);
    const complete = found.length <= pageEntries;
    this.#snapshotKey = complete ? undefined : entries.at(-1)?.key;
    // Its pages are of different versions, the last of this one.
    this.#exactFrom = view.state.version;
    return { kind: 'snapshot', cursor: this.#cursor(), entries, complete };
  }

  #delta(): SubscriptionEvent | undefined {
    const { pageEntries, condition } = this.#options;
    const isExact = this.#version >= this.#exactFrom;
    const { changes, to } = this.#changes(isExact);
    const page = changes.slice(0, pageEntries);
    const last = page.at(-1);
    if (page.length < changes.length && last) {
      this.#version = last.version;
      // Entries further on may have changed within this page's versions, which the reader is not told.
      this.#exactFrom = to;
    } else {
      this.#version = to;
    }
    const upserted: ViewEntry[] = [];
    const removed: string[] = [];
    for (const { id, before, entry } of page) {
      if (entry && matches(condition, entry)) upserted.push(entry);
      else if (before === undefined || (before && matches(condition, before))) removed.push(id);
    }
    if (upserted.length === 0 && removed.length === 0) return undefined;
    return { kind: 'delta', cursor: this.#cursor(), upserted, removed };
  }

  /** What changed since the version, one change per entry, in the order of versions; at least up to `to`. */
  #changes(isExact: boolean): { changes: readonly Change[]; to: number } {
    const { view, recent } = this.#feed;
    const sets = recent.after(this.#version, view.epoch);
    if (!sets) {
      const changes = view.table
        .changedAfter(this.#version, this.#options.pageEntries + 1)
        .map((change) => ({ ...change, before: undefined }));
      return { changes, to: view.state.version };
    }
    const byId = new Map<string, Change>();
    for (const change of sets.flatMap((set) => set.changes)) {
      const first = byId.get(change.id);
      const before = isExact ? (first ? first.before : change.before) : undefined;
      byId.delete(change.id);
      byId.set(change.id, { ...change, before });
    }
    return { changes: [...byId.values()], to: view.state.version };
  }

  #cursor(): string {
    const { incarnation } = this.#feed.view.state;
    const place = { incarnation, version: this.#version };
    if (this.#snapshotKey !== undefined) {
      return encodeSubscriptionCursor({ ...place, snapshotKey: this.#snapshotKey });
    }
    const isExact = this.#version >= this.#exactFrom;
    return encodeSubscriptionCursor(isExact ? place : { ...place, exactFrom: this.#exactFrom });
  }
}

import type { Clock } from '../../../platform/clock.ts';
import { BadUserInputError, CursorInvalidError, TributaryError } from '../../../platform/errors.ts';
import {
  decodeChangeCursor,
  decodeCursor,
  encodeChangeCursor,
  encodeCursor,
} from '../../../platform/model/cursor.ts';
import type { ChangePage, EntryChange } from '../../../platform/model/record.ts';
import type { CollectionStore } from '../../../platform/ports/collection-store.ts';
import type { Collections } from '../collections.ts';
import type {
  Collection,
  CollectionConnection,
  CollectionDelta,
  Entry,
  QueryChangesSinceArgs,
  QueryCollectionsArgs,
} from '../generated.ts';
import type { ChangeHub } from './change-hub.ts';
import { ChangeStream } from './change-stream.ts';

/** Nodes of one page of a connection. */
const PAGE_MAX = 100;
/** Changes of one page between services. */
const CHANGES_MAX = 10_000;
/** Changes of one delta: a frame that apps parse in one go. */
const DELTA_CHANGES_MAX = 1_000;

export interface CollectionViewDeps {
  readonly store: CollectionStore;
  readonly collections: Collections;
  readonly hub: ChangeHub;
  readonly clock: Clock;
  /** Resolves when all definitions that configuration has now are known. */
  readonly refreshDefinitions: () => Promise<void>;
  /** An unknown name was asked for: its definition may be on its way. */
  readonly onUnknown: () => void;
}

/** What the graph shows of collections and their changes. */
export class CollectionViews {
  readonly #deps: CollectionViewDeps;

  constructor(deps: CollectionViewDeps) {
    this.#deps = deps;
  }

  /** @returns undefined where there is none of that name, as far as is known. */
  async byName(name: string): Promise<Collection | undefined> {
    const definition = this.#deps.collections.byName(name);
    if (!definition) {
      this.#deps.onUnknown();
      return undefined;
    }
    const { incarnation } = definition;
    const { head, entryCount, updatedAt } = await this.#deps.store.status(incarnation);
    return {
      name,
      entryCount,
      updatedAt: updatedAt === undefined ? null : new Date(updatedAt).toISOString(),
      cursor: encodeChangeCursor({ incarnation, version: head }),
    };
  }

  /** A collection that another subgraph refers to: where we do not know it yet, it is empty. */
  async byReference(name: string): Promise<Collection> {
    const unknown = { incarnation: '', version: 0 };
    return (
      (await this.byName(name)) ?? {
        name,
        entryCount: 0,
        updatedAt: null,
        cursor: encodeChangeCursor(unknown),
      }
    );
  }

  async page({ first, after }: QueryCollectionsArgs): Promise<CollectionConnection> {
    const { collections } = this.#deps;
    const size = first ?? 20;
    if (size < 1 || size > PAGE_MAX) {
      throw new BadUserInputError(`"first" takes a whole number from 1 to ${PAGE_MAX}.`);
    }
    const behind = after == null ? undefined : nameOf(after);
    const found = collections.behind(behind, size + 1);
    const edges = await Promise.all(
      found.slice(0, size).map(async ({ name }) => ({
        cursor: encodeCursor(['c', name]),
        node: await this.byReference(name),
      })),
    );
    return {
      edges,
      nodes: edges.map((edge) => edge.node),
      pageInfo: {
        hasNextPage: found.length > size,
        hasPreviousPage:
          behind !== undefined && collections.behind(undefined, 1).some(({ name }) => name <= behind),
        startCursor: edges[0]?.cursor ?? null,
        endCursor: edges.at(-1)?.cursor ?? null,
      },
      totalCount: collections.count,
    };
  }

  async changesSince(args: QueryChangesSinceArgs): Promise<ChangePage> {
    const { collection, incarnation, version = 0, first = 1_000, resetHead } = args;
    if (first < 1 || first > CHANGES_MAX) {
      throw new BadUserInputError(`"first" takes a whole number from 1 to ${CHANGES_MAX}.`);
    }
    const live = await this.#live(collection);
    return this.#deps.store.changesSince(live, {
      incarnation: incarnation ?? undefined,
      version,
      limit: first,
      resetHead: resetHead ?? undefined,
    });
  }

  async changes(name: string, after: string | null | undefined): Promise<ChangeStream> {
    const cursor = after == null ? undefined : decodeChangeCursor(after);
    const incarnation = await this.#live(name);
    const { store, hub } = this.#deps;
    const { head } = await store.status(incarnation);
    const from = cursor ?? { incarnation, version: head };
    return new ChangeStream({ store, hub }, { incarnation, after: from, pageMax: DELTA_CHANGES_MAX });
  }

  async delta(name: string, page: ChangePage): Promise<CollectionDelta> {
    const asOf = new Date(this.#deps.clock.now()).toISOString();
    const { incarnation, version, reset, changes } = page;
    return {
      collection: await this.byReference(name),
      cursor: encodeChangeCursor({ incarnation, version }),
      upserted: changes.filter((change) => !change.removed).map((change) => entryOf(change, asOf)),
      removed: changes.filter((change) => change.removed).map((change) => change.id),
      reset,
    };
  }

  /** @throws {TributaryError} NOT_FOUND, also after configuration was asked. */
  async #live(name: string): Promise<string> {
    const { collections, refreshDefinitions } = this.#deps;
    if (!collections.byName(name)) await refreshDefinitions();
    const definition = collections.byName(name);
    if (!definition) throw new TributaryError('NOT_FOUND', `There is no collection ${name}.`);
    return definition.incarnation;
  }
}

function entryOf({ id, key, fields, firstSeenAt, updatedAt, sourceIds }: EntryChange, asOf: string): Entry {
  const sources = sourceIds.map((sourceId) => ({ __typename: 'Source', id: sourceId }));
  const freshness = { asOf, isStale: false, reason: null };
  return { id, key, fields, meta: { key, firstSeenAt, updatedAt, sources, freshness } };
}

/** @throws {CursorInvalidError} */
function nameOf(cursor: string): string {
  const [tag, name] = decodeCursor(cursor);
  if (tag !== 'c' || typeof name !== 'string') throw new CursorInvalidError(cursor);
  return name;
}

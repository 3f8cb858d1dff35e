import type { CollectionDefinition } from '../../platform/model/collection-definition.ts';
import type { EntryState } from '../../platform/model/entry-state.ts';
import type {
  BatchDelivery,
  CollectionStore,
  EntryPut,
  FoldCommit,
  FoldLease,
} from '../../platform/ports/collection-store.ts';

export const NOW = Date.UTC(2026, 0, 1);

export function definitionOf(change: Partial<CollectionDefinition> = {}): CollectionDefinition {
  return {
    name: 'books',
    incarnation: 'books-1',
    revision: 1,
    deleted: false,
    fields: [{ name: 'title', type: 'STRING', list: false, merge: 'LATEST' }],
    key: ['title'],
    sources: [
      { id: 'shop', retain: 'LATEST_RUN' },
      { id: 'library', retain: 'P1D' },
    ],
    ...change,
  };
}

export function batchOf(change: Partial<BatchDelivery> = {}): BatchDelivery {
  return {
    incarnation: 'books-1',
    batchId: 'batch-1',
    sourceId: 'shop',
    runId: 'run-1',
    token: 1,
    records: [{ key: 'Emma', fields: { title: 'Emma' } }],
    seenKeys: ['Persuasion'],
    ...change,
  };
}

export function entryOf(ordinal: number, change: Partial<EntryState> = {}): EntryState {
  const key = `key-${ordinal}`;
  return {
    ordinal,
    key,
    version: ordinal,
    fields: { title: key },
    firstSeenAt: NOW,
    updatedAt: NOW,
    contributions: [contributionOf('shop', 100)],
    ...change,
  };
}

export function contributionOf(
  sourceId: string,
  touched: number,
  oldestSeenAt?: number,
): EntryState['contributions'][0] {
  const item = { values: { title: 'any' }, first: touched, news: touched, seen: touched, seenAt: NOW };
  return { sourceId, touched, said: touched, saidBefore: 0, items: [item], oldestSeenAt };
}

/** Commits as the fold would: entries put or removed move the head, history goes with them. */
export async function commit(
  store: CollectionStore,
  lease: FoldLease,
  puts: readonly EntryPut[],
  removed: readonly { readonly stored: EntryState; readonly version: number; readonly at?: number }[] = [],
): Promise<void> {
  const before = await store.foldState(lease.incarnation);
  if (!before) throw new Error('The collection is gone.');
  const versions = [...puts.map(({ entry }) => entry.version), ...removed.map(({ version }) => version)];
  const added = puts.filter(({ stored }) => !stored).length;
  const change: FoldCommit = {
    state: {
      ...before,
      definition: before.definition ?? definitionOf(),
      head: Math.max(before.head, ...versions),
      entryCount: before.entryCount + added - removed.length,
      nextOrdinal: Math.max(before.nextOrdinal, ...puts.map(({ entry }) => entry.ordinal + 1)),
      updatedAt: NOW,
    },
    puts,
    removals: removed.map(({ stored, version, at = NOW }) => ({
      key: stored.key,
      version,
      firstSeenAt: stored.firstSeenAt,
      removedAt: at,
      stored,
    })),
    history: [
      ...puts
        .filter(({ entry, stored }) => entry.version !== stored?.version)
        .map(({ entry }) => ({ version: entry.version, key: entry.key, fields: entry.fields, at: NOW })),
      ...removed.map(({ stored, version, at = NOW }) => ({ version, key: stored.key, fields: null, at })),
    ].sort((a, b) => a.version - b.version),
  };
  await store.commitFold(lease, change);
}

import type { EntryState } from '../../model/entry-state.ts';
import type { FieldValues } from '../../model/record.ts';
import type { EntryPut, EntryRemoval, FoldCommit } from '../../ports/collection-store.ts';
import { contributionsOf, contributionsText } from '../contribution-text.ts';
import type { EntryBody, EntryImage, SourceMark, StoredChange } from './schema.ts';

/** Sources stand for themselves here. */
const sameId = (sourceId: string) => sourceId;

/** An entry as it is to be written: in part where it keeps its version, as then only its contributions are others. */
export function imageOfPut({ entry, stored }: EntryPut): EntryImage {
  const { key, version, ordinal, firstSeenAt, updatedAt } = entry;
  const fields = JSON.stringify(entry.fields);
  const due = entry.contributions.flatMap(({ sourceId, oldestSeenAt }): SourceMark[] =>
    oldestSeenAt === undefined ? [] : [{ s: sourceId, t: oldestSeenAt }],
  );
  const image = {
    k: key,
    p: contributionsText(entry.contributions, fields, sameId),
    u: entry.contributions.map(({ sourceId, touched }): SourceMark => ({ s: sourceId, t: touched })),
    ...(due.length > 0 ? { d: due } : {}),
  };
  const wasDue = stored?.contributions.some(({ oldestSeenAt }) => oldestSeenAt !== undefined) ?? false;
  // What is written in part takes nothing away.
  const isPart = stored?.ordinal === ordinal && stored.version === version && (due.length > 0 || !wasDue);
  if (isPart) return image;
  const whole = { ...image, v: version, o: ordinal, a: firstSeenAt, b: updatedAt, f: fields };
  return stored ? whole : { ...whole, isNew: true };
}

export function imageOfRemoval({ key, version, firstSeenAt, removedAt, stored }: EntryRemoval): EntryImage {
  const tombstone = { k: key, v: version, a: firstSeenAt, b: removedAt, x: true } as const;
  return stored ? tombstone : { ...tombstone, isNew: true };
}

/** Whether it is all of the entry, so that what was stored before does not matter. */
export function isWhole(image: EntryImage): image is EntryImage & EntryBody {
  return image.v !== undefined;
}

/** What two commits one after the other make of an entry. */
export function followedBy(image: EntryImage, next: EntryImage): EntryImage {
  const { isNew: _, ...later } = next;
  const both = isWhole(next) ? later : { ...image, ...later };
  return image.isNew ? { ...both, isNew: true } : both;
}

export function entryOf(body: Omit<EntryBody, 'u' | 'd'>): EntryState | undefined {
  const { k, v, a, b, o, f, p } = body;
  if (o === undefined || f === undefined || p === undefined) return undefined;
  const fields: FieldValues = JSON.parse(f);
  return {
    ordinal: o,
    key: k,
    version: v,
    fields,
    firstSeenAt: a,
    updatedAt: b,
    contributions: contributionsOf(p, fields, sameId),
  };
}

/** Sources of an entry, as readers of changes want them. */
export function sourceIdsOf({ u = [] }: Pick<EntryBody, 'u'>): string[] {
  return u.map(({ s }) => s);
}

/** What readers behind `from` are told of a commit, in the order of versions. */
export function changesOf({ puts, removals, history }: FoldCommit, from: number): StoredChange[] {
  const changes = new Map<number, StoredChange>();
  for (const { version, key, fields, at } of history) {
    changes.set(version, { v: version, k: key, f: fields && JSON.stringify(fields), at });
  }
  for (const { entry } of puts) {
    const { version, key, fields, firstSeenAt, updatedAt, contributions } = entry;
    if (version <= from) continue;
    const told = changes.get(version) ?? { v: version, k: key, f: JSON.stringify(fields) };
    const s = contributions.map(({ sourceId }) => sourceId);
    changes.set(version, { ...told, a: firstSeenAt, b: updatedAt, s });
  }
  for (const { key, version, firstSeenAt, removedAt } of removals) {
    const told = changes.get(version) ?? { v: version, k: key, f: null };
    changes.set(version, { ...told, a: firstSeenAt, b: removedAt, s: [] });
  }
  return [...changes.values()].sort((a, b) => a.v - b.v);
}

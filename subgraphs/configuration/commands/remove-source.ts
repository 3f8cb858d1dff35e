import type { DataDisposal, Source } from '../../../platform/model/source.ts';
import type { CollectionChange, CollectionRecord } from '../../../platform/ports/source-store.ts';
import { unionOf } from '../collection-definition.ts';
import { removed } from '../source-life.ts';
import { apply, type CommandContext, notFound, openRuns, type Refused, untilCommitted } from './context.ts';

export interface Removed {
  readonly removedId: string;
  readonly userErrors: readonly [];
}

/** One that was removed with KEEP can be removed again with DELETE, to take its data out after all. */
export function removeSource(
  context: CommandContext,
  id: string,
  data: DataDisposal,
): Promise<Removed | Refused> {
  const { store, announcer, clock } = context;
  return untilCommitted<Removed | Refused>(async () => {
    const source = await store.source(id);
    if (!source || source.removed === 'DELETE' || source.removed === data) return notFound();
    const collection = await store.collection(source.spec.collection);
    if (!collection) return undefined;
    const all = await store.sourcesOfCollection(source.spec.collection, source.incarnation);
    const stored = await apply(context, {
      ...removed(source, data, await openRuns(store, source), clock.now()),
      collection: collectionWithout(collection, all, source, data),
    });
    if (!stored) return undefined;
    announcer.cluster();
    // What it was about is gone; the last run stays, since the tombstone names it.
    if (data === 'DELETE') await store.pruneRuns(id, 1);
    return { removedId: id, userErrors: [] };
  });
}

/**
 * With KEEP the definition stays, but for the mark on the source. With DELETE it loses what only this source
 * gave; with its last living source the whole collection goes, and with it what removed ones had left there.
 */
function collectionWithout(
  collection: CollectionRecord,
  all: readonly Source[],
  source: Source,
  data: DataDisposal,
): CollectionChange {
  const { name, incarnation, fields, key, revision } = collection;
  const same = { name, incarnation, fields, key, isDeleted: false, expectedRevision: revision };
  if (data === 'KEEP') return same;
  const others = all.filter((other) => other.spec.id !== source.spec.id);
  const isLastLiving = source.removed === null && others.every((other) => other.removed !== null);
  if (others.length === 0 || isLastLiving) return { ...same, isDeleted: true };
  return { ...same, ...unionOf(others.map((other) => other.spec)) };
}

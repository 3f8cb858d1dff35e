import type { Db } from 'mongodb';
import { randomId } from '../../ids.ts';
import {
  type Appended,
  CollectionGoneError,
  type DefinitionStore,
  type JournalStore,
} from '../../ports/collection-store.ts';
import type { Catalogue, CatalogueEntry } from './catalogue.ts';
import { type Append, batchAppend, completionAppend, expiryAppend } from './deliveries.ts';
import { JournalAppender } from './journal-appender.ts';
import { owed, takeDefinition } from './journal-definitions.ts';
import { JournalReader } from './journal-reader.ts';
import { itemRange, type JournalCollections, journalCollections } from './journal-schema.ts';
import { JournalTail } from './journal-tail.ts';

export { journalMigrations } from './journal-schema.ts';

/** Collections looked at side by side: some of the connections stay free for others. */
const SIDE_BY_SIDE = 8;

/** Sequence up to which each collection, by number, is folded for good. */
export type FoldedUpTo = (numbers: readonly number[]) => Promise<ReadonlyMap<number, number>>;

export interface MongoJournal extends DefinitionStore, JournalStore {
  /**
   * Drops what it has of a collection that is gone, at most about `limit` items of it. A replica that has not learnt
   * it yet may leave a few behind, under a number that is never given again.
   *
   * @returns Whether nothing of it is left.
   */
  dropChunk(entry: CatalogueEntry, limit: number): Promise<boolean>;
  close(): Promise<void>;
}

/** Definitions and journal, which several replicas append to at once. */
export function createJournal(db: Db, catalogue: Catalogue, foldedUpTo: FoldedUpTo): MongoJournal {
  const tables = journalCollections(db);
  const reader = new JournalReader(tables);
  const appenders = new Map<string, { readonly number: number; readonly appender: JournalAppender }>();
  const writer = randomId();

  const appenderOf = ({ incarnation, number }: CatalogueEntry): JournalAppender => {
    const known = appenders.get(incarnation);
    if (known?.number === number) return known.appender;
    const appender = new JournalAppender(tables, number, writer);
    appenders.set(incarnation, { number, appender });
    return appender;
  };

  const append = async (entry: CatalogueEntry, { decide, ...rest }: Append): Promise<Appended> => {
    const whole = {
      ...rest,
      decide: (...[state, found]: Parameters<Append['decide']>) =>
        owed(state, entry.definition) ?? decide(state, found),
    };
    try {
      return await appenderOf(entry).append(whole);
    } catch (error) {
      if (error instanceof CollectionGoneError) letGo(entry.incarnation);
      throw error;
    }
  };

  const letGo = (incarnation: string) => {
    appenders.get(incarnation)?.appender.discard(new CollectionGoneError(incarnation));
    appenders.delete(incarnation);
    catalogue.forget(incarnation);
  };

  return {
    async definitions() {
      // The revision first: what is taken over in between is among the definitions, and is only read twice.
      const revision = await catalogue.revision();
      const live = (await catalogue.all()).filter(({ isDeleted }) => !isDeleted);
      return { revision, definitions: live.map(({ definition }) => definition) };
    },
    async takeDefinitions(definitions, revision, nowMs) {
      for (const definition of definitions) {
        await takeDefinition({ catalogue, append }, definition, nowMs);
        if (definition.deleted) letGo(definition.incarnation);
      }
      await catalogue.setRevision(revision);
    },

    async appendBatch(batch, nowMs) {
      const entry = await catalogue.live(batch.incarnation);
      return append(entry, batchAppend(entry.number, batch, nowMs));
    },
    async appendCompletion(completion, nowMs) {
      const entry = await catalogue.live(completion.incarnation);
      return append(entry, completionAppend(entry.number, completion, nowMs));
    },
    async appendExpiry(incarnation, nowMs) {
      const entry = await catalogue.live(incarnation);
      return append(entry, expiryAppend(incarnation, nowMs));
    },

    async readJournal(incarnation, after, recordsMax) {
      const entry = await catalogue.known(incarnation);
      return entry ? reader.read(entry.number, after, recordsMax) : [];
    },
    async unfolded() {
      const entries = await catalogue.all();
      const folded = await foldedUpTo(entries.map(({ number }) => number));
      const unfolded: string[] = [];
      for (let at = 0; at < entries.length; at += SIDE_BY_SIDE) {
        const some = entries.slice(at, at + SIDE_BY_SIDE);
        const hasMore = await Promise.all(
          some.map(({ number, isDeleted }) => isDeleted || reader.hasMore(number, folded.get(number) ?? 0)),
        );
        unfolded.push(...some.filter((_, index) => hasMore[index]).map(({ incarnation }) => incarnation));
      }
      return unfolded;
    },
    async pruneJournal(before, limit) {
      const live = (await catalogue.all()).filter(({ isDeleted }) => !isDeleted);
      const folded = await foldedUpTo(live.map(({ number }) => number));
      let forgotten = 0;
      for (const entry of live) {
        if (forgotten >= limit) break;
        const upTo = folded.get(entry.number) ?? 0;
        forgotten += await prune(entry, upTo, before, limit - forgotten);
      }
      return forgotten;
    },

    async dropChunk({ incarnation, number }, limit) {
      letGo(incarnation);
      reader.forget(number);
      return dropJournal(tables, number, limit);
    },
    async close() {
      const open = [...appenders.values()];
      await Promise.all(open.map(({ appender }) => appender.close()));
    },
  };

  async function prune(entry: CatalogueEntry, upTo: number, before: number, limit: number): Promise<number> {
    const c = entry.number;
    const _id = `${c}`;
    let mark = await tables.marks.findOne({ _id });
    if (upTo > (mark?.s ?? 0)) {
      // What is forgotten must not be needed to know what may be appended.
      await appenderOf(entry).settle();
      mark = await tables.marks.findOne({ _id });
    }
    const { s = 0, pruned = 0 } = mark ?? {};
    const last = await reader.oldUpTo(c, pruned, Math.min(upTo, s), before, limit);
    if (last === undefined) return 0;
    // Said before it is done: nobody takes what is missing for not yet written.
    await tables.marks.updateOne({ _id }, { $max: { pruned: last } });
    const { deletedCount } = await tables.items.deleteMany({ _id: itemRange(c, 0, last) });
    return deletedCount;
  }
}

async function dropJournal(
  { items, sources, marks }: JournalCollections,
  c: number,
  limit: number,
): Promise<boolean> {
  const from = await new JournalTail({ items, sources, marks }, c).pruned();
  const last = from + limit;
  await items.deleteMany({ _id: itemRange(c, 0, last) });
  // Without a gap, so that there is nothing behind where there is nothing here.
  const next = await items.findOne({ _id: itemRange(c, last, last + limit) }, { projection: { _id: 1 } });
  if (next) {
    await marks.updateOne({ _id: `${c}` }, { $max: { pruned: last } }, { upsert: true });
    return false;
  }
  await sources.deleteMany({ c });
  await marks.deleteOne({ _id: `${c}` });
  return true;
}

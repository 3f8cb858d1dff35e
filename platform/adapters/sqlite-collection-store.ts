import { join } from 'node:path';
import { messageOf, TributaryError } from '../errors.ts';
import type { CollectionStore } from '../ports/collection-store.ts';
import { SqliteFile } from '../sqlite.ts';
import { SqliteChanges } from './sqlite-collection-store/changes.ts';
import { SqliteCheckpointer } from './sqlite-collection-store/checkpointer.ts';
import { SqliteEntries } from './sqlite-collection-store/entries.ts';
import { type CollectionRow, SqliteJournal } from './sqlite-collection-store/journal.ts';
import { ENTRIES_SCHEMA, JOURNAL_SCHEMA } from './sqlite-collection-store/schema.ts';

/** The indexes of a million entries, so that a record that changes one reads its row's page only. Taken as needed. */
const ENTRIES_CACHE_KIBIBYTES = 128 * 1_024;

/**
 * Keeps collections in two files of a folder: `journal.db` is on disk before anything is acknowledged;
 * `entries.db` is folded from it, and after a power failure goes on from whatever place it fell back to.
 *
 * @throws {TributaryError} CONFIG_INVALID where a file cannot be used or is damaged, the two are not of one folder, or
 *   the entries are gone while the journal no longer reaches back to its beginning.
 */
export async function openSqliteCollectionStore(folder: string): Promise<CollectionStore> {
  const journalFile = new SqliteFile(join(folder, 'journal.db'), { durability: 'FULL' });
  let entriesFile: SqliteFile | undefined;
  try {
    const entriesPath = join(folder, 'entries.db');
    entriesFile = new SqliteFile(entriesPath, {
      durability: 'NORMAL',
      cacheKibibytes: ENTRIES_CACHE_KIBIBYTES,
    });
    journalFile.script(JOURNAL_SCHEMA);
    entriesFile.script(ENTRIES_SCHEMA);
    return createStore(journalFile, entriesFile, new SqliteCheckpointer(entriesFile, entriesPath));
  } catch (error) {
    entriesFile?.close();
    journalFile.close();
    if (error instanceof TributaryError) throw error;
    throw new TributaryError(
      'CONFIG_INVALID',
      `The collections in ${folder} cannot be read: ${messageOf(error)}. Put journal.db and entries.db back from one backup.`,
      { cause: error },
    );
  }
}

function createStore(
  journalFile: SqliteFile,
  entriesFile: SqliteFile,
  checkpointer: SqliteCheckpointer,
): CollectionStore {
  const journal = new SqliteJournal(journalFile);
  const entries = new SqliteEntries(entriesFile);
  const changes = new SqliteChanges(entriesFile, entries);
  assertWhole(journal, entries);

  /** Number of a collection, deleted or not; -1, which has nothing, where it is unknown. */
  const numberOf = (incarnation: string) => journal.collection(incarnation)?.id ?? -1;

  return {
    async definitions() {
      const live = journal.collections().filter(({ isDeleted }) => !isDeleted);
      return { revision: journal.revision(), definitions: live.map(({ definition }) => definition) };
    },
    async takeDefinitions(definitions, revision, nowMs) {
      journal.takeDefinitions(definitions, revision, nowMs);
    },

    async appendBatch(batch, nowMs) {
      return journal.appendBatch(batch, nowMs);
    },
    async appendCompletion(completion, nowMs) {
      return journal.appendCompletion(completion, nowMs);
    },
    async appendExpiry(incarnation, nowMs) {
      return journal.appendExpiry(incarnation, nowMs);
    },
    async readJournal(incarnation, after, recordsMax) {
      return journal.read(numberOf(incarnation), after, recordsMax);
    },
    async unfolded() {
      return journal
        .collections()
        .filter(({ id, isDeleted }) => isDeleted || journal.lastSequence(id) > entries.sequence(id))
        .map(({ incarnation }) => incarnation);
    },
    async pruneJournal(before, limit) {
      const unfolded = journal
        .collections()
        .filter(({ isDeleted }) => !isDeleted)
        .map(({ id }) => journal.firstBehind(id, entries.sequence(id)) ?? Number.MAX_SAFE_INTEGER);
      const through = Math.min(Number.MAX_SAFE_INTEGER, ...unfolded) - 1;
      // What is forgotten must be in the entries for good, a power failure notwithstanding.
      entriesFile.script('PRAGMA wal_checkpoint(PASSIVE)');
      return journal.prune(through, before, limit);
    },

    async acquireFold(incarnation, holder, ttlMs, nowMs) {
      const collection = journal.collection(incarnation);
      return collection && entries.leases.acquire(collection.id, incarnation, holder, ttlMs, nowMs);
    },
    async releaseFold(lease) {
      entries.leases.release(numberOf(lease.incarnation), lease);
    },
    async foldState(incarnation) {
      const collection = journal.collection(incarnation);
      return collection && !collection.isDeleted ? entries.state(collection.id) : undefined;
    },
    async entriesByKey(incarnation, keys) {
      return entries.byKey(numberOf(incarnation), keys);
    },
    async entriesBehind(incarnation, ordinal, limit) {
      return entries.behind(numberOf(incarnation), ordinal, limit);
    },
    async entriesOfSource(incarnation, sourceId, which, limit) {
      return entries.ofSource(numberOf(incarnation), sourceId, which, limit);
    },
    async oldestSeenAt(incarnation, sourceId) {
      return entries.oldestSeenAt(numberOf(incarnation), sourceId);
    },
    async commitFold(lease, commit) {
      entries.commit(numberOf(lease.incarnation), lease, commit);
      checkpointer.note(commit.puts.length + commit.removals.length);
    },
    async dropChunk(lease, limit) {
      const collection = journal.collection(lease.incarnation);
      if (!collection) return true;
      const isEmpty = entries.dropChunk(collection.id, lease, limit) && journal.dropChunk(collection, limit);
      if (isEmpty) entries.forget(collection.id);
      return isEmpty;
    },

    async status(incarnation) {
      return changes.status(numberOf(incarnation));
    },
    async changesSince(incarnation, request) {
      return changes.since(journal.live(incarnation), request);
    },
    async history(incarnation, version, limit) {
      return changes.history(numberOf(incarnation), version, limit);
    },
    async pruneChanges(before, limit) {
      let forgotten = 0;
      for (const { id } of journal.collections()) {
        if (forgotten >= limit) break;
        forgotten += changes.pruneTombstones(id, before.tombstones, limit - forgotten);
        forgotten += changes.pruneHistory(id, before.history, Math.max(1, limit - forgotten));
      }
      return forgotten;
    },

    async close() {
      await checkpointer.close();
      entriesFile.close();
      journalFile.close();
    },
  };
}

function assertWhole(journal: SqliteJournal, entries: SqliteEntries): void {
  const known = new Map<number, CollectionRow>(journal.collections().map((row) => [row.id, row]));
  for (const { id, name, isDeleted, prunedSequence } of known.values()) {
    if (isDeleted) continue;
    const folded = entries.sequence(id);
    if (folded > Math.max(prunedSequence, journal.lastSequence(id))) throw notOfOneFolder();
    if (folded >= prunedSequence) continue;
    throw new TributaryError(
      'CONFIG_INVALID',
      `The entries of collection ${name} are missing from entries.db, and the journal no longer reaches back to its ` +
        'beginning: restore entries.db from a backup, or remove journal.db as well and start anew.',
    );
  }
  for (const id of entries.numbers()) {
    if (known.has(id)) continue;
    // Emptied, and dropped from the journal's file, just before the process died.
    if (!entries.isEmpty(id)) throw notOfOneFolder();
    entries.forget(id);
  }
}

function notOfOneFolder(): TributaryError {
  return new TributaryError(
    'CONFIG_INVALID',
    'entries.db was folded from another journal.db than the one beside it: put both back from one backup, or remove ' +
      'entries.db to have it folded anew.',
  );
}

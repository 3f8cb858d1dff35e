import { BadUserInputError, SourceRemovedError, StaleTokenError } from '../../errors.ts';
import type { CollectionDefinition } from '../../model/collection-definition.ts';
import type { JournalItem } from '../../model/journal.ts';
import {
  type Appended,
  type BatchDelivery,
  BatchesMissingError,
  CollectionGoneError,
  type RunCompletion,
  type RunDelivery,
  RunSupersededError,
} from '../../ports/collection-store.ts';
import type { SqliteFile } from '../../sqlite.ts';
import { SqliteRuns } from './runs.ts';

/** A collection in the journal's file. Its number, unlike its incarnation, is short: it is in every index. */
export interface CollectionRow {
  readonly id: number;
  readonly incarnation: string;
  readonly name: string;
  readonly definition: CollectionDefinition;
  readonly isDeleted: boolean;
  readonly prunedSequence: number;
}

interface RawCollectionRow {
  readonly id: number;
  readonly incarnation: string;
  readonly name: string;
  readonly definition: string;
  readonly is_deleted: number;
  readonly pruned_sequence: number;
}

interface JournalRow {
  readonly sequence: number;
  readonly kind: JournalItem['kind'];
  readonly received_at: number;
  readonly record_count: number;
  readonly payload: string;
}

type WithoutPlace<T> = T extends JournalItem ? Omit<T, 'sequence' | 'receivedAt'> : never;
type NewItem = WithoutPlace<JournalItem>;

type Counter = 'definitions.revision' | 'journal.sequence' | 'journal.received_at';

/** The journal's file: definitions, runs, fencing tokens, and the items themselves. */
export class SqliteJournal {
  readonly #file: SqliteFile;
  readonly #runs: SqliteRuns;
  readonly #collections = new Map<string, CollectionRow>();
  #sequence: number;
  #receivedAt: number;

  constructor(file: SqliteFile) {
    this.#file = file;
    this.#runs = new SqliteRuns(file);
    const last = file.get<JournalRow>('SELECT * FROM journal ORDER BY sequence DESC LIMIT 1');
    // Once all items are pruned, the counters tell where the journal had come to.
    this.#sequence = Math.max(this.#counter('journal.sequence'), last?.sequence ?? 0);
    this.#receivedAt = Math.max(this.#counter('journal.received_at'), last?.received_at ?? 0);
    const rows = file.all<RawCollectionRow>('SELECT * FROM collections ORDER BY id');
    for (const row of rows) this.#keep(collectionOf(row));
  }

  collections(): readonly CollectionRow[] {
    return [...this.#collections.values()];
  }

  collection(incarnation: string): CollectionRow | undefined {
    return this.#collections.get(incarnation);
  }

  /** @throws {CollectionGoneError} */
  live(incarnation: string): CollectionRow {
    const collection = this.#collections.get(incarnation);
    if (!collection || collection.isDeleted) throw new CollectionGoneError(incarnation);
    return collection;
  }

  revision(): number {
    return this.#counter('definitions.revision');
  }

  takeDefinitions(definitions: readonly CollectionDefinition[], revision: number, nowMs: number): void {
    const changed: CollectionRow[] = [];
    this.#transaction(() => {
      for (const definition of definitions) changed.push(...this.#take(definition, nowMs));
      this.#setCounter('definitions.revision', revision);
    });
    for (const collection of changed) this.#keep(collection);
  }

  appendBatch(batch: BatchDelivery, nowMs: number): Appended {
    return this.#deliver(batch, (id) => {
      const known = this.#file.get<{ sequence: number; collection: number }>(
        'SELECT sequence, collection FROM journal WHERE batch_id = ?',
        batch.batchId,
      );
      if (known && known.collection !== id) {
        return new BadUserInputError(`Batch ${batch.batchId} is another collection's.`);
      }
      if (known) return { sequence: known.sequence, isDuplicate: true };
      const run = this.#runs.get(id, batch);
      if (run && !this.#runs.isNewest(id, batch)) return new RunSupersededError(batch.runId);
      const { sourceId, runId, records, seenKeys } = batch;
      const first = run?.first_sequence ?? this.#sequence + 1;
      const item = { kind: 'BATCH' as const, sourceId, runId, run: first, records, seenKeys };
      const sequence = this.#append(id, item, nowMs, batch.batchId);
      this.#runs.put(id, batch, first, (run?.batches ?? 0) + 1, run?.completed_sequence ?? null);
      return { sequence, isDuplicate: false };
    });
  }

  appendCompletion(completion: RunCompletion, nowMs: number): Appended {
    return this.#deliver(completion, (id) => {
      const { sourceId, runId, batches } = completion;
      const run = this.#runs.get(id, completion);
      if (run && run.completed_sequence !== null) {
        return { sequence: run.completed_sequence, isDuplicate: true };
      }
      if (run && !this.#runs.isNewest(id, completion)) return new RunSupersededError(runId);
      const journaled = run?.batches ?? 0;
      if (journaled < batches) return new BatchesMissingError(runId, journaled, batches);
      const first = run?.first_sequence ?? this.#sequence + 1;
      const item = { kind: 'RUN_COMPLETED' as const, sourceId, runId, run: first };
      const sequence = this.#append(id, item, nowMs);
      this.#runs.put(id, completion, first, journaled, sequence);
      return { sequence, isDuplicate: false };
    });
  }

  appendExpiry(incarnation: string, nowMs: number): Appended {
    const { id } = this.live(incarnation);
    const sequence = this.#transaction(() => this.#append(id, { kind: 'EXPIRE' }, nowMs));
    return { sequence, isDuplicate: false };
  }

  read(id: number, after: number, recordsMax: number): JournalItem[] {
    const items: JournalItem[] = [];
    for (let records = 0, last = after; records < recordsMax; ) {
      // One by one: how large the next ones are is not known before.
      const row = this.#file.get<JournalRow>(
        'SELECT * FROM journal WHERE collection = ? AND sequence > ? ORDER BY sequence LIMIT 1',
        id,
        last,
      );
      if (!row) break;
      items.push({
        ...JSON.parse(row.payload),
        kind: row.kind,
        sequence: row.sequence,
        receivedAt: row.received_at,
      });
      records += Math.max(1, row.record_count);
      last = row.sequence;
    }
    return items;
  }

  lastSequence(id: number): number {
    return (
      this.#file.get<{ sequence: number }>(
        'SELECT sequence FROM journal WHERE collection = ? ORDER BY sequence DESC LIMIT 1',
        id,
      )?.sequence ?? 0
    );
  }

  /** The oldest item behind `folded`, if there is one. */
  firstBehind(id: number, folded: number): number | undefined {
    return this.#file.get<{ sequence: number }>(
      'SELECT sequence FROM journal WHERE collection = ? AND sequence > ? ORDER BY sequence LIMIT 1',
      id,
      folded,
    )?.sequence;
  }

  /** Forgets items older than `before`, up to a sequence, oldest first. */
  prune(through: number, before: number, limit: number): number {
    const oldest = this.#file.all<{ sequence: number; collection: number; received_at: number }>(
      'SELECT sequence, collection, received_at FROM journal WHERE sequence <= ? ORDER BY sequence LIMIT ?',
      through,
      limit,
    );
    const rows = oldest.filter((row) => row.received_at < before);
    const last = rows.at(-1)?.sequence;
    if (last === undefined) return 0;
    const pruned = new Map(rows.map((row) => [row.collection, row.sequence]));
    this.#transaction(() => {
      this.#setCounter('journal.sequence', this.#sequence);
      this.#setCounter('journal.received_at', this.#receivedAt);
      this.#file.run('DELETE FROM journal WHERE sequence <= ?', last);
      for (const [id, sequence] of pruned) {
        this.#file.run('UPDATE collections SET pruned_sequence = ? WHERE id = ?', sequence, id);
      }
      this.#runs.prune(last);
    });
    for (const collection of this.collections()) {
      const sequence = pruned.get(collection.id);
      if (sequence !== undefined) this.#keep({ ...collection, prunedSequence: sequence });
    }
    return rows.length;
  }

  /** Drops what the journal has of a collection that is gone. @returns Whether nothing is left. */
  dropChunk(collection: CollectionRow, limit: number): boolean {
    const { id, incarnation } = collection;
    return this.#transaction(() => {
      this.#setCounter('journal.sequence', this.#sequence);
      this.#setCounter('journal.received_at', this.#receivedAt);
      const dropped = this.#file.run(
        'DELETE FROM journal WHERE sequence IN (SELECT sequence FROM journal WHERE collection = ? LIMIT ?)',
        id,
        limit,
      );
      if (dropped >= limit) return false;
      this.#runs.forget(id);
      this.#file.run('DELETE FROM collections WHERE id = ?', id);
      this.#collections.delete(incarnation);
      return true;
    });
  }

  /** @returns The collections it changed. */
  #take(definition: CollectionDefinition, nowMs: number): CollectionRow[] {
    const { name, incarnation } = definition;
    const changed: CollectionRow[] = [];
    // What is gone does not come back, nor does it take the name from what has it now.
    if (this.#collections.get(incarnation)?.isDeleted) return changed;
    for (const other of this.#collections.values()) {
      const isReplaced = other.name === name && other.incarnation !== incarnation;
      const isDeleted = other.incarnation === incarnation && definition.deleted;
      if (other.isDeleted || (!isReplaced && !isDeleted)) continue;
      this.#file.run('UPDATE collections SET is_deleted = 1 WHERE id = ?', other.id);
      changed.push({ ...other, isDeleted: true });
    }
    if (definition.deleted) return changed;

    const known = this.#collections.get(incarnation);
    if (known && known.definition.revision >= definition.revision) return changed;
    const json = JSON.stringify(definition);
    if (known) {
      this.#file.run('UPDATE collections SET definition = ? WHERE id = ?', json, known.id);
    } else {
      this.#file.run(
        'INSERT INTO collections (incarnation, name, definition) VALUES (?, ?, ?)',
        incarnation,
        name,
        json,
      );
    }
    const row = this.#file.get<RawCollectionRow>(
      'SELECT * FROM collections WHERE incarnation = ?',
      incarnation,
    );
    if (!row) return changed;
    const collection = collectionOf(row);
    this.#append(collection.id, { kind: 'DEFINE', definition }, nowMs);
    for (const sourceId of takenOut(known?.definition, definition)) {
      this.#append(collection.id, { kind: 'SOURCE_REMOVED', sourceId }, nowMs);
    }
    return [...changed, collection];
  }

  /**
   * Fences a delivery off, then does it. A refusal is returned, not thrown, within the commit: a token once shown
   * stays, whatever becomes of the delivery.
   *
   * @throws {StaleTokenError} @throws {SourceRemovedError} @throws {CollectionGoneError} And what `work` returns.
   */
  #deliver(delivery: RunDelivery, work: (id: number) => Appended | Error): Appended {
    const { incarnation, sourceId, token } = delivery;
    const { id, definition } = this.live(incarnation);
    const source = definition.sources.find((other) => other.id === sourceId);
    if (!source || source.removed) throw new SourceRemovedError(sourceId);
    const outcome = this.#transaction(() => {
      if (!this.#runs.show(id, sourceId, token)) return new StaleTokenError(sourceId, token);
      return work(id);
    });
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }

  #append(id: number, item: NewItem, nowMs: number, batchId: string | null = null): number {
    const { kind, ...payload } = item;
    const recordCount = item.kind === 'BATCH' ? item.records.length + item.seenKeys.length : 0;
    this.#sequence += 1;
    this.#receivedAt = Math.max(this.#receivedAt, nowMs);
    this.#file.run(
      'INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)',
      this.#sequence,
      id,
      kind,
      this.#receivedAt,
      recordCount,
      batchId,
      JSON.stringify(payload),
    );
    return this.#sequence;
  }

  /** Undoes what the counters in memory went on, too. */
  #transaction<T>(work: () => T): T {
    const [sequence, receivedAt] = [this.#sequence, this.#receivedAt];
    try {
      return this.#file.transaction(work);
    } catch (error) {
      this.#sequence = sequence;
      this.#receivedAt = receivedAt;
      throw error;
    }
  }

  #counter(name: Counter): number {
    return this.#file.get<{ value: number }>('SELECT value FROM counters WHERE name = ?', name)?.value ?? 0;
  }

  #setCounter(name: Counter, value: number): void {
    this.#file.run(
      'INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      name,
      value,
    );
  }

  #keep(collection: CollectionRow): void {
    this.#collections.set(collection.incarnation, collection);
  }
}

/** Sources that a definition takes out with their data, and the one before did not. */
function takenOut(before: CollectionDefinition | undefined, after: CollectionDefinition): string[] {
  return after.sources
    .filter((source) => source.removed === 'DELETE')
    .filter(({ id }) => before?.sources.find((source) => source.id === id)?.removed !== 'DELETE')
    .map(({ id }) => id);
}

function collectionOf(row: RawCollectionRow): CollectionRow {
  return {
    id: row.id,
    incarnation: row.incarnation,
    name: row.name,
    definition: JSON.parse(row.definition),
    isDeleted: row.is_deleted === 1,
    prunedSequence: row.pruned_sequence,
  };
}

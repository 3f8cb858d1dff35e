import { beforeEach, describe, expect, it } from 'vitest';
import type { CollectionDefinition } from '../../platform/model/collection-definition.ts';
import { BATCH_PLACES_MAX } from '../../platform/model/journal.ts';
import type { Subject } from './collection-store.ts';
import { batchOf, definitionOf, NOW } from './collection-store-builders.ts';

const coded = (code: string) => expect.objectContaining({ code });

/** Definitions and journal. */
export function collectionStoreJournal(subject: Subject): void {
  const read = async (after = 0, recordsMax = 1_000) =>
    subject.store.readJournal('books-1', after, recordsMax);
  const take = async (change: Partial<CollectionDefinition> = {}) => {
    const definition = definitionOf(change);
    await subject.store.takeDefinitions([definition], definition.revision, NOW);
    return definition;
  };

  describe('takes definitions and', () => {
    it('journals each change of them once', async () => {
      const first = await take();
      await take();
      const second = await take({ revision: 2, key: ['title'] });
      expect(await read()).toEqual([
        { kind: 'DEFINE', sequence: 1, receivedAt: NOW, definition: first },
        { kind: 'DEFINE', sequence: 2, receivedAt: NOW, definition: second },
      ]);
    });

    it('keeps them, and the revision they are complete to', async () => {
      const definition = await take();
      await subject.store.takeDefinitions([], 7, NOW);
      await subject.reopen();
      expect(await subject.store.definitions()).toEqual({ revision: 7, definitions: [definition] });
    });

    it('journals the removal of a source with its data, once and behind the definition', async () => {
      await take();
      const removed = { id: 'shop', retain: 'LATEST_RUN', removed: 'DELETE' as const };
      await take({ revision: 2, sources: [removed] });
      await take({ revision: 3, sources: [removed] });
      const kinds = (await read()).map(({ kind }) => kind);
      expect(kinds).toEqual(['DEFINE', 'DEFINE', 'SOURCE_REMOVED', 'DEFINE']);
      expect((await read())[2]).toMatchObject({ sourceId: 'shop' });
    });

    it('lets a collection go that is deleted, or followed by another of its name', async () => {
      await take();
      await take({ incarnation: 'books-2', revision: 2 });
      expect((await subject.store.definitions()).definitions.map(({ incarnation }) => incarnation)).toEqual([
        'books-2',
      ]);
      await expect(subject.store.appendBatch(batchOf(), NOW)).rejects.toEqual(coded('NOT_FOUND'));
      await take({ incarnation: 'books-2', revision: 3, deleted: true });
      expect((await subject.store.definitions()).definitions).toEqual([]);
      expect(await subject.store.unfolded()).toEqual(['books-1', 'books-2']);
      expect(await subject.store.foldState('books-2')).toBeUndefined();
    });
  });

  describe('journals deliveries and', () => {
    beforeEach(() => take());

    it('gives them back as they came, in order, also when opened again', async () => {
      const { sequence } = await subject.store.appendBatch(batchOf(), NOW + 5);
      await subject.store.appendCompletion({ ...batchOf(), batches: 1 }, NOW + 6);
      await subject.store.appendExpiry('books-1', NOW + 7);
      await subject.reopen();
      const { sourceId, runId, records, seenKeys } = batchOf();
      expect(await read(1)).toEqual([
        { kind: 'BATCH', sequence, receivedAt: NOW + 5, sourceId, runId, run: sequence, records, seenKeys },
        { kind: 'RUN_COMPLETED', sequence: 3, receivedAt: NOW + 6, sourceId, runId, run: sequence },
        { kind: 'EXPIRE', sequence: 4, receivedAt: NOW + 7 },
      ]);
    });

    it('never lets time go back within the journal', async () => {
      await subject.store.appendExpiry('books-1', NOW + 9);
      await subject.reopen();
      await subject.store.appendExpiry('books-1', NOW + 3);
      expect((await read(1)).map(({ receivedAt }) => receivedAt)).toEqual([NOW + 9, NOW + 9]);
    });

    it('acknowledges a batch again with the same sequence, and has it once', async () => {
      const first = await subject.store.appendBatch(batchOf(), NOW);
      await subject.reopen();
      const again = await subject.store.appendBatch(batchOf({ token: 2 }), NOW);
      expect(first).toEqual({ sequence: 2, isDuplicate: false });
      expect(again).toEqual({ sequence: 2, isDuplicate: true });
      expect(await read(1)).toHaveLength(1);
    });

    it('refuses lower tokens than the highest it was shown, also when opened again', async () => {
      await subject.store.appendBatch(batchOf({ token: 5 }), NOW);
      await subject.reopen();
      const late = batchOf({ batchId: 'late', token: 4 });
      await expect(subject.store.appendBatch(late, NOW)).rejects.toEqual(coded('STALE_TOKEN'));
      const completion = { ...batchOf({ token: 4 }), batches: 1 };
      await expect(subject.store.appendCompletion(completion, NOW)).rejects.toEqual(coded('STALE_TOKEN'));
      expect(await read(1)).toHaveLength(1);
    });

    it('remembers a token that came with a delivery it refused', async () => {
      await subject.store.appendBatch(batchOf({ token: 1 }), NOW);
      const completion = { ...batchOf({ token: 3 }), batches: 9 };
      await expect(subject.store.appendCompletion(completion, NOW)).rejects.toEqual(coded('BATCHES_MISSING'));
      await expect(subject.store.appendBatch(batchOf({ batchId: 'b', token: 2 }), NOW)).rejects.toEqual(
        coded('STALE_TOKEN'),
      );
    });

    it('fences each source by itself', async () => {
      await subject.store.appendBatch(batchOf({ token: 5 }), NOW);
      const other = batchOf({ batchId: 'other', sourceId: 'library', runId: 'run-2', token: 1 });
      expect(await subject.store.appendBatch(other, NOW)).toMatchObject({ isDuplicate: false });
    });

    it('takes nothing from a source that is removed, nor from one it does not know', async () => {
      await take({ revision: 2, sources: [{ id: 'shop', retain: 'LATEST_RUN', removed: 'KEEP' }] });
      await expect(subject.store.appendBatch(batchOf(), NOW)).rejects.toEqual(coded('SOURCE_REMOVED'));
      const stranger = batchOf({ sourceId: 'library' });
      await expect(subject.store.appendBatch(stranger, NOW)).rejects.toEqual(coded('SOURCE_REMOVED'));
    });

    it('takes nothing more of a run that a younger one has followed', async () => {
      await subject.store.appendBatch(batchOf(), NOW);
      await subject.store.appendBatch(batchOf({ batchId: 'batch-2', runId: 'run-2' }), NOW);
      const late = batchOf({ batchId: 'batch-3' });
      await expect(subject.store.appendBatch(late, NOW)).rejects.toEqual(coded('BAD_USER_INPUT'));
      await expect(subject.store.appendCompletion({ ...batchOf(), batches: 1 }, NOW)).rejects.toEqual(
        coded('BAD_USER_INPUT'),
      );
    });

    it('completes a run once, and only when all its batches are there', async () => {
      await subject.store.appendBatch(batchOf(), NOW);
      const completion = { ...batchOf(), batches: 2 };
      await expect(subject.store.appendCompletion(completion, NOW)).rejects.toEqual(coded('BATCHES_MISSING'));
      await subject.store.appendBatch(batchOf({ batchId: 'batch-2' }), NOW);
      expect(await subject.store.appendCompletion(completion, NOW)).toEqual({
        sequence: 4,
        isDuplicate: false,
      });
      await subject.reopen();
      expect(await subject.store.appendCompletion(completion, NOW)).toEqual({
        sequence: 4,
        isDuplicate: true,
      });
    });

    it('completes a run that delivered nothing', async () => {
      const completion = { ...batchOf(), batches: 0 };
      expect(await subject.store.appendCompletion(completion, NOW)).toMatchObject({ isDuplicate: false });
      expect(await read(1)).toMatchObject([{ kind: 'RUN_COMPLETED', run: 2 }]);
    });

    it('reads about as many records as it is asked for, and at least one item', async () => {
      const records = Array.from({ length: 10 }, (_, at) => ({ key: `${at}`, fields: { title: `${at}` } }));
      for (let at = 0; at < 4; at++) {
        await subject.store.appendBatch(batchOf({ batchId: `batch-${at}`, records, seenKeys: [] }), NOW);
      }
      expect(await read(1, 1)).toHaveLength(1);
      expect(await read(1, 20)).toHaveLength(2);
      expect((await read(3, 1_000)).map(({ sequence }) => sequence)).toEqual([4, 5]);
    });

    it('holds a batch as large as they come', async () => {
      const records = Array.from({ length: BATCH_PLACES_MAX / 2 }, (_, at) => ({
        key: `key ${at} \u0000 \u{1f4d6}`,
        fields: { title: `${at}`, more: [{ n: at / 3, none: null }] },
      }));
      await subject.store.appendBatch(batchOf({ records }), NOW);
      expect(await read(1)).toMatchObject([{ records }]);
    });

    it('forgets folded items only, and goes on counting behind them', async () => {
      await subject.store.appendBatch(batchOf(), NOW);
      await subject.store.appendBatch(batchOf({ batchId: 'batch-2' }), NOW + 10);
      expect(await subject.store.pruneJournal(NOW + 100, 10)).toBe(0);
      const lease = await subject.store.acquireFold('books-1', 'me', 1_000, NOW);
      const state = await subject.store.foldState('books-1');
      if (!lease || !state) throw new Error('Not to be folded.');
      await subject.store.commitFold(lease, {
        state: { ...state, sequence: 3 },
        puts: [],
        removals: [],
        history: [],
      });
      expect(await subject.store.unfolded()).toEqual([]);
      expect(await subject.store.pruneJournal(NOW + 5, 1)).toBe(1);
      expect(await subject.store.pruneJournal(NOW + 5, 10)).toBe(1);
      expect(await read()).toMatchObject([{ sequence: 3 }]);
      expect(await subject.store.pruneJournal(NOW + 100, 10)).toBe(1);
      await subject.reopen();
      expect(await subject.store.appendExpiry('books-1', NOW)).toMatchObject({ sequence: 4 });
      expect(await read()).toMatchObject([{ sequence: 4, receivedAt: NOW + 10 }]);
    });
  });
}

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PreviewReport } from '../../platform/model/run.ts';
import type { PreviewRequest, SourceStore } from '../../platform/ports/source-store.ts';
import { aSpec, aWorker, NOW } from './source-store-builders.ts';

const TIMEOUT_MS = 30_000;
const LEASE_MS = 15_000;
const OPEN_MAX = 10;

/** What some pages give is no name of any field, and no text that every store takes as it is. */
const REPORT: PreviewReport = {
  status: 'PARTIAL',
  pages: 1,
  bytes: 5_000_000_000,
  records: 2,
  quarantined: 1,
  quarantinedRecords: [{ page: 'p', field: null, reason: 'r', raw: { $f: null, 'a.b': '' } }],
  misses: [{ field: 'title', missing: 1, invalid: 2, sample: 'x' }],
  error: { code: 'TIMEOUT', message: 'Too slow.', url: null },
  samples: [{ title: 'A \u0000 \ud800 ü', more: { $set: [1.5, { 'a.b': null, '': true }] } }],
};

/** Previews: asked for, claimed by one worker, answered by it, over with the request that waits for them. */
export function sourceStorePreviews(open: () => Promise<SourceStore>): void {
  describe('of previews', () => {
    let store: SourceStore;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    /** The n-th asked for, n milliseconds after the first. */
    const asked = (n: number, given: Partial<PreviewRequest> = {}): PreviewRequest => ({
      id: `p${n}`,
      spec: aSpec(`s${n}`),
      first: 5,
      askedAt: NOW + n,
      expiresAt: NOW + TIMEOUT_MS,
      ...given,
    });
    const ask = (n: number, given: Partial<PreviewRequest> = {}) =>
      store.addPreview(asked(n, given), OPEN_MAX);
    const claim = async (workerId: string, first = 4, now = NOW) =>
      (await store.claimPreviews(workerId, first, now)).map(({ id }) => id);
    const startWorker = async (id: string) => {
      await store.claim(aWorker(id), NOW, LEASE_MS);
    };

    it('gives a preview to one worker, and takes the answer of that one, once', async () => {
      expect(await ask(1)).toBe(true);
      expect(await store.preview('p1')).toEqual({ workerId: null, report: null });
      const { id, spec, first } = asked(1);
      expect(await store.claimPreviews('w1', 4, NOW)).toEqual([{ id, spec, first }]);
      expect(await claim('w2')).toEqual([]);
      expect(await store.preview('p1')).toEqual({ workerId: 'w1', report: null });
      expect(await store.reportPreview('p1', 'w2', REPORT, NOW)).toBe(false);
      expect(await store.reportPreview('p1', 'w1', REPORT, NOW)).toBe(true);
      expect(await store.reportPreview('p1', 'w1', { ...REPORT, pages: 2 }, NOW)).toBe(false);
      expect(await store.preview('p1')).toEqual({ workerId: 'w1', report: REPORT });
      expect(await store.endPreview('p1')).toEqual({ workerId: 'w1', report: REPORT });
      expect(await store.endPreview('p1')).toBeUndefined();
      expect(await store.preview('p1')).toBeUndefined();
      expect(await store.reportPreview('p1', 'w1', REPORT, NOW)).toBe(false);
    });

    it('gives those asked for first, as many as there is room for', async () => {
      for (const n of [2, 3, 1]) await ask(n);
      expect(await claim('w1', 2)).toEqual(['p1', 'p2']);
      expect(await claim('w1', 2)).toEqual(['p3']);
    });

    it('gives none twice to workers that claim at once', async () => {
      for (let n = 0; n < OPEN_MAX; n++) await ask(n);
      const claims = await Promise.all(['w1', 'w2', 'w3', 'w4'].map((id) => claim(id, 6)));
      const given = Array.from({ length: OPEN_MAX }, (_, n) => `p${n}`);
      expect(claims.flat().sort()).toEqual(given);
    });

    it('says whether any is open, and whether any waits for a worker', async () => {
      const waiting = async (now = NOW) => ({
        open: await store.hasOpenPreviews(now),
        unclaimed: await store.hasUnclaimedPreviews(now),
      });
      expect(await waiting()).toEqual({ open: false, unclaimed: false });
      await ask(1);
      expect(await waiting()).toEqual({ open: true, unclaimed: true });
      await claim('w1');
      expect(await waiting()).toEqual({ open: true, unclaimed: false });
      await store.reportPreview('p1', 'w1', REPORT, NOW);
      expect(await waiting()).toEqual({ open: false, unclaimed: false });
      await ask(2);
      await store.endPreview('p2');
      expect(await waiting()).toEqual({ open: false, unclaimed: false });
      await ask(3);
      expect(await waiting(NOW + TIMEOUT_MS)).toEqual({ open: false, unclaimed: false });
    });

    it('takes no more than may be open, however many come at once', async () => {
      const come = async (from: number, count: number) => {
        const requests = Array.from({ length: count }, (_, n) => ask(from + n));
        return (await Promise.all(requests)).filter((isTaken) => isTaken).length;
      };
      expect(await come(0, 3)).toBe(3);
      expect(await come(100, 2 * OPEN_MAX)).toBe(OPEN_MAX - 3);
      expect(await come(200, 1)).toBe(0);
      // Those that are answered, or over, make room.
      expect(await claim('w1', 1)).toEqual(['p0']);
      await store.reportPreview('p0', 'w1', REPORT, NOW);
      await store.endPreview('p1');
      expect(await come(300, OPEN_MAX)).toBe(2);
      // As do those of a replica that died.
      expect(await ask(400, { askedAt: NOW + TIMEOUT_MS, expiresAt: NOW + 2 * TIMEOUT_MS })).toBe(true);
    });

    it('neither gives out nor takes an answer to what nobody waits for any more', async () => {
      await ask(1);
      await ask(2);
      expect(await claim('w1', 1)).toEqual(['p1']);
      expect(await claim('w1', 1, NOW + TIMEOUT_MS)).toEqual([]);
      expect(await store.reportPreview('p1', 'w1', REPORT, NOW + TIMEOUT_MS)).toBe(false);
      expect(await claim('w1', 1, NOW + TIMEOUT_MS - 1)).toEqual(['p2']);
    });

    it('takes a preview back from a worker that has ended, and gives it to another', async () => {
      for (const id of ['w1', 'w2', 'w3']) await startWorker(id);
      for (const n of [1, 2, 3, 4, 5]) await ask(n);
      expect(await claim('w1', 2)).toEqual(['p1', 'p2']);
      expect(await claim('w2', 1)).toEqual(['p3']);
      // Of one that has claimed no sources yet it is not known that it has ended.
      expect(await claim('unknown', 1)).toEqual(['p4']);
      await store.reportPreview('p1', 'w1', REPORT, NOW);
      expect(await store.freePreviews(NOW)).toEqual([]);

      await store.endWorker('w1', NOW);
      expect(await store.freePreviews(NOW)).toEqual(['p2']);
      expect(await store.freePreviews(NOW)).toEqual([]);
      expect(await store.reportPreview('p2', 'w1', REPORT, NOW)).toBe(false);
      expect(await claim('w3', 1)).toEqual(['p2']);
      expect(await store.reportPreview('p2', 'w3', REPORT, NOW)).toBe(true);
      // What was answered in time stays answered.
      expect(await store.preview('p1')).toEqual({ workerId: 'w1', report: REPORT });

      await store.renew('w3', 0, NOW + 1, LEASE_MS);
      await store.endExpiredWorkers(NOW + LEASE_MS, NOW);
      expect(await store.freePreviews(NOW + LEASE_MS)).toEqual(['p3']);
    });
  });

  it('refuses previews once closed', async () => {
    const store = await open();
    await store.close();
    await expect(store.preview('p1')).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(store.claimPreviews('w1', 1, NOW)).rejects.toMatchObject({ code: 'CLOSED' });
  });
}

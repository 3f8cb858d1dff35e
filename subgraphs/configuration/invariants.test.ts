import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MemoryBus } from '../../platform/adapters/memory-bus.ts';
import { openSqliteSourceStore } from '../../platform/adapters/sqlite-source-store.ts';
import { ManualClock } from '../../platform/clock.ts';
import { TributaryError } from '../../platform/errors.ts';
import { silentLogger } from '../../platform/logger.ts';
import { Metrics } from '../../platform/metrics.ts';
import { isLive, type Source } from '../../platform/model/source.ts';
import { createAddressGuard } from '../../platform/network/address-guard.ts';
import type { SourceStore } from '../../platform/ports/source-store.ts';
import { createAnnouncer } from './announcer.ts';
import { unionOf } from './collection-definition.ts';
import { addSource } from './commands/add-source.ts';
import type { CommandContext } from './commands/context.ts';
import { removeSource } from './commands/remove-source.ts';
import { pauseSource, resumeSource, runSource } from './commands/run-source.ts';
import { updateSource } from './commands/update-source.ts';
import type { FieldInput } from './generated.ts';
import { configurationMetrics } from './metrics.ts';
import { createNameCheck, readPlatformNames } from './platform-names.ts';
import { releaseWorker } from './workers/ended-workers.ts';
import { claimSources, renewLeases } from './workers/leases.ts';
import { reportRun } from './workers/report-run.ts';

/** Whatever happens to sources and workers, in whatever order, these hold after every step. */

const LEASE_MS = 15_000;
const COLLECTIONS = ['books', 'bikes'];
const FIELDS: FieldInput[][] = [
  [{ name: 'url', select: 'a@href', type: 'URL' }],
  [
    { name: 'title', select: 'h2' },
    { name: 'url', select: 'a@href', type: 'URL' },
  ],
  [
    { name: 'price', select: 'b', type: 'DECIMAL' },
    { name: 'url', select: 'a@href', type: 'URL' },
  ],
  [
    { name: 'price', select: 'b', type: 'INT' },
    { name: 'url', select: 'a@href', type: 'URL' },
  ],
];

const source = fc.nat(7);
const fields = fc.nat(3);
const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('add'), of: fc.nat(1), fields, isOwn: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('update'), source, fields, isOwn: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('pause', 'resume', 'run', 'KEEP', 'DELETE'), source }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('claim', 'claim', 'renew', 'renew', 'release'),
      worker: fc.nat(2),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('report'),
      source,
      run: fc.constantFrom('queued', 'running', 'new'),
      status: fc.constantFrom('RUNNING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.constantFrom(1_000, 8_000, LEASE_MS) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Something to work on, so that no step of the others is in vain. */
const BEGINNING: Step[] = [
  { kind: 'add', of: 0, fields: 1, isOwn: false },
  { kind: 'add', of: 0, fields: 2, isOwn: false },
  { kind: 'claim', worker: 0 },
];

/** A worker as it sees itself: what it holds, by claims and renewals alone. */
interface WorkerView {
  id: string;
  after: number | undefined;
  readonly tokens: Map<string, number>;
}

class World {
  readonly #context: CommandContext;
  readonly #clock = new ManualClock();
  readonly #store: SourceStore;
  readonly #ids: string[] = [];
  readonly #tokens = new Map<string, number>();
  /** By source and token: the one worker that ever held it. */
  readonly #holders = new Map<string, string>();
  readonly #workers: WorkerView[] = [0, 1, 2].map((n) => ({
    id: `w${n}`,
    after: undefined,
    tokens: new Map(),
  }));
  #made = 0;

  constructor(store: SourceStore, checkNames: CommandContext['checkNames']) {
    this.#store = store;
    this.#context = {
      store,
      clock: this.#clock,
      newId: () => `id${++this.#made}`,
      announcer: createAnnouncer({ bus: new MemoryBus(silentLogger), logger: silentLogger }),
      checkNames,
      limits: {
        everyMsMin: 1_000,
        fieldsMax: 10,
        pagesMax: 10,
        sourcesMax: 100,
        runsKept: 3,
        guard: createAddressGuard(''),
      },
      metrics: configurationMetrics(new Metrics()),
    };
  }

  async take(next: Step): Promise<void> {
    const context = this.#context;
    if ('of' in next) {
      const added = await addSource(context, {
        collection: COLLECTIONS[next.of] ?? '',
        url: 'https://example.com/',
        records: 'li',
        fields: FIELDS[next.fields] ?? [],
        isolation: next.isOwn ? 'DEDICATED' : 'SHARED',
      });
      if ('source' in added) this.#ids.push(added.source.spec.id);
    } else if ('worker' in next) {
      await this.#work(next.kind, this.#workers[next.worker] as WorkerView);
    } else if ('ms' in next) {
      this.#clock.advance(next.ms);
    } else {
      const id = this.#ids[next.source % Math.max(1, this.#ids.length)] ?? 'none';
      if ('status' in next) return this.#report(id, next.run, next.status);
      if ('fields' in next) {
        const isolation = next.isOwn ? 'DEDICATED' : 'SHARED';
        await updateSource(context, { id, input: { fields: FIELDS[next.fields] ?? null, isolation } });
      } else if (next.kind === 'pause') await pauseSource(context, id);
      else if (next.kind === 'resume') await resumeSource(context, id);
      else if (next.kind === 'run') await runSource(context, id);
      else await removeSource(context, id, next.kind as 'KEEP' | 'DELETE');
    }
  }

  async #work(kind: string, worker: WorkerView): Promise<void> {
    if (kind === 'release') {
      await releaseWorker(this.#context, worker.id);
      return this.#comeBack(worker);
    }
    if (kind === 'renew' && worker.after !== undefined) {
      const renewal = await renewLeases(this.#context, LEASE_MS, {
        workerId: worker.id,
        after: worker.after,
      });
      if (!renewal.isKnown) return this.#comeBack(worker);
      worker.after = renewal.after;
      for (const id of renewal.lostSourceIds) worker.tokens.delete(id);
      for (const lease of renewal.changed) worker.tokens.set(lease.sourceId, lease.token);
      expect(await this.#heldBy(worker.id)).toEqual(new Map([...worker.tokens].sort()));
      return;
    }
    try {
      const input = { workerId: worker.id, pool: 'shared', hostname: 'h', capacity: 2 };
      const claim = await claimSources(this.#context, LEASE_MS, input);
      worker.after ??= claim.after;
      for (const lease of claim.leases) worker.tokens.set(lease.sourceId, lease.token);
    } catch (error) {
      expect(error).toMatchObject({ code: 'STALE_TOKEN' });
      this.#comeBack(worker);
    }
  }

  #comeBack(worker: WorkerView): void {
    worker.id = `w${++this.#made}`;
    worker.after = undefined;
    worker.tokens.clear();
  }

  async #heldBy(workerId: string): Promise<Map<string, number>> {
    const { items } = await this.#store.sources({ workerId }, { first: 100 });
    return new Map(items.map(({ node }): [string, number] => [node.spec.id, node.token]).sort());
  }

  /** Every worker that believes to hold the source reports; what is not for it to say is refused. */
  async #report(sourceId: string, which: string, status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED') {
    const source = await this.#store.source(sourceId);
    const runIds: Record<string, string | null | undefined> = {
      queued: source?.queuedRunId,
      running: source?.runningRunId,
      new: `r${++this.#made}`,
    };
    const runId = runIds[which];
    if (!runId) return;
    for (const worker of this.#workers) {
      const token = worker.tokens.get(sourceId);
      if (token === undefined) continue;
      const startedAt = new Date(this.#clock.now()).toISOString();
      const report = { runId, sourceId, workerId: worker.id, token, status, startedAt };
      await reportRun(this.#context, { ...report, pages: 1, bytes: 1, records: 1, quarantined: 0 }).catch(
        (error: unknown) => expect(error).toBeInstanceOf(TributaryError),
      );
    }
  }

  async check(): Promise<void> {
    for (const id of this.#ids) await this.#checkSource((await this.#store.source(id)) as Source);
    for (const name of COLLECTIONS) await this.#checkCollection(name);
  }

  async #checkSource(source: Source): Promise<void> {
    const { id } = source.spec;
    for (const [status, runId] of [
      ['RUNNING', source.runningRunId],
      ['QUEUED', source.queuedRunId],
    ] as const) {
      const { items } = await this.#store.runs({ sourceId: id, status }, { first: 10 });
      expect(items.map(({ node }) => node.id)).toEqual(runId === null ? [] : [runId]);
    }
    if (source.runningRunId !== null) expect(source.workerId).not.toBeNull();
    if (!isLive(source))
      expect([source.workerId, source.queuedRunId, source.runningRunId]).toEqual([null, null, null]);
    expect(await this.#store.run(source.lastRunId ?? '')).toBeDefined();
    expect(source.token).toBeGreaterThanOrEqual(this.#tokens.get(id) ?? 0);
    this.#tokens.set(id, source.token);
    if (source.workerId === null) return;
    const lease = `${id} ${source.token}`;
    expect(this.#holders.get(lease) ?? source.workerId).toBe(source.workerId);
    this.#holders.set(lease, source.workerId);
  }

  async #checkCollection(name: string): Promise<void> {
    const collection = await this.#store.collection(name);
    if (!collection) return;
    const sources = await this.#store.sourcesOfCollection(name, collection.incarnation);
    expect(sources.length > 0).toBe(!collection.deleted);
    if (collection.deleted) return;
    const { fields, key } = unionOf(sources.map(({ spec }) => spec));
    expect(collection).toMatchObject({ fields, key });
    for (const { spec } of sources) expect(spec.key).toEqual(key);
  }
}

it('keeps runs, leases, tokens and definitions in step, whatever happens in whatever order', async () => {
  const checkNames = createNameCheck(readPlatformNames());
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const store = await openSqliteSourceStore(':memory:');
      try {
        const world = new World(store, checkNames);
        for (const next of [...BEGINNING, ...steps]) {
          await world.take(next);
          await world.check();
        }
      } finally {
        await store.close();
      }
    }),
    { numRuns: 150 },
  );
});

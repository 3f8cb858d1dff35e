import { expect } from 'vitest';
import { messageOf, TributaryError } from '../../platform/errors.ts';
import type { ServiceClient } from '../../platform/http/service-client.ts';
import type { JournalItem } from '../../platform/model/journal.ts';
import type { CollectionStore } from '../../platform/ports/collection-store.ts';
import { type App, until } from '../e2e/app.ts';
import { aggregateJournal } from '../unit/datasource/reference-aggregation.ts';

/**
 * The collection that shows whether anything is lost or counts twice: each record says a number that no other says,
 * and an entry has the list of all that were said of it.
 */
export const TALLIES_INPUT = {
  collection: 'tallies',
  // Read by no worker: what it gives is delivered by the test.
  url: 'http://127.0.0.1:9/tallies',
  every: 'P1D',
  records: 'li',
  fields: [
    { name: 'group', select: 'b' },
    { name: 'numbers', select: 'i', type: 'INT', merge: 'LIST' },
  ],
  key: ['group'],
  retain: 'FOREVER',
};

/** The contributions of one source to one entry are bounded, and this far below their bound. */
const GROUPS = 50;

export interface Tally {
  readonly group: string;
  readonly numbers: readonly number[];
}

/** Adds a source of tallies, paused, and waits until the graph can be asked for them. @returns Its id. */
export async function addTallies(app: App): Promise<string> {
  const { addSource } = await app.query(
    'mutation ($input: AddSourceInput!) { addSource(input: $input) { source { id } userErrors { message } } }',
    { input: TALLIES_INPUT },
  );
  expect(addSource.userErrors).toEqual([]);
  const { id } = addSource.source;
  await app.query('mutation ($id: ID!) { pauseSource(id: $id) { userErrors { message } } }', { id });
  await until(
    'the type to be in the graph',
    async () => !(await app.send('{ tallies { totalCount } }')).errors,
  );
  return id;
}

/** Delivers as a worker does: a batch is sent again until it is acknowledged. */
export class Deliverer {
  /** Numbers whose batch has been acknowledged. */
  readonly acknowledged: number[] = [];
  readonly #client: ServiceClient;
  readonly #sourceId: string;
  readonly #run: { readonly runId: string; readonly token: number };
  #batches = 0;
  #next: number;

  /** @param from Its first number; those of several must not meet. */
  constructor(
    client: ServiceClient,
    sourceId: string,
    { from = 0, runId = `run-${from}`, token = 1 }: { from?: number; runId?: string; token?: number } = {},
  ) {
    this.#client = client;
    this.#sourceId = sourceId;
    this.#run = { runId, token };
    this.#next = from;
  }

  async deliver(count: number): Promise<void> {
    const numbers = Array.from({ length: count }, () => this.#next++);
    const records = numbers.map((number) => {
      const group = `group ${number % GROUPS}`;
      return { key: group, fields: { group, numbers: number } };
    });
    const batchId = `${this.#run.runId}/${++this.#batches}`;
    const input = { batchId, collection: 'tallies', sourceId: this.#sourceId, ...this.#run, records };
    await until(
      'a batch to be acknowledged',
      () => this.#send(input),
      () => this.#lastFailure,
      120_000,
    );
    this.acknowledged.push(...numbers);
  }

  /** Delivers batch after batch until the signal is aborted. */
  async keepOn(signal: AbortSignal, recordsPerBatch = 20): Promise<void> {
    while (!signal.aborted) await this.deliver(recordsPerBatch);
  }

  #lastFailure = '';

  async #send(input: Record<string, unknown>): Promise<boolean> {
    try {
      await this.#client.request(
        'mutation ($input: IngestInput!) { ingest(input: $input) { sequence isDuplicate } }',
        { input },
        { timeoutMs: 5_000 },
      );
      return true;
    } catch (error) {
      if (!(error instanceof TributaryError && error.retryable)) throw error;
      this.#lastFailure = messageOf(error);
      return false;
    }
  }
}

/** What entries must say once all that was acknowledged is folded. */
export function expectedTallies(...deliverers: readonly Deliverer[]): Map<string, number[]> {
  const tallies = new Map<string, number[]>();
  for (const number of deliverers.flatMap(({ acknowledged }) => acknowledged).sort((a, b) => a - b)) {
    const group = `group ${number % GROUPS}`;
    tallies.set(group, [...(tallies.get(group) ?? []), number]);
  }
  return tallies;
}

interface TallyPage {
  readonly nodes: readonly Tally[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** All tallies as a fresh query gives them. */
export async function queryTallies(app: App): Promise<Map<string, number[]>> {
  const found: Tally[] = [];
  for (let after: string | null = null, hasMore = true; hasMore; ) {
    const { tallies }: { tallies: TallyPage } = await app.query(
      `query ($after: String) {
        tallies(first: 100, after: $after) { nodes { group numbers } pageInfo { hasNextPage endCursor } }
      }`,
      { after },
    );
    found.push(...tallies.nodes);
    after = tallies.pageInfo.endCursor;
    hasMore = tallies.pageInfo.hasNextPage;
  }
  return sorted(found);
}

/** In an order that does not depend on which source was heard first. */
export function sorted(tallies: Iterable<Tally>): Map<string, number[]> {
  const entries = [...tallies].map(
    ({ group, numbers }) => [group, [...numbers].sort((a, b) => a - b)] as const,
  );
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Waits until the graph says exactly what was acknowledged, then holds it against all other accounts of the same:
 * what subscribers have put together, and the whole journal aggregated anew.
 */
export async function expectExact(
  app: App,
  store: CollectionStore,
  expected: Map<string, number[]>,
  followers: readonly { readonly tallies: Map<string, number[]> }[] = [],
): Promise<void> {
  const wanted = sorted([...expected].map(([group, numbers]) => ({ group, numbers })));
  const isWanted = (tallies: Map<string, number[]>) =>
    JSON.stringify([...tallies]) === JSON.stringify([...wanted]);
  let last: Map<string, number[]> | undefined;
  await until(
    'a fresh query to say what was acknowledged',
    async () => {
      last = await queryTallies(app).catch(() => undefined);
      return last !== undefined && isWanted(last);
    },
    () => differences(wanted, last),
    90_000,
  );
  for (const [index, follower] of followers.entries()) {
    await until(
      `subscriber ${index} to have come to the same`,
      () => isWanted(follower.tallies),
      () => differences(wanted, follower.tallies),
      60_000,
    );
  }
  expect(await reaggregated(store)).toEqual(wanted);
}

/** All tallies as the whole journal gives them, aggregated anew. */
export async function reaggregated(store: CollectionStore): Promise<Map<string, number[]>> {
  const { definitions } = await store.definitions();
  const incarnation = definitions.find(({ name }) => name === 'tallies')?.incarnation ?? '';
  const items: JournalItem[] = [];
  for (;;) {
    const page = await store.readJournal(incarnation, items.at(-1)?.sequence ?? 0, 10_000);
    if (page.length === 0) break;
    items.push(...page);
  }
  const entries = [...aggregateJournal(items, 1_000).values()];
  return sorted(entries.map(({ fields }) => fields as unknown as Tally));
}

/** The first few groups that differ: what a failure is understood by. */
function differences(wanted: Map<string, number[]>, found: Map<string, number[]> | undefined): unknown {
  if (!found) return 'no answer';
  return [...wanted]
    .map(([group, numbers]) => {
      const said = found.get(group) ?? [];
      const missing = numbers.filter((number) => !said.includes(number));
      const twice = said.filter((number, index) => said.indexOf(number) !== index);
      const strange = said.filter((number) => !numbers.includes(number));
      return { group, missing, twice, strange };
    })
    .filter(({ missing, twice, strange }) => missing.length + twice.length + strange.length > 0)
    .slice(0, 3);
}

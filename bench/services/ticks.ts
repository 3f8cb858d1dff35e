import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceClient } from '../../platform/http/service-client.ts';
import { entryKey } from '../../platform/model/entry.ts';
import { type App, until } from '../../test/e2e/app.ts';
import type { ServiceProcess } from '../../test/services/service-process.ts';

/** Entries that one source says something of, again in each of its runs. */
const ENTRIES = 2_500;

const INGEST = 'mutation ($input: IngestInput!) { ingest(input: $input) { sequence } }';

/** A source that the benchmark itself delivers for, as its worker would: one batch after the other, run after run. */
export class TickSource {
  readonly #datasource: ServiceClient;
  readonly #collection: string;
  readonly #id: string;
  #records = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(datasource: ServiceClient, collection: string, id: string) {
    this.#datasource = datasource;
    this.#collection = collection;
    this.#id = id;
  }

  /** @param batch What its records say. @returns When it was acknowledged. */
  send(batch: number, count: number): Promise<number> {
    const sent = this.#last.then(() => this.#send(batch, count));
    this.#last = sent;
    return sent;
  }

  async #send(batch: number, count: number): Promise<number> {
    const run = Math.floor(this.#records / ENTRIES);
    const records = Array.from({ length: count }, () => {
      const fields = { name: `entry ${this.#records++ % ENTRIES} of ${this.#id}`, batch };
      return { key: entryKey(['name'], fields), fields };
    });
    const input = {
      batchId: `${this.#collection}/${batch}`,
      collection: this.#collection,
      sourceId: this.#id,
      runId: `${this.#id}/${run}`,
      token: 1_000_000,
      records,
    };
    await this.#datasource.request(INGEST, { input }, { timeoutMs: 30_000 });
    return performance.now();
  }
}

/** Adds sources that no worker reads, and waits until the graph can be asked for what they say. */
export async function addTicks(
  app: App,
  datasource: ServiceClient,
  collection: string,
  count: number,
): Promise<TickSource[]> {
  const sources: TickSource[] = [];
  for (let index = 0; index < count; index++) {
    const { addSource } = await app.query(
      'mutation ($input: AddSourceInput!) { addSource(input: $input) { source { id } userErrors { message } } }',
      {
        input: {
          collection,
          url: `http://127.0.0.1:9/${index}`,
          every: 'P1D',
          records: 'p',
          fields: [
            { name: 'name', select: 'b' },
            { name: 'batch', select: 'i', type: 'INT' },
          ],
        },
      },
    );
    const { id } = addSource.source;
    await app.query('mutation ($id: ID!) { pauseSource(id: $id) { userErrors { message } } }', { id });
    sources.push(new TickSource(datasource, collection, id));
  }
  await until(
    'the type to be in the graph',
    async () => !(await app.send(`{ ${collection} { totalCount } }`)).errors,
  );
  return sources;
}

/** Calls `act` so often a second, whatever time it takes, with the numbers from `from` on. */
export async function pace(
  perSecond: number,
  from: number,
  to: number,
  act: (number: number) => Promise<void>,
): Promise<void> {
  const acting: Promise<void>[] = [];
  let dueAtMs = performance.now();
  for (let number = from; number < to; number++, dueAtMs += 1_000 / perSecond) {
    await sleep(Math.max(0, dueAtMs - performance.now()));
    acting.push(act(number));
  }
  await Promise.all(acting);
}

/** One value of a service's metrics, summed over its labels. */
async function metricOf({ url }: ServiceProcess, name: string): Promise<number> {
  const text = await (await fetch(new URL('/metrics', url))).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

export async function sumOf(services: readonly ServiceProcess[], name: string): Promise<number> {
  const values = await Promise.all(services.map((service) => metricOf(service, name)));
  return values.reduce((a, b) => a + b, 0);
}

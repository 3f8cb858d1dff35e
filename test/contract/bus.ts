import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Bus } from '../../platform/ports/bus.ts';

/** How long a message may take, in milliseconds. */
const DEADLINE = { timeout: 10_000, interval: 5 };

/** What every bus promises. */
export function busContract(adapter: string, open: () => Promise<Bus>): void {
  describe(`${adapter} is a bus that`, () => {
    let bus: Bus;

    beforeEach(async () => {
      bus = await open();
    });
    afterEach(() => bus.close());

    const publish = (revision: number) => bus.publish('definitions.changed', { revision });

    /** Collects the revisions that a subscriber hears of. */
    async function listen() {
      const heard: number[] = [];
      const subscription = await bus.subscribe('definitions.changed', ({ revision }) => heard.push(revision));
      return { heard, close: () => subscription.close() };
    }

    it('tells every subscriber of a topic, and gives each the whole message', async () => {
      const messages: unknown[] = [];
      await bus.subscribe('collection.changed', (message) => messages.push(message));
      await bus.subscribe('collection.changed', (message) => messages.push(message));
      const message = { collection: 'books', incarnation: 'i1', version: 2 ** 40 };
      await bus.publish('collection.changed', message);
      await expect.poll(() => messages, DEADLINE).toEqual([message, message]);
    });

    it('keeps topics apart', async () => {
      const { heard } = await listen();
      await bus.publish('schema.changed', { subgraph: 'endpoint' });
      await publish(1);
      await expect.poll(() => heard, DEADLINE).toEqual([1]);
    });

    it('delivers in the order of publishing', async () => {
      const { heard } = await listen();
      const revisions = Array.from({ length: 200 }, (_, index) => index);
      await Promise.all(revisions.map(publish));
      await expect.poll(() => heard, DEADLINE).toEqual(revisions);
    });

    it('does not wait for its subscribers', async () => {
      const order: string[] = [];
      await bus.subscribe('definitions.changed', () => order.push('heard'));
      const published = publish(1);
      order.push('handed on');
      await published;
      await expect.poll(() => order, DEADLINE).toEqual(['handed on', 'heard']);
    });

    it('publishes to nobody without complaint', async () => {
      await expect(publish(1)).resolves.toBeUndefined();
    });

    it('tells a new subscriber nothing of before', async () => {
      await publish(1);
      const { heard } = await listen();
      await publish(2);
      await expect.poll(() => heard, DEADLINE).toContain(2);
      expect(heard).toEqual([2]);
    });

    it('tells the other subscribers though one throws, and that one again', async () => {
      let calls = 0;
      await bus.subscribe('definitions.changed', () => {
        calls++;
        throw new Error('a subscriber at fault');
      });
      const { heard } = await listen();
      await publish(1);
      await publish(2);
      await expect.poll(() => heard, DEADLINE).toEqual([1, 2]);
      expect(calls).toBe(2);
    });

    it('tells nothing more to a subscriber that has left, and goes on telling the others', async () => {
      const left = await listen();
      const stayed = await listen();
      await publish(1);
      await expect.poll(() => left.heard, DEADLINE).toEqual([1]);
      await left.close();
      await left.close();
      await publish(2);
      await expect.poll(() => stayed.heard, DEADLINE).toEqual([1, 2]);
      expect(left.heard).toEqual([1]);
    });

    it('takes the same listener twice, and each subscription by itself', async () => {
      const heard: number[] = [];
      const listener = ({ revision }: { revision: number }) => void heard.push(revision);
      const first = await bus.subscribe('definitions.changed', listener);
      await bus.subscribe('definitions.changed', listener);
      await publish(1);
      await expect.poll(() => heard, DEADLINE).toEqual([1, 1]);
      await first.close();
      await publish(2);
      await expect.poll(() => heard, DEADLINE).toEqual([1, 1, 2]);
    });

    it('lets a subscriber leave while it is being told', async () => {
      const heard: number[] = [];
      const subscription = await bus.subscribe('definitions.changed', ({ revision }) => {
        heard.push(revision);
        void subscription.close();
      });
      const stayed = await listen();
      await publish(1);
      await publish(2);
      await expect.poll(() => stayed.heard, DEADLINE).toEqual([1, 2]);
      expect(heard).toEqual([1]);
    });

    it('tells nothing more to a subscriber that another one takes out', async () => {
      const first = await bus.subscribe('definitions.changed', () => void other.close());
      const heard: number[] = [];
      const other = await bus.subscribe('definitions.changed', ({ revision }) => heard.push(revision));
      const stayed = await listen();
      await publish(1);
      await expect.poll(() => stayed.heard, DEADLINE).toEqual([1]);
      expect(heard).toEqual([]);
      await first.close();
    });

    it('lets a listener be told of gaps, and leave', async () => {
      const listening = bus.onGap(() => {});
      await listening.close();
      await listening.close();
    });

    it('refuses everything once it is closed, and closes twice', async () => {
      await bus.close();
      await bus.close();
      await expect(publish(1)).rejects.toMatchObject({ code: 'CLOSED' });
      await expect(listen()).rejects.toMatchObject({ code: 'CLOSED' });
      expect(() => bus.onGap(() => {})).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    });

    it('tells nothing after it is closed, not even what was published before', async () => {
      const { heard } = await listen();
      const published = publish(1);
      await bus.close();
      await published;
      const atClose = heard.length;
      await new Promise((resolve) => setImmediate(resolve));
      expect(heard.length).toBe(atClose);
    });
  });
}

/** What a bus between processes promises besides. `open` opens one more bus on a place that the suite names. */
export function busBetweenProcessesContract(adapter: string, open: (place: string) => Promise<Bus>): void {
  describe(`${adapter} is a bus between processes that`, () => {
    const opened: Bus[] = [];
    let place: string;

    beforeEach(() => {
      place = randomUUID();
    });
    afterEach(async () => {
      for (const bus of opened.splice(0)) await bus.close();
    });

    const openOne = async (at = place) => {
      const bus = await open(at);
      opened.push(bus);
      return bus;
    };

    async function listen(bus: Bus) {
      const heard: number[] = [];
      await bus.subscribe('definitions.changed', ({ revision }) => heard.push(revision));
      return heard;
    }

    it('lets each hear all the others, and itself', async () => {
      const buses = await Promise.all([openOne(), openOne(), openOne()]);
      const heard = await Promise.all(buses.map(listen));
      for (const [index, bus] of buses.entries())
        await bus.publish('definitions.changed', { revision: index });
      for (const list of heard) await expect.poll(() => list, DEADLINE).toEqual([0, 1, 2]);
    });

    it('keeps the order of each publisher', async () => {
      const [reader, ...writers] = await Promise.all([openOne(), openOne(), openOne()]);
      const heard = await listen(reader);
      const revisions = Array.from({ length: 300 }, (_, index) => index);
      for (const revision of revisions) {
        for (const [writer, bus] of writers.entries()) {
          void bus.publish('definitions.changed', { revision: revision * 2 + writer });
        }
      }
      await expect.poll(() => heard.length, DEADLINE).toBe(600);
      for (const [writer] of writers.entries()) {
        const ofOne = heard.filter((revision) => revision % 2 === writer);
        expect(ofOne).toEqual(revisions.map((revision) => revision * 2 + writer));
      }
    });

    it('misses nothing from the moment that a subscription resolves', async () => {
      const writer = await openOne();
      for (let round = 0; round < 20; round++) {
        const heard = await listen(await openOne());
        await writer.publish('definitions.changed', { revision: round });
        await expect.poll(() => heard, DEADLINE).toEqual([round]);
      }
    });

    it('keeps places apart', async () => {
      const [here, elsewhere] = [await openOne(), await openOne(randomUUID())];
      const heard = await listen(here);
      await elsewhere.publish('definitions.changed', { revision: 1 });
      await here.publish('definitions.changed', { revision: 2 });
      await expect.poll(() => heard, DEADLINE).toEqual([2]);
    });

    it('goes on for the others when one is closed', async () => {
      const [leaving, reader, writer] = await Promise.all([openOne(), openOne(), openOne()]);
      await listen(leaving);
      const heard = await listen(reader);
      await leaving.close();
      await writer.publish('definitions.changed', { revision: 1 });
      await expect.poll(() => heard, DEADLINE).toEqual([1]);
    });

    it('tells of no gap where there was none', async () => {
      const [reader, writer] = [await openOne(), await openOne()];
      let gaps = 0;
      reader.onGap(() => gaps++);
      const heard = await listen(reader);
      await writer.publish('definitions.changed', { revision: 1 });
      await expect.poll(() => heard, DEADLINE).toEqual([1]);
      expect(gaps).toBe(0);
    });
  });
}

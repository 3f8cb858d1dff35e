import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UnavailableError } from '../../platform/errors.ts';
import { type MongoPlace, mongoAdapter, openMongo } from '../../platform/mongo.ts';
import { Scope } from '../../platform/scope.ts';
import { type FaultProxy, openFaultProxy } from '../services/fault-proxy.ts';

const { MONGODB_URL } = process.env;
const DEADLINE = { timeout: 40_000, interval: 50 };

/** Enough for some to be in the middle of asking the server how it is when the connection breaks. */
const PLACES = 64;

describe.skipIf(!MONGODB_URL)('connections to MongoDB', () => {
  let scope: Scope;
  let proxy: FaultProxy;
  let places: MongoPlace[];
  beforeEach(async () => {
    scope = new Scope();
    const { hostname, port } = new URL(String(MONGODB_URL).replace(/^mongodb:/, 'http:'));
    proxy = scope.use(await openFaultProxy(hostname, Number(port)));
    const url = `mongodb://127.0.0.1:${proxy.port}/?directConnection=true`;
    places = Array.from({ length: PLACES }, () => scope.use(openMongo(url)));
  });
  afterEach(() => scope.close());

  const answering = async () => {
    const answers = await Promise.allSettled(places.map(({ db }) => db.command({ ping: 1 })));
    return answers.filter(({ status }) => status === 'fulfilled').length;
  };

  it('all come back after every outage, whatever they were at', async () => {
    expect(await answering()).toBe(PLACES);
    const stopping = new AbortController();
    // Under load breaks are found by operations, while the driver's monitor is in the middle of its own.
    const loads = places.map(async ({ db }) => {
      while (!stopping.signal.aborted) {
        await db.command({ ping: 1 }).catch(() => {});
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    for (let outage = 0; outage < 2; outage++) {
      await proxy.stop();
      // The first ask finds the connections broken; the next wait for a server until there is none.
      for (let time = 0; time < 3; time++) expect(await answering()).toBe(0);
      await proxy.restart();
      await expect.poll(answering, DEADLINE).toBe(PLACES);
    }
    stopping.abort();
    await Promise.all(loads);
  }, 120_000);

  it('that are made anew say to whoever was at something that the server is away, and nothing of the driver', async () => {
    const [place] = places;
    if (!place) throw new Error('There is no place.');
    const items = place.db.collection<{ readonly _id: number }>('never_there');
    const { read, write, ping } = mongoAdapter('The store', {
      read: (_id: number) => items.find({ _id }).toArray(),
      write: (_id: number) =>
        items.bulkWrite([{ updateOne: { filter: { _id }, update: { $set: { of: 'none' } } } }]),
      ping: () => place.db.command({ ping: 1 }),
      close: () => {},
    });
    await ping();
    // More than there are connections: some wait for an answer, others for a connection.
    const asked = Array.from({ length: 50 }, (_, id) => [read(id), write(id), ping()]).flat();
    const answers = Promise.allSettled(asked);
    await new Promise((resolve) => setImmediate(resolve));
    await place.db.client.close();
    const reasons = (await answers).flatMap((answer) =>
      answer.status === 'rejected' ? [answer.reason] : [],
    );
    expect(reasons.length).toBeGreaterThan(0);
    expect(reasons.filter((reason) => !(reason instanceof UnavailableError))).toEqual([]);
  });

  it('close at once while the server is away, and twice', async () => {
    await answering();
    await proxy.stop();
    await Promise.all(places.map((place) => place.close()));
    await places[0]?.close();
    await expect(places[0]?.db.command({ ping: 1 })).rejects.toThrow();
  });
});

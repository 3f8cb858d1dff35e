import { setTimeout as sleep } from 'node:timers/promises';
import type { MongoClient } from 'mongodb';
import type { Closeable } from './scope.ts';

/** How often the driver asks the server how it is: so late is an outage, and its end, noticed at the most. */
export const HEARTBEAT_MS = 2_000;

/**
 * How long the driver's monitor may say nothing: more than a heartbeat and the time that it gives a server to answer.
 *
 * In mongodb 7.8 a check whose connection breaks at the wrong moment never ends: the monitor waits for it for ever, no
 * server is found any more, and every operation fails although the server has long been back.
 */
const SILENT_MS_MAX = 10_000;
const LOOK_MS = 1_000;
/** Between two attempts to connect anew. */
const RETRY_MS = 500;

/** Every check of the monitor begins or ends with one of them. */
const SIGNS = ['serverHeartbeatStarted', 'serverHeartbeatSucceeded', 'serverHeartbeatFailed'] as const;

/** Has the client connect anew when its monitor has come to a stop. Databases and collections of it stay good. */
export function watchMonitor(client: MongoClient): Closeable {
  let isHeard = true;
  let isOpen = false;
  /** Counted, not measured: a process that slept has not listened either. */
  let silentMs = 0;
  let isClosed = false;
  let restarting: Promise<void> | undefined;
  for (const sign of SIGNS) {
    client.on(sign, () => {
      isHeard = true;
    });
  }
  client.on('topologyOpening', () => {
    isOpen = true;
  });

  async function restart(): Promise<void> {
    await client.close().catch(() => {});
    while (!isClosed) {
      try {
        await client.connect();
        return;
      } catch {
        await sleep(RETRY_MS);
      }
    }
  }

  const timer = setInterval(() => {
    silentMs = isHeard || !isOpen ? 0 : silentMs + LOOK_MS;
    isHeard = false;
    if (silentMs < SILENT_MS_MAX || restarting) return;
    silentMs = 0;
    restarting = restart().finally(() => {
      restarting = undefined;
    });
  }, LOOK_MS);
  timer.unref();
  return {
    async close() {
      isClosed = true;
      clearInterval(timer);
      await client.close();
      await restarting;
      // Who was connecting anew may have been quicker.
      await client.close();
    },
  };
}

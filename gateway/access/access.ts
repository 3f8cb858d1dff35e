import type { Clock, Timer } from '../../platform/clock.ts';
import { messageOf } from '../../platform/errors.ts';
import { bearerOf } from '../../platform/http/service-tokens.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Metrics } from '../../platform/metrics.ts';
import type { Closeable } from '../../platform/scope.ts';
import { type ApiKey, hashOf, parseKeys, readText } from './key-file.ts';
import type { Role } from './roles.ts';

/** Who sends an operation. */
export interface Caller {
  readonly name: string;
  readonly role: Role;
}

/** Knows who may use the graph, and how far. */
export interface Access extends Closeable {
  /** @param authorization As a header says it, or a socket's first message. @returns Undefined where that opens nothing. */
  callerOf(authorization: unknown): Caller | undefined;
  /** Whether the caller still is what they were when they came. */
  isCurrent(caller: Caller): boolean;
  /** Counts somebody whom we do not know, and tells of those who showed a key that opens nothing. */
  noteRefusal(authorization: unknown, address: string | undefined): void;
  /** Called when callers may have ceased to be current. */
  onChange(listener: () => void): void;
}

export interface AccessOptions {
  /** Without it everybody may do everything: only where nobody else can come, on loopback. */
  readonly keysFile?: string | undefined;
  /** How often the file is looked at for a change. */
  readonly reloadMs: number;
}

/** The setting that names the file. */
const SETTING = 'API_KEYS_FILE';

/** Longer than any key: of more nobody needs a hash. */
const KEY_LENGTH_MAX = 512;

/** A key that opens nothing is worth a line, a thousand of them are not worth a thousand. */
const REFUSALS_LINE_MS = 60_000;

const ANYBODY: Caller = { name: 'anybody', role: 'ADMIN' };

/** @throws {ConfigError} The file cannot be read, or holds what are no keys. */
export async function openAccess(
  { clock, logger, metrics }: { clock: Clock; logger: Logger; metrics: Metrics },
  { keysFile, reloadMs }: AccessOptions,
): Promise<Access> {
  const noteRefusal = createRefusalNote({ clock, logger, metrics });
  if (keysFile === undefined) {
    return {
      callerOf: () => ANYBODY,
      isCurrent: () => true,
      noteRefusal,
      onChange: () => {},
      close: () => {},
    };
  }
  const listeners = new Set<() => void>();
  let text = await readText(SETTING, keysFile);
  let keys = byHash(parseKeys(SETTING, keysFile, text));
  let problem: string | undefined;
  let timer: Timer | undefined;
  let isClosed = false;

  /** Compares texts, not times: two changes within one tick of a file system's clock are two changes. */
  async function reload(path: string): Promise<void> {
    const next = await readText(SETTING, path);
    if (next === text || isClosed) return;
    keys = byHash(parseKeys(SETTING, path, next));
    text = next;
    logger.info({ keyCount: keys.size }, 'API keys read anew');
    for (const listener of listeners) listener();
  }

  function schedule(path: string): void {
    timer = clock.schedule(reloadMs, async () => {
      let found: string | undefined;
      try {
        await reload(path);
      } catch (error) {
        found = messageOf(error);
        // Said once, however long it stays.
        if (found !== problem) logger.error({ problem: found }, 'API keys cannot be read, those known stay');
      }
      problem = found;
      if (!isClosed) schedule(path);
    });
  }

  schedule(keysFile);
  return {
    callerOf(authorization) {
      const key = bearerOf(authorization);
      if (key === undefined || key.length > KEY_LENGTH_MAX) return undefined;
      // What can be learned of a hash by measuring the look-up leads to no key.
      return keys.get(hashOf(key));
    },
    isCurrent(caller) {
      const { sha256 } = caller as ApiKey;
      return keys.get(sha256)?.role === caller.role;
    },
    noteRefusal,
    onChange: (listener) => void listeners.add(listener),
    close() {
      isClosed = true;
      timer?.close();
    },
  };
}

function byHash(keys: readonly ApiKey[]): ReadonlyMap<string, ApiKey> {
  return new Map(keys.map((key) => [key.sha256, key]));
}

/**
 * There is no bound for each address: a key is 256 random bits, so tries lead nowhere, each costs us one hash, and a bound
 * would shut out all apps that share an address with whoever tries.
 */
function createRefusalNote({
  clock,
  logger,
  metrics,
}: {
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
}): Access['noteRefusal'] {
  let refusals = 0;
  let silentUntilMs = Number.NEGATIVE_INFINITY;
  return (authorization, address) => {
    metrics.limits.inc({ limit: SETTING });
    // Without any key it is most often a page whose reader has yet to put one in.
    if (authorization === undefined) return;
    refusals += 1;
    if (clock.now() < silentUntilMs) return;
    logger.warn({ address, refusals }, 'refused keys that open nothing');
    refusals = 0;
    silentUntilMs = clock.now() + REFUSALS_LINE_MS;
  };
}

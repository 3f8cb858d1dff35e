import { EventEmitter } from 'node:events';
import Consul from 'consul';
import { ConfigError, messageOf, TributaryError, UnavailableError } from './errors.ts';

/**
 * How long Consul may take to answer what it need not wait for, in milliseconds. It answers from memory: one that
 * takes longer is away, and whoever keeps a lease there must have the time to ask again.
 */
const ANSWER_TIMEOUT_MS = 2_000;

/** What every call of the driver takes beside its own options; its types leave most of it out. */
export interface ConsulCall {
  readonly ctx: EventEmitter;
  readonly timeout: number;
  readonly index?: string;
  readonly wait?: string;
}

export interface ConsulAnswer<T> {
  /** undefined where there is nothing of that name. */
  readonly data: T | undefined;
  /** State that this is an answer from: the next question may wait for a later one. 0 where the answer names none. */
  readonly index: bigint;
}

export interface AskOptions {
  readonly signal?: AbortSignal;
  /** @default 2_000 */
  readonly timeoutMs?: number;
  /** Answer only once there is a state after this one, or when `waitMs` are over. */
  readonly after?: { readonly index: bigint; readonly waitMs: number };
}

/** Consul has understood and says no: the same call fails again. */
export class ConsulRefusalError extends TributaryError {
  readonly status: number;

  constructor(status: number, message: string) {
    super('INTERNAL_SERVER_ERROR', `Consul refuses: ${message}`);
    this.status = status;
  }
}

/**
 * Connects with the first call, and again after each outage; whoever opens it destroys it.
 *
 * @param url `http://<host>:<port>` or `https://…`
 * @throws {ConfigError} The URL is none. Never repeats it: it may hold a password.
 */
export function openConsul(url: string, token?: string): Consul {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isPlain = parsed && parsed.username === '' && parsed.pathname === '/' && parsed.search === '';
  if (!parsed || !isPlain || !/^https?:$/.test(parsed.protocol) || parsed.hostname === '') {
    throw new ConfigError([
      'REGISTRY_URL, LEADERSHIP_URL, LIVE_SETTINGS_URL: Consul is at http://<host>:<port>; its token goes into CONSUL_HTTP_TOKEN',
    ]);
  }
  const isSecure = parsed.protocol === 'https:';
  return new Consul({
    host: parsed.hostname,
    port: Number(parsed.port) || (isSecure ? 443 : 80),
    secure: isSecure,
    ...(token ? { defaults: { token } } : {}),
  });
}

/**
 * One question to Consul.
 *
 * @param call Passes what it is given on to the driver, among its own options.
 * @throws {UnavailableError} Consul does not answer, or has no leader. {ConsulRefusalError} It says no. The signal's
 *   reason, where it is aborted.
 */
export async function askConsul<T>(
  call: (options: ConsulCall) => Promise<T | undefined>,
  { signal, timeoutMs = ANSWER_TIMEOUT_MS, after }: AskOptions = {},
): Promise<ConsulAnswer<T>> {
  signal?.throwIfAborted();
  // With this mark the driver hands out the response beside its content, whose headers name the index.
  const ctx = Object.assign(new EventEmitter(), { includeResponse: true });
  const cancel = () => void ctx.emit('cancel');
  signal?.addEventListener('abort', cancel, { once: true });
  const waiting = after ? { index: `${after.index}`, wait: `${after.waitMs}ms` } : {};
  try {
    const [response, data] = (await call({ ctx, timeout: timeoutMs, ...waiting })) as unknown as [
      { headers: Record<string, string | undefined> },
      T | undefined,
    ];
    return { data, index: BigInt(response.headers['x-consul-index'] ?? 0) };
  } catch (error) {
    signal?.throwIfAborted();
    throw translated(error);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

/** Without its cause: the driver's errors hold the request, and with it the token. */
function translated(error: unknown): TributaryError {
  const status = (error as { response?: { statusCode?: number } }).response?.statusCode ?? 500;
  // Of a server, 429 says as little of the request as 500 does: that there is no leader, or too much to do.
  return status >= 500 || status === 429
    ? new UnavailableError(`Consul does not answer: ${messageOf(error)}`)
    : new ConsulRefusalError(status, messageOf(error));
}

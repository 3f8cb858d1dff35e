import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type Docker from 'dockerode';
import type { Clock } from '../../clock.ts';
import { ClosedError, messageOf, UnavailableError } from '../../errors.ts';
import { linkAbort } from '../../linked-abort.ts';
import type { Logger } from '../../logger.ts';
import {
  type Address,
  addressesOf,
  type Certificates,
  type Connection,
  type Endpoint,
  openConnection,
  parseEndpoints,
  readCertificates,
} from './endpoints.ts';
import { engineError } from './engine-error.ts';
import type { EngineOptions } from './options.ts';

/** A name server that is away must not keep us from the managers whose addresses are known. In milliseconds. */
const LOOKUP_TIMEOUT_MS = 2_000;

/** One question to one engine. The signal ends it; the driver takes it in the options of its calls. */
export type Ask<T> = (docker: Docker, abortSignal: AbortSignal) => Promise<T>;

export interface EngineDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** All addresses that a name has. @default as the machine resolves it */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

/**
 * The managers of one swarm, each of which answers for all. One that does not is asked again only after the others.
 * Whatever is asked here is idempotent, changes by name and version included: so it may go to the next one though the
 * one before may have done it.
 */
export class SwarmEngine {
  readonly #deps: EngineDeps;
  readonly #timeoutMs: number;
  readonly #endpoints: readonly Endpoint[];
  readonly #certificates: Certificates | undefined;
  /** Addresses that did not answer when they were last asked, and when that was: as many as there are addresses. */
  readonly #failures = new Map<string, number>();
  readonly #closing = new AbortController();

  /** Connects with the first call. @throws {ConfigError} The URLs are none, or there are no certificates. */
  constructor(deps: EngineDeps, options: EngineOptions) {
    this.#deps = deps;
    this.#timeoutMs = options.timeoutMs;
    this.#endpoints = parseEndpoints(options.url);
    this.#certificates = readCertificates(this.#endpoints, options);
  }

  /**
   * @param timeoutMs For each engine that is asked. @default the one of the options
   * @throws {EngineRefusal} An engine says no.
   * @throws {UnavailableError} None answers.
   */
  call<T>(ask: Ask<T>, timeoutMs: number = this.#timeoutMs): Promise<T> {
    return this.#first(async (connection) => {
      try {
        return await this.#withDeadline((signal) => ask(connection.docker, signal), timeoutMs);
      } finally {
        connection.close();
      }
    });
  }

  /** Like `call`, for an answer that has no end: the deadline is for its beginning, and the connection is the caller's. */
  open<T>(ask: Ask<T>): Promise<{ readonly answer: T; readonly connection: Connection }> {
    return this.#first(async (connection) => {
      try {
        const answer = await this.#withDeadline((signal) => ask(connection.docker, signal), this.#timeoutMs);
        return { answer, connection };
      } catch (error) {
        connection.close();
        throw error;
      }
    });
  }

  /** Gives up what is asked; what is asked afterwards is refused. */
  close(): void {
    this.#closing.abort(new ClosedError('The runtime'));
  }

  async #first<T>(ask: (connection: Connection) => Promise<T>): Promise<T> {
    let failure: UnavailableError | undefined;
    for (const address of await this.#addresses()) {
      if (this.#closing.signal.aborted) break;
      try {
        const answer = await ask(openConnection(address, this.#certificates));
        this.#noteAnswer(address);
        return answer;
      } catch (error) {
        if (this.#closing.signal.aborted) break;
        const told = engineError(address.name, error);
        if (!(told instanceof UnavailableError)) {
          this.#noteAnswer(address);
          throw told;
        }
        this.#noteFailure(address, told);
        failure ??= told;
      }
    }
    if (this.#closing.signal.aborted) throw new ClosedError('The runtime');
    throw failure ?? new UnavailableError('No manager of the swarm has an address.');
  }

  /** Those that answered before those that did not, of which the one that failed the longest ago comes first. */
  async #addresses(): Promise<readonly Address[]> {
    const found = await Promise.all(this.#endpoints.map((endpoint) => this.#resolve(endpoint)));
    const addresses = found.flat();
    const known = new Set(addresses.map(({ name }) => name));
    for (const name of this.#failures.keys()) if (!known.has(name)) this.#failures.delete(name);
    const failedAt = ({ name }: Address) => this.#failures.get(name) ?? 0;
    return addresses.sort((one, other) => failedAt(one) - failedAt(other));
  }

  async #resolve(endpoint: Endpoint): Promise<readonly Address[]> {
    if (endpoint.kind === 'socket') return addressesOf(endpoint, []);
    if (isIP(endpoint.host) !== 0) return addressesOf(endpoint, [endpoint.host]);
    const resolve = this.#deps.resolve ?? resolveName;
    try {
      const ips = await this.#withDeadline(() => resolve(endpoint.host), LOOKUP_TIMEOUT_MS);
      return addressesOf(endpoint, ips);
    } catch (error) {
      this.#deps.logger.debug({ host: endpoint.host, reason: messageOf(error) }, 'docker name not resolved');
      return [];
    }
  }

  /** Rejects at the deadline and when we close, whatever the asked one does: the driver does not always notice. */
  async #withDeadline<T>(ask: (signal: AbortSignal) => Promise<T>, timeoutMs: number): Promise<T> {
    const abort = linkAbort(this.#closing.signal);
    const late = new Error(`not within ${timeoutMs} ms`);
    const timer = this.#deps.clock.schedule(timeoutMs, () => abort.controller.abort(late));
    const aborted = new Promise<never>((_resolve, reject) => {
      const fail = () => reject(abort.signal.reason);
      if (abort.signal.aborted) fail();
      else abort.signal.addEventListener('abort', fail, { once: true });
    });
    try {
      return await Promise.race([ask(abort.signal), aborted]);
    } finally {
      timer.close();
      abort.unlink();
    }
  }

  #noteFailure({ name }: Address, error: UnavailableError): void {
    if (!this.#failures.has(name))
      this.#deps.logger.warn({ reason: error.message }, 'docker does not answer');
    this.#failures.set(name, this.#deps.clock.now());
  }

  #noteAnswer({ name }: Address): void {
    if (this.#failures.delete(name)) this.#deps.logger.info({ engine: name }, 'docker answers again');
  }
}

async function resolveName(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}

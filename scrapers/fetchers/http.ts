import { isIP } from 'node:net';
import { Agent, type Dispatcher } from 'undici';
import { abortable } from '../../platform/abortable.ts';
import type { Clock } from '../../platform/clock.ts';
import { linkAbort } from '../../platform/linked-abort.ts';
import type { AddressGuard } from '../../platform/network/address-guard.ts';
import type { HostBudget } from '../../platform/ports/host-budget.ts';
import { RunFailure, shownUrl } from '../run-failure.ts';
import { ACCEPT_ENCODING, readBody } from './body.ts';
import { decodeHtml, decodeJson } from './charset.ts';
import { forbiddenAddress, networkFailure, parseRetryAfter, statusFailure } from './classify.ts';
import { ACCEPT, readContentType } from './content-type.ts';
import type { Fetcher, Page, PageRequest } from './fetcher.ts';
import { isRedirect, redirectTarget } from './redirect.ts';
import { createVettedLookup, type ResolveHost, systemResolveHost } from './vetted-lookup.ts';

export interface HttpFetcherDeps {
  readonly guard: AddressGuard;
  readonly budget: HostBudget;
  /** Tells the dates that sites name. */
  readonly clock: Clock;
  /** Measures time: never goes back and never jumps. */
  readonly steadyClock: Clock;
  /** @default the system's */
  readonly resolveHost?: ResolveHost;
}

export interface HttpFetcherOptions {
  /** For the whole page, redirects included; waiting for a host's turn does not count. */
  readonly timeoutMs: number;
  /** After decompression. */
  readonly bodyBytesMax: number;
  readonly redirectsMax: number;
  readonly userAgent: string;
}

/** Short, since the next page of a run comes at once and the next run much later. */
const KEEP_ALIVE_MS = 4_000;

type Answer =
  | { readonly kind: 'page'; readonly page: Page }
  | { readonly kind: 'redirect'; readonly location: string | undefined };

/** Gets pages over HTTP/1.1, from addresses that the guard lets through only. */
export function openHttpFetcher(deps: HttpFetcherDeps, options: HttpFetcherOptions): Fetcher {
  const { guard, budget, clock, steadyClock, resolveHost = systemResolveHost } = deps;
  const agent = new Agent({
    connect: { lookup: createVettedLookup(guard, resolveHost), timeout: options.timeoutMs },
    keepAliveTimeout: KEEP_ALIVE_MS,
    // The fetch's own limit is the one that counts.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  async function fetch(request: PageRequest, signal: AbortSignal): Promise<Page> {
    const visited: URL[] = [parseUrl(request.url)];
    const credentials = basicCredentials(visited[0] as URL);
    let remainingMs = options.timeoutMs;
    for (;;) {
      const url = visited.at(-1) as URL;
      assertAddress(url);
      const turn = await budget.take(url.host, signal);
      const beganMs = steadyClock.now();
      const { controller, signal: attempt, unlink } = linkAbort(signal);
      const timer = steadyClock.schedule(remainingMs, () => controller.abort());
      try {
        const isHome = url.origin === visited[0]?.origin;
        const answer = await ask(url, request, isHome ? credentials : undefined, attempt);
        if (answer.kind === 'page') return answer.page;
        visited.push(redirectTarget(answer.location, visited, options.redirectsMax));
      } catch (error) {
        signal.throwIfAborted();
        if (attempt.aborted) throw tooSlow(url);
        throw networkFailure(error, url.host, shownUrl(url));
      } finally {
        timer.close();
        unlink();
        turn.release();
        remainingMs -= steadyClock.now() - beganMs;
      }
    }
  }

  async function ask(
    url: URL,
    { format }: PageRequest,
    credentials: string | undefined,
    signal: AbortSignal,
  ): Promise<Answer> {
    const asked = agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers: {
        'user-agent': options.userAgent,
        accept: ACCEPT[format],
        'accept-encoding': ACCEPT_ENCODING,
        'accept-language': 'en;q=0.8,*;q=0.5',
        ...(credentials === undefined ? {} : { authorization: credentials }),
      },
      signal,
    });
    const response = await abortable(asked, signal);
    try {
      return await read(response, url, format);
    } finally {
      // Nothing may go on arriving that nobody reads.
      response.body.on('error', () => {}).destroy();
    }
  }

  async function read(
    { statusCode, headers, body }: Dispatcher.ResponseData,
    url: URL,
    format: PageRequest['format'],
  ): Promise<Answer> {
    if (isRedirect(statusCode)) return { kind: 'redirect', location: single(headers.location) };
    if (statusCode < 200 || statusCode > 299) {
      const retryAfterMs = parseRetryAfter(single(headers['retry-after']), clock.now());
      throw statusFailure(statusCode, shownUrl(url), retryAfterMs);
    }
    const { charset, problem } = readContentType(single(headers['content-type']), format);
    if (problem) throw new RunFailure('BAD_CONTENT', problem);
    const bytes = await readBody(
      body,
      [headers['content-encoding'] ?? ''].flat().join(','),
      options.bodyBytesMax,
    );
    const text = await (format === 'JSON' ? decodeJson : decodeHtml)(bytes, charset);
    return { kind: 'page', page: { url: shownUrl(url), text, bytes: bytes.length } };
  }

  function assertAddress(url: URL): void {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const problem = isIP(host) === 0 ? undefined : guard.problem(host);
    if (problem) throw forbiddenAddress(problem, shownUrl(url));
  }

  function tooSlow(url: URL): RunFailure {
    const limit = 'PAGE_TIMEOUT';
    const message = `${url.host} took longer than ${options.timeoutMs / 1_000} seconds, the limit ${limit}.`;
    return new RunFailure('TIMEOUT', message, { url: shownUrl(url), retryable: true, limit });
  }

  return { fetch, close: () => agent.destroy() };
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new RunFailure('ADDRESS_FORBIDDEN', 'Only http and https URLs can be read.');
}

function basicCredentials({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(plain).toString('base64')}`;
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

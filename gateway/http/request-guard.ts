import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../../platform/network/loopback.ts';

export interface GuardOptions {
  /** Origins of other sites whose pages may use the graph. */
  readonly corsOrigins: readonly string[];
  /** Names we are reached by, beside loopback's own; undefined where any will do. */
  readonly allowedHosts: readonly string[] | undefined;
}

export interface RequestGuard {
  /** @returns Why nothing may be sent under that name; undefined where it is one of ours. */
  wrongHost(headers: IncomingHttpHeaders): string | undefined;
  /** @returns Why the page it comes from may not use the graph; undefined where it may, or is no page. */
  foreignSite(headers: IncomingHttpHeaders): string | undefined;
  /** The page's origin, where it is another site's that may read our answers. */
  corsOriginOf(headers: IncomingHttpHeaders): string | undefined;
}

/**
 * Keeps pages of other sites from using the graph through their visitor's browser, whichever way they try:
 *
 * - by a name of theirs that leads to our address (DNS rebinding): the `Host` must be one of ours;
 * - by requests that browsers send without asking us first, GET and WebSocket: a browser says in `Origin` and
 *   `Sec-Fetch-Site` where they come from. What is no browser sends neither, and may go on.
 */
export function createRequestGuard({ corsOrigins, allowedHosts }: GuardOptions): RequestGuard {
  const hosts = allowedHosts && new Set(allowedHosts.map((host) => host.toLowerCase()));
  const origins = new Set(corsOrigins);

  return {
    wrongHost({ host = '' }) {
      const hostname = hostnameOf(host);
      if (hostname !== undefined && (!hosts || isLoopback(hostname) || hosts.has(hostname))) return undefined;
      return 'The request was sent to a name that is not one of ours (ALLOWED_HOSTS).';
    },
    foreignSite({ host = '', origin, 'sec-fetch-site': site }) {
      const isOurs =
        origin === undefined
          ? site === undefined || site === 'same-origin' || site === 'none'
          : origins.has(origin) || isOwn(origin, host);
      return isOurs ? undefined : 'Pages of other sites may not use this graph (CORS_ORIGINS).';
    },
    corsOriginOf({ origin }) {
      return origin !== undefined && origins.has(origin) ? origin : undefined;
    },
  };
}

/** Whether the page was served under the name and port that the request goes to. */
function isOwn(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

/** `[::1]:4000` gives `::1`. */
function hostnameOf(host: string): string | undefined {
  if (!URL.canParse(`http://${host}`)) return undefined;
  return new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '');
}

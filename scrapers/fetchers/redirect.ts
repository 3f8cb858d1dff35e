import { RunFailure, shownUrl } from '../run-failure.ts';

const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function isRedirect(status: number): boolean {
  return REDIRECT_STATUSES.has(status);
}

/**
 * Where a redirect leads. A fragment is kept where the new place has none, as browsers do.
 *
 * @param visited What was asked so far, in order.
 * @throws {RunFailure} It leads nowhere, in a circle, too far, or away from HTTPS.
 */
export function redirectTarget(
  location: string | undefined,
  visited: readonly URL[],
  redirectsMax: number,
): URL {
  const from = visited.at(-1) as URL;
  const url = shownUrl(from);
  if (!location) {
    throw new RunFailure('HTTP_STATUS', 'The site redirects without saying where to.', { url });
  }
  if (!URL.canParse(location, from.href)) {
    throw new RunFailure('BAD_CONTENT', 'The site redirects to something that is no URL.', { url });
  }
  const target = new URL(location, from);
  if (target.hash === '') target.hash = from.hash;
  if (target.protocol !== 'https:' && target.protocol !== 'http:') {
    throw new RunFailure('ADDRESS_FORBIDDEN', `The site redirects to a ${target.protocol} URL.`, { url });
  }
  if (from.protocol === 'https:' && target.protocol === 'http:') {
    const message = 'The site redirects from https to http, where anybody could change the page on its way.';
    throw new RunFailure('ADDRESS_FORBIDDEN', message, { url });
  }
  if (visited.some((seen) => seen.href === target.href)) {
    throw new RunFailure('TOO_MANY_REDIRECTS', `The site redirects in a circle, to ${shownUrl(target)}.`, {
      url,
    });
  }
  if (visited.length > redirectsMax) {
    throw new RunFailure('TOO_MANY_REDIRECTS', `The site redirects more than ${redirectsMax} times.`, {
      url,
      limit: 'REDIRECTS_MAX',
    });
  }
  return target;
}

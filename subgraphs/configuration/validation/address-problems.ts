import { isIP } from 'node:net';
import type { AddressGuard } from '../../../platform/network/address-guard.ts';
import type { Problem } from './problem.ts';

/** What servers and browsers take, more or less; in UTF-16 code units. */
const URL_LENGTH_MAX = 2_048;

/**
 * Checks a source's URL as far as it can be without asking anybody: names are resolved by the worker, which
 * checks every address it connects to.
 */
export function addressProblems(url: string, guard: AddressGuard): Problem[] {
  const problem = (message: string): Problem[] => [{ field: 'url', code: 'INVALID_URL', message }];
  if (url === '') {
    return [{ field: 'url', code: 'REQUIRED', message: 'Give the URL of the page or API to read.' }];
  }
  if (url.length > URL_LENGTH_MAX) return problem(`The URL is longer than ${URL_LENGTH_MAX} characters.`);
  if (!URL.canParse(url)) {
    return problem('This is no absolute URL. Write it out, with https:// in front.');
  }
  const { protocol, hostname, username, password } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    return problem(`Sources are read over http: and https:, not ${protocol}`);
  }
  if (username !== '' || password !== '') {
    return problem('The URL must not carry a user name or password: everybody who sees the source sees it.');
  }
  const forbidden = literalAddresses(hostname).map((ip) => guard.problem(ip));
  if (forbidden.length > 0 && forbidden.every((reason) => reason !== undefined)) {
    return [
      {
        field: 'url',
        code: 'ADDRESS_FORBIDDEN',
        limit: 'SCRAPER_ALLOW_NETWORKS',
        message: `${hostname} is not to be read: ${forbidden[0]}. Choose a public address, or have the operator name its network in SCRAPER_ALLOW_NETWORKS.`,
      },
    ];
  }
  return [];
}

/** The addresses that a host names by itself. `new URL` has made 2130706433 and 0x7f.1 plain already. */
function literalAddresses(hostname: string): string[] {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (host === 'localhost' || host.endsWith('.localhost')) return ['127.0.0.1', '::1'];
  return isIP(host) > 0 ? [host] : [];
}

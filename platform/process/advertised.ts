import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]']);

/**
 * The URL under which others reach what listens at `url`.
 *
 * @param host Where others should look, if it is said; else the listener's own, or this machine's first address beyond
 *   loopback where it listens on all.
 */
export function advertisedUrl(url: string, host: string | undefined): string {
  const advertised = new URL(url);
  const name = host ?? (EVERYWHERE.has(advertised.hostname) ? firstAddress() : undefined);
  if (name !== undefined) advertised.hostname = isIPv6(name) ? `[${name}]` : name;
  return advertised.href;
}

/**
 * Whether others can look for us under that: an address, or a name, which in Docker may be a task's, such as
 * `tributary_configuration.1.x7k2`. URLs take no others, and would leave what they do not take as it was.
 */
export function isHost(host: string): boolean {
  if (isIPv6(host)) return true;
  return URL.canParse(`http://${host}/`) && new URL(`http://${host}/`).hostname === host.toLowerCase();
}

function firstAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((of) => of ?? []);
  return addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
}

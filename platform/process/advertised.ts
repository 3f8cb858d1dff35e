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

function firstAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((of) => of ?? []);
  return addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
}

import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { AddressGuard } from '../../platform/network/address-guard.ts';

/** All addresses of a host, as `dns.lookup` finds them with `all: true`. */
export type ResolveHost = (
  hostname: string,
  callback: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void;

export const systemResolveHost: ResolveHost = (hostname, callback) =>
  lookup(hostname, { all: true }, callback);

/** None of the host's addresses may be connected to. */
class AddressForbiddenError extends Error {
  readonly code = 'ADDRESS_FORBIDDEN';

  constructor(problem: string) {
    super(problem);
    this.name = 'AddressForbiddenError';
  }
}

/**
 * A lookup for sockets that leaves only vetted addresses. The socket connects to what it returns and resolves
 * no second time, so a name server that answers differently each time gains nothing.
 */
export function createVettedLookup(guard: AddressGuard, resolveHost: ResolveHost): LookupFunction {
  return (hostname, options, callback) => {
    resolveHost(hostname, (error, addresses) => {
      if (error) return callback(error, [], 0);
      const family = familyOf(options.family);
      const fitting = addresses.filter((address) => family === 0 || address.family === family);
      const problems = fitting.map(({ address }) => guard.problem(address));
      const vetted = fitting.filter((_, index) => problems[index] === undefined);
      const [first] = vetted;
      if (!first) {
        const problem = problems.find((found) => found !== undefined);
        const failure = problem
          ? new AddressForbiddenError(problem)
          : Object.assign(new Error(`No address of ${hostname}.`), { code: 'ENOTFOUND' });
        return callback(failure, [], 0);
      }
      return options.all ? callback(null, vetted) : callback(null, first.address, first.family);
    });
  };
}

function familyOf(family: number | 'IPv4' | 'IPv6' | undefined): number {
  if (family === 'IPv4') return 4;
  return family === 'IPv6' ? 6 : (family ?? 0);
}

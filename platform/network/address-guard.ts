import ipaddr from 'ipaddr.js';
import { ConfigError } from '../errors.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = readonly [Address, number];

/** Says which addresses a scraper may connect to. */
export interface AddressGuard {
  /** @returns Why the address is refused; undefined where it may be connected to. */
  problem(ip: string): string | undefined;
}

/** ipaddr.js names the ranges; people know them by these. */
const RANGE_NAMES: Readonly<Record<string, string>> = {
  unspecified: 'an unspecified address',
  broadcast: 'a broadcast address',
  multicast: 'a multicast address',
  linkLocal: 'a link-local address',
  loopback: 'a loopback address',
  carrierGradeNat: "an address of a provider's inner network",
  private: 'a private address',
  uniqueLocal: 'a private address',
  deprecatedSiteLocal: 'a private address',
};

/**
 * Lets a scraper connect to public unicast addresses only, so that a source cannot be used to reach into the
 * network that the scraper runs in. An IPv6 address that carries an IPv4 one (mapped, NAT64, 6to4, Teredo) is
 * refused whatever it carries: no public site is reached that way, and what it carries may be anything.
 *
 * @param allowNetworks Networks that are allowed all the same: CIDRs, or single addresses, with commas between.
 * @throws {ConfigError} Names SCRAPER_ALLOW_NETWORKS and what of it is no network.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
export function createAddressGuard(allowNetworks: string): AddressGuard {
  const allowed = parseNetworks(allowNetworks);
  return {
    problem(ip) {
      if (!ipaddr.isValid(ip)) return `${ip} is not an IP address`;
      const address = ipaddr.parse(ip);
      if (allowed.some((network) => contains(network, address))) return undefined;
      const name = refusedRange(address);
      return name && `${ip} is ${name}`;
    },
  };
}

function refusedRange(address: Address): string | undefined {
  if (address.toString() === '169.254.169.254') return 'the address of a cloud’s metadata service';
  const range: string = address.range();
  // "unicast" is what ipaddr.js calls what is in no special range; of IPv6, only 2000::/3 is given out.
  const isPublic =
    range === 'unicast' && (address.kind() === 'ipv4' || (address.toByteArray()[0] ?? 0) >> 5 === 1);
  if (isPublic) return undefined;
  return RANGE_NAMES[range] ?? 'not a public address';
}

/** An IPv4-mapped address is the IPv4 address it maps: the system connects to that. */
function contains([network, bits]: Network, address: Address): boolean {
  const plain =
    address.kind() === 'ipv6' && (address as ipaddr.IPv6).isIPv4MappedAddress() && network.kind() === 'ipv4'
      ? (address as ipaddr.IPv6).toIPv4Address()
      : address;
  return plain.kind() === network.kind() && plain.match(network, bits);
}

function parseNetworks(text: string): readonly Network[] {
  const problems: string[] = [];
  const networks: Network[] = [];
  for (const part of text.split(',').map((entry) => entry.trim())) {
    if (part === '') continue;
    const network = parseNetwork(part);
    if (network) networks.push(network);
    else problems.push(`SCRAPER_ALLOW_NETWORKS: "${part}" is not a network such as 10.1.0.0/16 or fd00::/8`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return networks;
}

function parseNetwork(text: string): Network | undefined {
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValidCIDR(text)) {
    return ipaddr.parseCIDR(text);
  }
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return [ipaddr.parse(text), 32];
  if (ipaddr.IPv6.isValid(text)) return [ipaddr.parse(text), 128];
  return undefined;
}

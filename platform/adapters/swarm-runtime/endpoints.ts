import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { join } from 'node:path';
import Docker, { type DockerOptions } from 'dockerode';
import { ConfigError, messageOf } from '../../errors.ts';
import type { EngineOptions } from './options.ts';

/** The oldest API that knows all that is asked for: it takes `NoNewPrivileges`. Engine 25, of January 2024. */
const API_VERSION = 'v1.44';

/** What the operator named. */
export type Endpoint =
  | { readonly kind: 'socket'; readonly path: string }
  | {
      readonly kind: 'host';
      readonly protocol: 'http' | 'https';
      readonly host: string;
      readonly port: number;
    };

/** One place where an engine listens: a name may stand for several. */
export interface Address {
  /** What it goes by in logs and errors. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** undefined for a socket. */
  readonly ip?: string;
}

export interface Certificates {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A connection for one call: whoever makes it ends it, and whatever of the call is still open ends with it. */
export interface Connection {
  readonly docker: Docker;
  close(): void;
}

const EXPECTED =
  'RUNTIME_URL: takes process:, unix:///var/run/docker.sock, or http://<host>:<port> or https://<host>:<port> of one or more managers, with commas between';

/** @throws {ConfigError} Not repeating the URL: it may hold a password, which belongs into no URL of an engine. */
export function parseEndpoints(urls: string): readonly Endpoint[] {
  return urls.split(',').map((text): Endpoint => {
    const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
    if (url?.protocol === 'unix:' && url.host === '' && url.pathname.length > 1)
      return { kind: 'socket', path: decodeURIComponent(url.pathname) };
    const isPlain = url && url.username === '' && url.password === '' && /^\/?$/.test(url.pathname);
    if (!isPlain || url.search !== '' || url.hostname === '' || !/^https?:$/.test(url.protocol))
      throw new ConfigError([EXPECTED]);
    const protocol = url.protocol === 'https:' ? 'https' : 'http';
    // A URL drops the port that is its protocol's own.
    const port = Number(url.port || (protocol === 'https' ? 443 : 80));
    return { kind: 'host', protocol, host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port };
  });
}

/**
 * @returns undefined where no endpoint needs any.
 * @throws {ConfigError} There is no folder, or it lacks one of them.
 */
export function readCertificates(
  endpoints: readonly Endpoint[],
  { certPath }: Pick<EngineOptions, 'certPath'>,
): Certificates | undefined {
  if (!endpoints.some((endpoint) => endpoint.kind === 'host' && endpoint.protocol === 'https')) return;
  if (certPath === undefined)
    throw new ConfigError([
      'DOCKER_CERT_PATH: must be the folder of ca.pem, cert.pem and key.pem for https://',
    ]);
  const read = (file: string): Buffer => {
    try {
      return readFileSync(join(certPath, file));
    } catch (error) {
      throw new ConfigError([`DOCKER_CERT_PATH: ${messageOf(error)}`]);
    }
  };
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}

/** The addresses that the endpoint stands for, of which a name may have others at each connect. */
export function addressesOf(endpoint: Endpoint, ips: readonly string[]): readonly Address[] {
  if (endpoint.kind === 'socket') return [{ name: endpoint.path, endpoint }];
  const name = `${endpoint.host}:${endpoint.port}`;
  return ips.map((ip) => ({ name: ip === endpoint.host ? name : `${name} (${ip})`, endpoint, ip }));
}

/** Nothing is connected before it is used. */
export function openConnection(
  { endpoint, ip }: Address,
  certificates: Certificates | undefined,
): Connection {
  const isSecure = endpoint.kind === 'host' && endpoint.protocol === 'https';
  const options = ip === undefined ? {} : { lookup: lookupOf(ip) };
  const agent = isSecure ? new HttpsAgent(options) : new HttpAgent(options);
  // All is named, and be it as undefined: what is not, the driver takes from DOCKER_HOST and its kind.
  const driverOptions: DockerOptions & { readonly agent: HttpAgent } = {
    protocol: isSecure ? 'https' : 'http',
    socketPath: endpoint.kind === 'socket' ? endpoint.path : undefined,
    host: endpoint.kind === 'host' ? bracketed(endpoint.host) : undefined,
    port: endpoint.kind === 'host' ? endpoint.port : undefined,
    ca: isSecure ? certificates?.ca : undefined,
    cert: isSecure ? certificates?.cert : undefined,
    key: isSecure ? certificates?.key : undefined,
    version: API_VERSION,
    agent,
  };
  const docker = new Docker(driverOptions);
  return { docker, close: () => agent.destroy() };
}

/** Leads the name to that address alone; the certificate is still held to the name. */
function lookupOf(ip: string): LookupFunction {
  const family = isIP(ip);
  return (_host, options, callback) => {
    if (options.all) callback(null, [{ address: ip, family }]);
    else callback(null, ip, family);
  };
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ConfigError, messageOf } from '../errors.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

/**
 * @returns Where it listens: `http://127.0.0.1:41234`
 * @throws {ConfigError} PORT is taken, or may not be used, or HOST is elsewhere.
 */
export async function listen(app: FastifyInstance, { host, port }: ListenOptions): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw new ConfigError([listenProblem(error, { host, port })]);
  }
  const { address, family, port: taken } = app.server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`;
}

function listenProblem(error: unknown, { host, port }: ListenOptions): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return `PORT: ${port} is in use on ${host}: stop what listens there, or set another PORT`;
    case 'EACCES':
      return `PORT: ${port} may not be used by this user: set one above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST: ${host} is not an address of this machine`;
    default:
      return `HOST, PORT: cannot listen on ${host}:${port}: ${messageOf(error)}`;
  }
}

import { z } from 'zod';
import { durationMs, wholeNumber } from '../platform/config.ts';
import { ConfigError } from '../platform/errors.ts';
import { isLoopback } from '../platform/network/loopback.ts';

const list = z
  .string()
  .default('')
  .transform((text): readonly string[] =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );

/** The gateway's settings, read from the environment. Durations are given in ISO 8601 and kept in milliseconds. */
export const gatewaySettings = z.object({
  /** Beyond loopback only with API_KEYS_FILE. */
  HOST: z.string().default('127.0.0.1'),
  /** 0 takes any free port. */
  PORT: wholeNumber(4000, 0, 65_535),
  /** Origins of pages that may use the graph from another site: `https://app.example`. None by default. */
  CORS_ORIGINS: list,
  /** Names, beside loopback's own, under which we may be reached: any other is DNS rebinding. With keys, none means any. */
  ALLOWED_HOSTS: list,

  /** Who may use the graph: see access/key-file.ts. Without it everybody may, who can only be on this machine. */
  API_KEYS_FILE: z.string().optional(),
  /** How often that file is looked at: a key that was removed opens nothing this much later. */
  API_KEYS_RELOAD: durationMs('PT5S'),

  /** Body of a request, and message on a socket: 16 times the largest operation that validates in reasonable time. */
  REQUEST_BYTES_MAX: wholeNumber(1024 * 1024, 1024, 64 * 1024 * 1024),
  /** Of one operation, fragments counted once: parsing and validating cost up to its square. */
  QUERY_TOKENS_MAX: wholeNumber(5_000, 100, 100_000),
  /** Levels of fields; the deepest of the examples has 9. */
  QUERY_DEPTH_MAX: wholeNumber(16, 1, 100),
  /** Values that an answer may hold at the most: see execution/cost.ts. 50,000 take about a second to join. */
  QUERY_COST_MAX: wholeNumber(50_000, 1, 10_000_000),
  /** From a request's last byte to its answer; also what a mutation may take in a subgraph. */
  REQUEST_TIMEOUT: durationMs('PT60S'),
  /** What one query to a subgraph may take: one that does not answer must not hold the whole answer up. */
  SUBGRAPH_TIMEOUT: durationMs('PT10S'),
  /** One answer of a subgraph: several times what the largest allowed query gives. */
  SUBGRAPH_RESPONSE_BYTES_MAX: wholeNumber(32 * 1024 * 1024, 1024, 1024 * 1024 * 1024),

  /** WebSockets open at once. */
  CONNECTIONS_MAX: wholeNumber(10_000, 1, 1_000_000),
  /** Operations running at once on one WebSocket. */
  SUBSCRIPTIONS_PER_CONNECTION_MAX: wholeNumber(100, 1, 10_000),
  /** From a socket's opening to its `connection_init`. */
  CONNECTION_INIT_TIMEOUT: durationMs('PT3S'),
  /** Between pings, to apps as to subgraphs; a socket that has not answered by the next one is given up. */
  PING_INTERVAL: durationMs('PT12S'),
  /** What waits for one socket's reader. Slower readers are closed with 4413, and resume by their cursor. */
  SUBSCRIBER_BUFFER_BYTES_MAX: wholeNumber(4 * 1024 * 1024, 1024, 1024 * 1024 * 1024),
  /** How long a subscription whose subgraph is away is tried again before its subscribers are told. */
  SUBSCRIPTION_RESUME_TIMEOUT: durationMs('PT2M'),

  /** How often the subgraphs' SDL is read though nothing said that it changed. */
  SUPERGRAPH_RESYNC: durationMs('PT10S'),
});

export type GatewayConfig = z.infer<typeof gatewaySettings>;

/**
 * What one setting wants of another. Beyond loopback everybody can come, so everybody must show who they are.
 *
 * @throws {ConfigError} HOST is beyond loopback, and no keys say who may use the graph.
 */
export function assertGuarded({ HOST, API_KEYS_FILE }: Pick<GatewayConfig, 'HOST' | 'API_KEYS_FILE'>): void {
  if (isLoopback(HOST) || API_KEYS_FILE !== undefined) return;
  throw new ConfigError([
    'HOST: beyond loopback the graph is for holders of a key only: set API_KEYS_FILE to a file of keys (npm run key makes one), or HOST to 127.0.0.1',
  ]);
}

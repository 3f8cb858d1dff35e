import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { expect } from 'vitest';
import type { Closeable } from '../../platform/scope.ts';
import { freePorts } from './free-ports.ts';

/** How long Consul may take to elect itself on a busy machine, in milliseconds. */
const DEADLINE = { timeout: 30_000, interval: 20 };

/** An agent that does not answer in this time has stopped, in milliseconds. */
const SILENCE_MS = 200;

/** Consul's program: `CONSUL_PATH`, or in the search path. Undefined where there is none. */
export const consulProgram: string | undefined = process.env.CONSUL_PATH || findProgram('consul');

/** The server that all tests share, as `http://<host>:<port>`; undefined where there is none. */
export const sharedConsulUrl: string | undefined = withScheme(process.env.CONSUL_HTTP_ADDR);

/** Sets a test's names apart from those of all others. */
export const uniquePrefix = (): string => `test-${randomBytes(6).toString('hex')}`;

/** A Consul of a test's own, in memory only: it forgets everything when it stops. */
export class ConsulAgent implements Closeable {
  readonly #program: string;
  readonly #ports: readonly number[];
  #process: ChildProcess | undefined;

  private constructor(program: string, ports: readonly number[]) {
    this.#program = program;
    this.#ports = ports;
  }

  /** Resolves when it answers. */
  static async open(): Promise<ConsulAgent> {
    if (consulProgram === undefined) throw new Error('there is no consul');
    const agent = new ConsulAgent(consulProgram, await freePorts(3));
    await agent.start();
    return agent;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports[0]}`;
  }

  /** Starts it, empty, where it was before. Resolves when it answers. */
  async start(): Promise<void> {
    const [http, serf, server] = this.#ports;
    const args = [
      'agent',
      '-dev',
      '-bind=127.0.0.1',
      '-client=127.0.0.1',
      `-http-port=${http}`,
      `-serf-lan-port=${serf}`,
      '-serf-wan-port=-1',
      `-server-port=${server}`,
      '-grpc-port=-1',
      '-dns-port=-1',
      '-log-level=err',
      // So that tests need not wait ten seconds for a session to end.
      '-hcl=session_ttl_min = "1s"',
    ];
    this.#process = spawn(this.#program, args, { stdio: 'ignore' });
    const answers = async () => {
      const response = await fetch(`${this.url}/v1/catalog/nodes`).catch(() => undefined);
      return response?.ok === true && ((await response.json()) as unknown[]).length > 0;
    };
    await expect.poll(answers, DEADLINE).toBe(true);
  }

  /** As a crash: it says goodbye to nobody. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** It accepts connections from here on and never answers, until it thaws. Resolves when it has stopped. */
  async freeze(): Promise<void> {
    this.#process?.kill('SIGSTOP');
    const isSilent = async () => {
      const signal = AbortSignal.timeout(SILENCE_MS);
      return fetch(`${this.url}/v1/status/leader`, { signal }).then(
        () => false,
        () => true,
      );
    };
    await expect.poll(isSilent, DEADLINE).toBe(true);
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Sets a key, or takes it away. */
  async put(key: string, value: string | undefined): Promise<void> {
    await putKey(this.url, key, value);
  }

  async close(): Promise<void> {
    await this.stop();
  }
}

/** @param value undefined: the key is taken away, with all keys that begin with it. */
export async function putKey(url: string, key: string, value: string | undefined): Promise<void> {
  const address = `${url}/v1/kv/${key}`;
  const response =
    value === undefined
      ? await fetch(`${address}?recurse`, { method: 'DELETE' })
      : await fetch(address, { method: 'PUT', body: value });
  if (!response.ok) throw new Error(`consul answered ${response.status}`);
}

function findProgram(name: string): string | undefined {
  try {
    return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

function withScheme(address: string | undefined): string | undefined {
  if (!address) return undefined;
  return /^https?:\/\//.test(address) ? address : `http://${address}`;
}

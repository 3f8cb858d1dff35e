import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { packageRoot } from '../../platform/sdl.ts';

/** How long a story waits for something that must happen, in milliseconds: the machines are small and busy. */
const DEADLINE_MS = 30_000;

export interface GraphQLAnswer<T = Record<string, unknown>> {
  readonly data?: T | null;
  readonly errors?: readonly {
    message: string;
    path?: readonly (string | number)[];
    extensions?: { code?: string };
  }[];
}

export interface EventLog<T> {
  readonly events: readonly T[];
  /** Called at each event from now on, as it arrives. */
  onEvent(listener: (event: T) => void): void;
  /** Resolves once the subscription has ended, with `complete` or its errors. */
  readonly ended: Promise<unknown>;
  /** Waits until an event fits, and returns the first that does. */
  next(fits: (event: T) => boolean): Promise<T>;
  close(): void;
}

/** The whole platform as a user starts it, in a process of its own, on a data folder of its own. */
export class PlatformProcess {
  readonly dataFolder: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #isOwnFolder: boolean;
  #child: ChildProcess | undefined;
  #output = '';
  #url = '';
  #clients: Client[] = [];

  constructor(options: { environment?: Readonly<Record<string, string>>; dataFolder?: string } = {}) {
    this.#isOwnFolder = options.dataFolder === undefined;
    this.dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), 'tributary-'));
    this.#environment = options.environment ?? {};
  }

  get url(): string {
    return this.#url;
  }

  get output(): string {
    return this.#output;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('The platform is not running.');
    return pid;
  }

  async start(): Promise<this> {
    this.#output = '';
    const child = spawn(process.execPath, [join(packageRoot, 'dist', 'deploy', 'local.js')], {
      cwd: packageRoot,
      env: {
        PATH: process.env.PATH ?? '',
        PORT: '0',
        DATA_DIR: this.dataFolder,
        SCRAPER_ALLOW_NETWORKS: '127.0.0.1/32',
        ...this.#environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const collect = (chunk: Buffer) => {
      this.#output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    this.#url = await until('the platform to print its URL', () => {
      if (child.exitCode !== null)
        throw new Error(`The platform ended with ${child.exitCode}:\n${this.#output}`);
      return /GraphiQL\s+(http:\/\/127\.0\.0\.1:\d+)\/graphiql/.exec(this.#output)?.[1];
    });
    return this;
  }

  /** Sends a request as an app would; top-level errors are part of the answer. */
  async send<T = Record<string, unknown>>(
    query: string,
    variables: Record<string, unknown> = {},
  ): Promise<GraphQLAnswer<T>> {
    const response = await fetch(`${this.#url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as GraphQLAnswer<T>;
  }

  /** @returns `data`; throws where the answer has errors. */
  // biome-ignore lint/suspicious/noExplicitAny: an answer has the shape its query asks for.
  async query<T = any>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
    const { data, errors } = await this.send<T>(query, variables);
    if (errors || !data) throw new Error(`Errors in the answer: ${JSON.stringify(errors)}`);
    return data;
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above.
  subscribe<T = any>(query: string, variables: Record<string, unknown> = {}): EventLog<T> {
    const client = createClient({
      url: `${this.#url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    this.#clients.push(client);
    const events: T[] = [];
    const listeners: ((event: T) => void)[] = [];
    let end: (reason: unknown) => void = () => {};
    const ended = new Promise<unknown>((resolve) => {
      end = resolve;
    });
    client.subscribe<T>(
      { query, variables },
      {
        next: (result) => {
          if (result.errors) end(result.errors);
          else {
            events.push(result.data as T);
            for (const listener of listeners) listener(result.data as T);
          }
        },
        error: (error) => end(error),
        complete: () => end('complete'),
      },
    );
    return {
      events,
      ended,
      onEvent: (listener) => void listeners.push(listener),
      next: (fits) =>
        until(
          'an event that fits',
          () => events.find(fits),
          () => events,
        ),
      close: () => void client.dispose(),
    };
  }

  /** Ctrl-C. @returns The exit code. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    for (const client of this.#clients.splice(0)) void client.dispose();
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    const [code] = await exited;
    return code as number | null;
  }

  /** Power off: no chance to clean up. */
  async kill(): Promise<void> {
    await this.stop('SIGKILL');
  }

  async dispose(): Promise<void> {
    await this.stop();
    if (this.#isOwnFolder) rmSync(this.dataFolder, { recursive: true, force: true });
  }
}

/**
 * Waits until `look` finds something.
 *
 * @throws {Error} After the deadline, with what was last seen.
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  lastSeen: () => unknown = () => undefined,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const giveUpAt = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > giveUpAt) {
      throw new Error(`Waited ${deadlineMs} ms for ${what}; last seen: ${JSON.stringify(lastSeen())}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

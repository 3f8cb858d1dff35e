import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../platform/sdl.ts';
import { App, until } from './app.ts';

export { type EventLog, type GraphQLAnswer, until } from './app.ts';

/** The whole platform as a user starts it, in a process of its own, on a data folder of its own. */
export class PlatformProcess extends App {
  readonly dataFolder: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #isOwnFolder: boolean;
  #child: ChildProcess | undefined;
  #output = '';
  #url = '';

  constructor(options: { environment?: Readonly<Record<string, string>>; dataFolder?: string } = {}) {
    super(() => this.#url);
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

  /** Ctrl-C. @returns The exit code. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    this.disconnect();
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

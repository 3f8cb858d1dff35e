import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ServiceName } from '../../platform/ports/registry.ts';
import { packageRoot } from '../../platform/sdl.ts';
import { until } from '../e2e/app.ts';

const PROGRAMS: Record<ServiceName, string> = {
  gateway: 'gateway/main.js',
  configuration: 'subgraphs/configuration/main.js',
  datasource: 'subgraphs/datasource/main.js',
  endpoint: 'subgraphs/endpoint/main.js',
  orchestrator: 'orchestrator/main.js',
  scraper: 'scrapers/main.js',
};

/** How long a service may take until it is ready: several start at once, on small and busy machines. */
const READY_MS = 60_000;

/** One service as it runs in production: a process that knows its environment and nothing else. */
export class ServiceProcess {
  readonly service: ServiceName;
  readonly #environment: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #output = '';
  #url = '';

  constructor(service: ServiceName, environment: Readonly<Record<string, string>>) {
    this.service = service;
    this.#environment = environment;
  }

  /** Where the others reach it; of a gateway, where the graph is. */
  get url(): string {
    return this.#url;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.service} is not running.`);
    return pid;
  }

  /** Lines of its log, and what else it printed, since it was started. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts it without waiting for it. */
  spawn(): this {
    this.#output = '';
    const child = spawn(process.execPath, [join(packageRoot, 'dist', PROGRAMS[this.service])], {
      cwd: packageRoot,
      env: { PATH: process.env.PATH ?? '', ...this.#environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
    return this;
  }

  /** @throws {Error} It ended, with all that it had to say. */
  async ready(): Promise<this> {
    this.#url = await until(
      `${this.service} to be ready`,
      () => {
        if (!this.isRunning) throw new Error(`${this.service} ended:\n${this.#output}`);
        const line = this.#output.split('\n').find((one) => one.includes('"service ready"'));
        return line && ((JSON.parse(line) as { advertised?: string }).advertised ?? 'nowhere');
      },
      () => this.#output.slice(-2_000),
      READY_MS,
    );
    return this;
  }

  async start(): Promise<this> {
    return this.spawn().ready();
  }

  /** SIGTERM. @returns The exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (!child || !this.isRunning) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    // One that is frozen hears nothing else.
    child.kill('SIGCONT');
    const [code] = await exited;
    return code as number | null;
  }

  /** No chance to clean up. */
  async kill(): Promise<void> {
    await this.stop('SIGKILL');
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }
}

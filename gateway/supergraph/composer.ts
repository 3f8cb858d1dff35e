import { Worker } from 'node:worker_threads';
import { ClosedError } from '../../platform/errors.ts';
import type { Closeable } from '../../platform/scope.ts';
import type { ComposeAnswer, ComposeRequest, Sdls } from './composition-thread.ts';

export interface Composer extends Closeable {
  /**
   * @returns SDL of the supergraph.
   * @throws {CompositionError} The subgraphs do not fit together.
   */
  compose(sdls: Sdls): Promise<string>;
}

/** Says what does not fit together: the graph stays as it was. */
export class CompositionError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'CompositionError';
    this.problems = problems;
  }
}

interface Waiter {
  resolve(supergraphSdl: string): void;
  reject(error: Error): void;
}

/**
 * Composes in a thread of its own, since some dozens of types take a few hundred milliseconds. The thread starts
 * with the composer and stays, loaded and warm, so that even the first composition does not wait for it; one that dies
 * is replaced at the next composition.
 */
export function openComposer(): Composer {
  const waiters = new Map<number, Waiter>();
  let lastId = 0;
  let thread: Worker | undefined = start();

  function start(): Worker {
    const worker = startThread();
    worker.on('message', (answer: ComposeAnswer) => {
      const waiter = waiters.get(answer.id);
      waiters.delete(answer.id);
      if ('problems' in answer) waiter?.reject(new CompositionError(answer.problems));
      else waiter?.resolve(answer.supergraphSdl);
    });
    worker.on('error', (error) => abandon(error));
    worker.on('exit', () => {
      if (thread === worker) thread = undefined;
      abandon(new ClosedError('The composition thread'));
    });
    return worker;
  }

  function abandon(error: Error): void {
    for (const waiter of waiters.values()) waiter.reject(error);
    waiters.clear();
  }

  return {
    compose(sdls) {
      thread ??= start();
      lastId += 1;
      const request: ComposeRequest = { id: lastId, sdls };
      return new Promise((resolve, reject) => {
        waiters.set(request.id, { resolve, reject });
        thread?.postMessage(request);
      });
    },
    async close() {
      await thread?.terminate();
    },
  };
}

/** Runs the file beside this one: as JavaScript where it is built, through tsx where it is source. */
function startThread(): Worker {
  const isSource = import.meta.url.endsWith('.ts');
  const file = new URL(`./composition-thread.${isSource ? 'ts' : 'js'}`, import.meta.url);
  if (!isSource) return new Worker(file);
  // A loader given by --import registers itself in the main thread only.
  const loader = import.meta.resolve('tsx/esm/api');
  return new Worker(
    `import(${JSON.stringify(loader)}).then((tsx) => { tsx.register(); return import(${JSON.stringify(file)}); })`,
    { eval: true },
  );
}

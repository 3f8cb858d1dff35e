import type { Run } from '../../../platform/model/run.ts';
import { paused, queued, resumed } from '../source-life.ts';
import {
  apply,
  type Changed,
  type CommandContext,
  notFound,
  openRuns,
  type Refused,
  refused,
  untilCommitted,
} from './context.ts';

/** What runs or waits is cancelled; a source that is paused already stays as it is. */
export function pauseSource(context: CommandContext, id: string): Promise<Changed | Refused> {
  const { store, announcer, clock } = context;
  return untilCommitted<Changed | Refused>(async () => {
    const source = await store.source(id);
    if (!source || source.removed) return notFound();
    if (source.isPaused) return { source, userErrors: [] };
    const stored = await apply(context, paused(source, await openRuns(store, source), clock.now()));
    if (!stored) return undefined;
    announcer.cluster();
    return { source: stored, userErrors: [] };
  });
}

export function resumeSource(context: CommandContext, id: string): Promise<Changed | Refused> {
  const { store, announcer, clock } = context;
  return untilCommitted<Changed | Refused>(async () => {
    const source = await store.source(id);
    if (!source || source.removed) return notFound();
    if (!source.isPaused) return { source, userErrors: [] };
    const stored = await apply(context, resumed(source, clock.now()));
    if (!stored) return undefined;
    announcer.cluster();
    return { source: stored, userErrors: [] };
  });
}

export interface Requested {
  readonly run: Run;
  readonly userErrors: readonly [];
}

/** Asking again while a run waits or goes on gives that run. */
export function runSource(context: CommandContext, id: string): Promise<Requested | Refused> {
  const { store, clock, newId, limits } = context;
  return untilCommitted<Requested | Refused>(async () => {
    const source = await store.source(id);
    if (!source || source.removed) return notFound();
    if (source.isPaused) {
      return refused({
        field: 'id',
        code: 'PAUSED',
        message: 'The source is paused, and nothing runs it. Resume it first.',
      });
    }
    const open = await openRuns(store, source);
    const current = open.running ?? open.queued;
    if (current) return { run: current, userErrors: [] };
    const step = queued(source, 'REQUESTED', newId(), clock.now());
    const [run] = step.runs ?? [];
    if (!run || !(await apply(context, step))) return undefined;
    await store.pruneRuns(id, limits.runsKept);
    return { run, userErrors: [] };
  });
}

import type { AddSourceInput } from '../generated.ts';
import { created } from '../source-life.ts';
import { draftOfInput } from '../validation/draft.ts';
import {
  apply,
  type Changed,
  type CommandContext,
  type Refused,
  refused,
  untilCommitted,
} from './context.ts';
import { planSource, type SourcePlan } from './plan-source.ts';

/** Stores the source, its collection's definition and a queued run together, or says why not. */
export function addSource(context: CommandContext, input: AddSourceInput): Promise<Changed | Refused> {
  const { store, announcer, newId, clock, limits } = context;
  const id = newId();
  const draft = draftOfInput(input);
  return untilCommitted<Changed | Refused>(async () => {
    const plan = await planSource(context, draft, id);
    if ('userErrors' in plan) return plan;
    if ((await store.countSources({})) >= limits.sourcesMax) {
      return refused({
        field: null,
        code: 'TOO_MANY',
        limit: 'SOURCES_MAX',
        message: `There are ${limits.sourcesMax} sources already, as many as this installation takes. Remove one, or have the operator raise SOURCES_MAX.`,
      });
    }
    const incarnation = plan.stored && !plan.stored.deleted ? plan.stored.incarnation : newId();
    const step = created(plan.spec, incarnation, newId(), clock.now());
    const source = await apply(context, { ...step, collection: collectionOf(plan, incarnation) });
    if (!source) return undefined;
    announcer.cluster();
    return { source, userErrors: [] };
  });
}

function collectionOf({ spec, shape, stored, namesRevision }: SourcePlan, incarnation: string) {
  return {
    ...shape,
    name: spec.collection,
    incarnation,
    isDeleted: false,
    expectedRevision: stored?.revision ?? 0,
    ...(namesRevision === undefined ? {} : { expectedDefinitionsRevision: namesRevision }),
  };
}

import { BadUserInputError } from '../../../platform/errors.ts';
import type { PreviewReport } from '../../../platform/model/run.ts';
import type { AddSourceInput } from '../generated.ts';
import type { PreviewOutcome, PreviewQueue } from '../preview-queue.ts';
import { typeDefinition } from '../type-definition.ts';
import { draftOfInput } from '../validation/draft.ts';
import type { Problem } from '../validation/problem.ts';
import { type CommandContext, type Refused, refused } from './context.ts';
import { planSource } from './plan-source.ts';

/** Records that a preview shows at the most. */
const RECORDS_MAX = 100;

export interface Preview extends Omit<PreviewReport, 'samples' | 'records' | 'status'> {
  readonly records: PreviewReport['samples'];
  readonly typeDefinition: string;
}

export interface Previewed {
  readonly preview: Preview;
  readonly userErrors: readonly [];
}

/** Has a worker read the source once. What cannot be added is not read either. */
export async function previewSource(
  context: CommandContext,
  previews: PreviewQueue,
  input: AddSourceInput,
  first: number,
): Promise<Previewed | Refused> {
  if (first < 1 || first > RECORDS_MAX) {
    throw new BadUserInputError(`"first" must be from 1 to ${RECORDS_MAX}, not ${first}.`);
  }
  const plan = await planSource(context, draftOfInput(input), context.newId());
  if ('userErrors' in plan) return plan;
  const outcome = await previews.submit(plan.spec, first);
  context.metrics.previews.inc({ outcome: 'refused' in outcome ? outcome.refused : 'ANSWERED' });
  if ('refused' in outcome) return refused(problemOf(outcome));
  const { samples, status: _, ...report } = outcome.report;
  return {
    preview: {
      ...report,
      records: samples.slice(0, first),
      typeDefinition: typeDefinition(plan.spec.collection, plan.shape.fields),
    },
    userErrors: [],
  };
}

function problemOf({ refused }: Extract<PreviewOutcome, { refused: unknown }>): Problem {
  const messages = {
    TOO_MANY: 'Too many previews are going on. Try again in a moment.',
    NO_WORKER:
      'No worker was free to read the source in time. Try again; `cluster` shows the workers there are.',
    TIMEOUT: 'The source was not read in time. Try again, with fewer pages or a page that answers faster.',
  };
  const limit = refused === 'TOO_MANY' ? 'PREVIEWS_QUEUED_MAX' : 'PREVIEW_TIMEOUT';
  return { field: null, code: refused, limit, message: messages[refused] };
}

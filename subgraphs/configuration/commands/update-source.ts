import type { Source } from '../../../platform/model/source.ts';
import type { CollectionChange } from '../../../platform/ports/source-store.ts';
import { joinProblems, unionOf } from '../collection-definition.ts';
import type { UpdateSourceInput } from '../generated.ts';
import { updated } from '../source-life.ts';
import { draftOfUpdate, type SourceDraft, specOf } from '../validation/draft.ts';
import { draftProblems } from '../validation/draft-problems.ts';
import { keyProblems } from '../validation/field-problems.ts';
import type { Problem } from '../validation/problem.ts';
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

export interface UpdateSourceArgs {
  readonly id: string;
  readonly input: UpdateSourceInput;
  readonly expectedRevision?: number | null | undefined;
}

/** Changes what is given and keeps the rest; a change that changes nothing leaves the revision as it is. */
export function updateSource(
  context: CommandContext,
  { id, input, expectedRevision }: UpdateSourceArgs,
): Promise<Changed | Refused> {
  const { store, announcer, clock, newId, limits } = context;
  return untilCommitted<Changed | Refused>(async () => {
    const source = await store.source(id);
    if (!source || source.removed) return notFound();
    if (expectedRevision != null && expectedRevision !== source.revision) {
      return refused({
        field: 'expectedRevision',
        code: 'REVISION_CONFLICT',
        message: `The source is at revision ${source.revision}, not ${expectedRevision}: somebody changed it. Read it again, and decide again.`,
      });
    }
    const draft = draftOfUpdate(source.spec, input);
    const { key } = source.spec;
    const part = await collectionPart(context, source, draft);
    const problems = [
      ...draftProblems(draft, limits, clock.now()),
      ...keyProblems(key, draft.fields, false).map((problem) => ({ ...problem, field: 'fields' })),
      ...(part?.problems ?? []),
    ];
    if (problems.length > 0) return refused(...problems);

    const spec = specOf(draft, id, key);
    if (JSON.stringify(spec) === JSON.stringify(source.spec)) return { source, userErrors: [] };
    const step = updated(source, spec, await openRuns(store, source), newId(), clock.now());
    const stored = await apply(context, { ...step, ...(part ? { collection: part.change } : {}) });
    if (!stored) return undefined;
    announcer.cluster();
    return { source: stored, userErrors: [] };
  });
}

interface CollectionPart {
  readonly problems: readonly Problem[];
  readonly change: CollectionChange;
}

/** What the change means for the collection; undefined where the source's part of it stays as it is. */
async function collectionPart(
  { store }: CommandContext,
  { spec, incarnation }: Source,
  draft: SourceDraft,
): Promise<CollectionPart | undefined> {
  const isSame = draft.retain === spec.retain && JSON.stringify(draft.fields) === JSON.stringify(spec.fields);
  if (isSame) return undefined;
  // The definition first: a source that joins after it was read makes the commit conflict.
  const stored = await store.collection(spec.collection);
  const all = await store.sourcesOfCollection(spec.collection, incarnation);
  const changed = { fields: draft.fields, key: spec.key };
  const others = all.filter((other) => other.spec.id !== spec.id).map((other) => other.spec);
  return {
    problems: others.length > 0 ? joinProblems(unionOf(others), spec.collection, changed) : [],
    change: {
      ...unionOf(all.map((source) => (source.spec.id === spec.id ? changed : source.spec))),
      name: spec.collection,
      incarnation,
      isDeleted: false,
      expectedRevision: stored?.revision ?? 0,
    },
  };
}

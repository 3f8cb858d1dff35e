import type { SourceSpec } from '../../../platform/model/source-spec.ts';
import type { CollectionRecord } from '../../../platform/ports/source-store.ts';
import { type DefinitionShape, joinProblems, unionOf } from '../collection-definition.ts';
import { type SourceDraft, specOf } from '../validation/draft.ts';
import { draftProblems } from '../validation/draft-problems.ts';
import { keyOf, keyProblems } from '../validation/field-problems.ts';
import type { Problem } from '../validation/problem.ts';
import { type CommandContext, type Refused, refused } from './context.ts';

/** A new source that nothing speaks against, and what its collection becomes with it. */
export interface SourcePlan {
  readonly spec: SourceSpec;
  readonly shape: DefinitionShape;
  /** What stands under the collection's name now, be it deleted. */
  readonly stored: CollectionRecord | undefined;
  /** The definitions revision at which the names of a new collection were free. */
  readonly namesRevision: number | undefined;
}

/** Checks a new source against its own rules and its collection: everything that is wrong, in one answer. */
export async function planSource(
  context: CommandContext,
  draft: SourceDraft,
  id: string,
): Promise<SourcePlan | Refused> {
  const { store, limits, clock } = context;
  const problems = draftProblems(draft, limits, clock.now());
  const hasName = !problems.some((problem) => problem.field === 'collection');
  const stored = hasName ? await store.collection(draft.collection) : undefined;
  const joined = stored && !stored.deleted ? stored : undefined;

  const key = keyOf(draft.key, draft.fields, joined?.key);
  problems.push(...keyProblems(key, draft.fields, draft.key !== null));
  const contributor = { fields: draft.fields, key };
  let namesRevision: number | undefined;
  if (joined) {
    problems.push(...joinProblems(joined, draft.collection, contributor));
  } else if (hasName) {
    const { names, revision } = await store.collectionNames();
    namesRevision = revision;
    problems.push(...takenProblems(context, draft.collection, names));
  }
  if (problems.length > 0) return refused(...problems);
  return {
    spec: specOf(draft, id, key),
    shape: unionOf(joined ? [joined, contributor] : [contributor]),
    stored,
    namesRevision,
  };
}

function takenProblems(
  { checkNames }: CommandContext,
  collection: string,
  others: readonly string[],
): Problem[] {
  const reason = checkNames(collection, others);
  if (reason === undefined) return [];
  return [
    {
      field: 'collection',
      code: 'NAME_TAKEN',
      message: `A collection "${collection}" cannot be: ${reason}. Choose another name.`,
    },
  ];
}

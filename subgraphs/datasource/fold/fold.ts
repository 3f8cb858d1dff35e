import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import type { Contribution, EntryState } from '../../../platform/model/entry-state.ts';
import type { FieldValue, FieldValues } from '../../../platform/model/record.ts';
import type { Retain } from '../../../platform/model/source-spec.ts';
import { aggregate } from './aggregate.ts';
import {
  contributing,
  type ItemsBound,
  oldestSeenAt,
  retainMs,
  type Saying,
  say,
  touch,
  withItems,
} from './contribution.ts';

/** What a journal item does to one entry. */
export type EntryStep =
  | { readonly kind: 'SAY'; readonly sourceId: string; readonly saying: Saying }
  | { readonly kind: 'TOUCH'; readonly sourceId: string; readonly run: number }
  /** Takes away the source's contribution where the run did not touch it. */
  | { readonly kind: 'VANISH'; readonly sourceId: string; readonly run: number }
  | { readonly kind: 'DISOWN'; readonly sourceId: string }
  /** Takes away what the source said at `until` or before. */
  | { readonly kind: 'EXPIRE'; readonly sourceId: string; readonly until: number }
  /** Goes over to the definition it is folded by from another one. */
  | { readonly kind: 'REDEFINE'; readonly from: CollectionDefinition };

/** What an entry is made of; `undefined` where there is no entry. */
export interface Outcome {
  readonly contributions: readonly Contribution[];
  /** Undefined where neither fields nor contributing sources changed. */
  readonly change: 'UPSERTED' | 'REMOVED' | undefined;
  /** Of the last change. */
  readonly fields: FieldValues;
}

export interface FoldRules extends ItemsBound {
  readonly definition: CollectionDefinition;
}

/** Folds one journal item's steps into one entry. Pure: the only time it knows is the journal's. */
export function foldEntry(
  entry: EntryState | undefined,
  steps: readonly EntryStep[],
  rules: FoldRules,
): Outcome {
  const { definition } = rules;
  let contributions = entry?.contributions ?? [];
  for (const step of steps) contributions = applyStep(contributions, step, rules);
  contributions = contributions.map((contribution) => ({
    ...contribution,
    oldestSeenAt: oldestSeenAt(contribution, retainOf(definition, contribution.sourceId)),
  }));
  if (contributions.length === 0) {
    return { contributions, change: entry ? 'REMOVED' : undefined, fields: {} };
  }
  const fields = fieldsOf(contributions, definition);
  const isSame =
    entry !== undefined &&
    sameSources(entry.contributions, contributions) &&
    JSON.stringify(entry.fields) === JSON.stringify(fields);
  return { contributions, change: isSame ? undefined : 'UPSERTED', fields };
}

/** An entry's public fields: in the definition's order, those without a value left out. */
function fieldsOf(contributions: readonly Contribution[], definition: CollectionDefinition): FieldValues {
  const items = contributions.flatMap((contribution) =>
    contributing(contribution, retainOf(definition, contribution.sourceId)),
  );
  const fields: [string, FieldValue][] = [];
  for (const field of definition.fields) {
    const value = aggregate(items, field);
    if (value !== undefined) fields.push([field.name, value]);
  }
  return Object.fromEntries(fields);
}

/** A source that the definition no longer knows keeps what it contributed. */
export function retainOf(definition: CollectionDefinition, sourceId: string): Retain {
  return definition.sources.find((source) => source.id === sourceId)?.retain ?? 'FOREVER';
}

/** Sources whose contributions fall due by time. One that was removed with its data kept is left in peace. */
export function expiringSources(definition: CollectionDefinition): { id: string; retainMs: number }[] {
  return definition.sources.flatMap((source) => {
    const ms = source.removed ? undefined : retainMs(source.retain);
    return ms === undefined ? [] : [{ id: source.id, retainMs: ms }];
  });
}

function applyStep(
  contributions: readonly Contribution[],
  step: EntryStep,
  rules: FoldRules,
): readonly Contribution[] {
  const { definition } = rules;
  if (step.kind === 'REDEFINE') {
    return contributions.flatMap((contribution) => redefined(contribution, step.from, definition) ?? []);
  }
  const { sourceId } = step;
  const known = contributions.find((contribution) => contribution.sourceId === sourceId);
  switch (step.kind) {
    case 'SAY':
      return replace(
        contributions,
        sourceId,
        say(known, sourceId, step.saying, retainOf(definition, sourceId), rules),
      );
    case 'TOUCH':
      return known ? replace(contributions, sourceId, touch(known, step.run)) : contributions;
    case 'VANISH':
      return known && known.touched < step.run ? replace(contributions, sourceId, undefined) : contributions;
    case 'DISOWN':
      return replace(contributions, sourceId, undefined);
    case 'EXPIRE':
      return known
        ? replace(
            contributions,
            sourceId,
            withItems(
              known,
              known.items.filter((item) => item.seenAt > step.until),
            ),
          )
        : contributions;
  }
}

/** Where a source's retain changed, only what contributed until now can go on contributing. */
function redefined(
  contribution: Contribution,
  from: CollectionDefinition,
  to: CollectionDefinition,
): Contribution | undefined {
  const before = retainOf(from, contribution.sourceId);
  const after = retainOf(to, contribution.sourceId);
  if (before === after) return contribution;
  const kept = withItems(contribution, contributing(contribution, before));
  return kept && withItems(kept, contributing(kept, after));
}

/** In the order of the sources' ids, whichever came first. */
function replace(
  contributions: readonly Contribution[],
  sourceId: string,
  contribution: Contribution | undefined,
): readonly Contribution[] {
  const others = contributions.filter((other) => other.sourceId !== sourceId);
  if (!contribution) return others;
  return [...others, contribution].sort((a, b) => (a.sourceId < b.sourceId ? -1 : 1));
}

function sameSources(a: readonly Contribution[], b: readonly Contribution[]): boolean {
  return (
    a.length === b.length && a.every((contribution, index) => contribution.sourceId === b[index]?.sourceId)
  );
}

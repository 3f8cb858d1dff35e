import { UnavailableError } from '../../errors.ts';
import type { CollectionDefinition } from '../../model/collection-definition.ts';
import type { Catalogue, CatalogueEntry } from './catalogue.ts';
import type { Append, Step } from './deliveries.ts';
import type { ItemBody } from './journal-schema.ts';
import type { JournalState } from './journal-state.ts';

/**
 * How far a replica may lag behind the others. A definition that is older than the one which has its name now is of
 * such a replica; after this time, it is of a configuration that counts from the beginning again.
 */
const LAG_MS = 10 * 60_000;

interface Journaling {
  readonly catalogue: Catalogue;
  readonly append: (entry: CatalogueEntry, append: Append) => Promise<unknown>;
}

/**
 * Takes one definition over. Each step may have been done before, by another replica or by one that died half-way:
 * then it does nothing.
 */
export async function takeDefinition(
  { catalogue, append }: Journaling,
  definition: CollectionDefinition,
  nowMs: number,
): Promise<void> {
  const { name, incarnation, revision } = definition;
  const known = await catalogue.find(incarnation);
  // What is gone does not come back, nor does it take the name from what has it now.
  if (known?.isDeleted) return;
  for (const other of await catalogue.named(name)) {
    if (other.isDeleted) continue;
    const isReplaced = other.incarnation !== incarnation && !isYounger(other, definition, nowMs);
    const isDeleted = other.incarnation === incarnation && definition.deleted;
    if (!isReplaced && !isDeleted) continue;
    await append(other, goneAppend(nowMs));
    await catalogue.retire(other.incarnation);
  }
  if (definition.deleted) return;
  if (known && known.revision >= revision) return;
  const entry = known ?? (await catalogue.create(definition, nowMs));
  await append(entry, defineAppend(definition, nowMs));
  await catalogue.define(definition, nowMs);
}

/** What must be journaled before anything else can be: done by whoever appends next, as others may have died half-way. */
export function owed(state: JournalState, definition: CollectionDefinition): Step | undefined {
  if (state.isGone) return undefined;
  const [sourceId] = state.leaving;
  if (sourceId !== undefined) return prepare({ kind: 'SOURCE_REMOVED', sourceId });
  return state.definition ? undefined : prepare({ kind: 'DEFINE', definition });
}

function isYounger(other: CatalogueEntry, definition: CollectionDefinition, nowMs: number): boolean {
  if (other.definition.revision <= definition.revision || nowMs - other.definedAt > LAG_MS) return false;
  if (definition.deleted) return true;
  throw new UnavailableError(
    `Collection ${other.name} has been defined anew meanwhile: read the definitions again.`,
  );
}

function defineAppend(definition: CollectionDefinition, nowMs: number): Append {
  return {
    nowMs,
    decide({ isGone, definition: newest }) {
      if (isGone || (newest && newest.revision >= definition.revision)) return DONE;
      return prepare({ kind: 'DEFINE', definition });
    },
  };
}

function goneAppend(nowMs: number): Append {
  return { nowMs, decide: ({ isGone }) => (isGone ? DONE : prepare({ kind: 'GONE' })) };
}

const DONE: Step = { does: 'ANSWER', outcome: { sequence: 0, isDuplicate: true }, wantsTail: false };

function prepare(body: ItemBody): Step {
  return { does: 'JOURNAL', body, isLast: false };
}

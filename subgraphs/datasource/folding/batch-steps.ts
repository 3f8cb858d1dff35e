import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import { type BatchItem, positionOf } from '../../../platform/model/journal.ts';
import type { FieldValues } from '../../../platform/model/record.ts';
import { canonicalValues } from '../fold/canonical.ts';
import type { EntryStep } from '../fold/fold.ts';

/** What a batch does, entry by entry, in the order in which it first speaks of them. */
export interface BatchSteps {
  readonly byKey: readonly (readonly [key: string, steps: readonly EntryStep[]])[];
  /** Whether its records have values of fields that the definition does not. */
  readonly hasStrays: boolean;
}

export function batchSteps(item: BatchItem, definition: CollectionDefinition): BatchSteps {
  const { sourceId, sequence, run, receivedAt, records, seenKeys } = item;
  const known = new Set(definition.fields.map((field) => field.name));
  const said = new Map<string, { position: number; values: FieldValues }[]>();
  let hasStrays = false;
  records.forEach(({ key, fields }, place) => {
    const values = canonicalValues(fields);
    hasStrays ||= Object.keys(values).some((name) => !known.has(name));
    const record = { position: positionOf(sequence, place), values };
    const others = said.get(key);
    if (others) others.push(record);
    else said.set(key, [record]);
  });
  const byKey = new Map<string, EntryStep[]>();
  for (const [key, spoken] of said) {
    byKey.set(key, [
      { kind: 'SAY', sourceId, saying: { run: positionOf(run), at: receivedAt, records: spoken } },
    ]);
  }
  for (const key of seenKeys) {
    // What a batch also says something of, it has seen.
    if (!byKey.has(key)) byKey.set(key, [{ kind: 'TOUCH', sourceId, run: positionOf(run) }]);
  }
  return { byKey: [...byKey], hasStrays };
}

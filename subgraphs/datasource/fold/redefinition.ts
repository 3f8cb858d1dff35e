import type { CollectionDefinition, CollectionField } from '../../../platform/model/collection-definition.ts';
import { retainOf } from './fold.ts';

/** What going over to another definition asks of the entries there are. */
export interface Redefinition {
  /** Whether entries have to be computed anew. */
  readonly touchesEntries: boolean;
  /** Whether items may from now on hold values of fields that the definition does not have. */
  readonly makesStrays: boolean;
}

/**
 * A new field alone touches no entry, which keeps a source that joins a large collection cheap; unless items
 * already hold values of fields unknown until now (`hasStrays`).
 */
export function redefinition(
  from: CollectionDefinition,
  to: CollectionDefinition,
  hasStrays: boolean,
): Redefinition {
  const lostFields = from.fields.filter((field) => !find(to, field.name));
  const newFields = to.fields.filter((field) => !find(from, field.name));
  const isChanged = from.fields.some((field) => {
    const other = find(to, field.name);
    return other && (other.type !== field.type || other.list !== field.list || other.merge !== field.merge);
  });
  // A source that joins has contributed nothing yet.
  const isRetainedOtherwise = from.sources.some(({ id, retain }) => retain !== retainOf(to, id));
  // A COUNT is there from the start, with or without values.
  const countsAnew = newFields.some((field) => field.merge === 'COUNT');
  return {
    touchesEntries:
      isChanged ||
      isRetainedOtherwise ||
      countsAnew ||
      lostFields.length > 0 ||
      (newFields.length > 0 && hasStrays) ||
      !isInOrder(from, to),
    makesStrays: lostFields.length > 0,
  };
}

function find(definition: CollectionDefinition, name: string): CollectionField | undefined {
  return definition.fields.find((field) => field.name === name);
}

/** Whether the fields both have stand in the same order: it is the order of an entry's fields. */
function isInOrder(from: CollectionDefinition, to: CollectionDefinition): boolean {
  const common = (a: CollectionDefinition, b: CollectionDefinition) =>
    a.fields.filter((field) => find(b, field.name)).map((field) => field.name);
  return common(from, to).join() === common(to, from).join();
}

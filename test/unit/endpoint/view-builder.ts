import type { CollectionField } from '../../../platform/model/collection-definition.ts';
import { type AggregatedType, aggregatedType } from '../../../platform/model/field-type.ts';
import type { FieldValues } from '../../../platform/model/record.ts';
import type { CollectionView } from '../../../subgraphs/endpoint/view/collection-view.ts';
import { ViewFile } from '../../../subgraphs/endpoint/view/view-file.ts';
import { UpstreamModel } from './upstream-model.ts';

/** A view in memory with entries in it, by key. */
export function viewOf(
  fields: readonly CollectionField[],
  entries: Readonly<Record<string, FieldValues>>,
): { readonly view: CollectionView; readonly model: UpstreamModel; readonly file: ViewFile } {
  const model = new UpstreamModel();
  const file = ViewFile.open(':memory:');
  const view = file.add(model.define('things', fields));
  for (const [key, values] of Object.entries(entries)) model.put('things', key, values);
  catchUp(model, view);
  return { view, model, file };
}

export function catchUp(model: UpstreamModel, view: CollectionView): void {
  for (let isBehind = true; isBehind; ) {
    const page = model.changesSince('things', { ...view.position, first: 1_000 });
    view.apply(page, { askedAtMs: 0, withBefore: false, removedMax: 1_000 });
    isBehind = page.version < page.head;
  }
}

export function typesOf(fields: readonly CollectionField[]): ReadonlyMap<string, AggregatedType> {
  return new Map(fields.map((one) => [one.name, aggregatedType(one)]));
}

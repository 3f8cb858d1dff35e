import type { FieldSpec, SourceSpec } from '../../../platform/model/source-spec.ts';

export function field(name: string, select: string, rest: Partial<FieldSpec> = {}): FieldSpec {
  return { name, select, type: 'STRING', list: false, merge: 'LATEST', required: false, ...rest };
}

/** A source that reads what `shopPage` makes. */
export function shopSpec(url: string, rest: Partial<SourceSpec> = {}): SourceSpec {
  return {
    id: 'shop',
    name: 'Shop',
    collection: 'items',
    url,
    format: 'HTML',
    render: 'HTTP',
    schedule: { every: 'PT5M' },
    records: 'li.item',
    fields: [
      field('title', 'a'),
      field('price', '.price', { type: 'DECIMAL' }),
      field('url', 'a@href', { type: 'URL' }),
    ],
    key: ['title'],
    retain: 'LATEST_RUN',
    isolation: 'SHARED',
    ...rest,
  };
}

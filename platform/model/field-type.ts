import type { CollectionField } from './collection-definition.ts';
import type { FieldType, Merge } from './source-spec.ts';

/** The GraphQL scalar of a field's values after aggregation. */
export type FieldScalar = 'String' | 'Int' | 'Float' | 'Decimal' | 'Boolean' | 'DateTime' | 'URL' | 'JSON';

export interface AggregatedType {
  readonly scalar: FieldScalar;
  readonly list: boolean;
}

const SCALARS: Readonly<Record<FieldType, FieldScalar>> = {
  STRING: 'String',
  INT: 'Int',
  FLOAT: 'Float',
  DECIMAL: 'Decimal',
  BOOLEAN: 'Boolean',
  DATETIME: 'DateTime',
  URL: 'URL',
  JSON: 'JSON',
};

const NUMBERS: readonly FieldType[] = ['INT', 'FLOAT', 'DECIMAL'];
const ORDERED: readonly FieldType[] = [...NUMBERS, 'STRING', 'DATETIME', 'URL'];

/**
 * What a field is once aggregated. SET and LIST make lists; COUNT makes an Int; SUM and AVG of decimals stay
 * exact decimals, of other numbers they are a Float (a sum of Ints soon leaves GraphQL's 32 bits).
 */
export function aggregatedType(field: CollectionField): AggregatedType {
  const scalar = SCALARS[field.type];
  switch (field.merge) {
    case 'SET':
    case 'LIST':
      return { scalar, list: true };
    case 'COUNT':
      return { scalar: 'Int', list: false };
    case 'SUM':
    case 'AVG':
      return { scalar: field.type === 'DECIMAL' ? 'Decimal' : 'Float', list: false };
    default:
      return { scalar, list: field.list };
  }
}

/** Whether a merge means anything for a field. */
export function canMerge(type: FieldType, list: boolean, merge: Merge): boolean {
  switch (merge) {
    case 'MIN':
    case 'MAX':
      return !list && ORDERED.includes(type);
    case 'SUM':
    case 'AVG':
      return !list && NUMBERS.includes(type);
    default:
      return true;
  }
}

import type { CollectionField } from '../../../platform/model/collection-definition.ts';
import type { FieldValue } from '../../../platform/model/record.ts';
import type { FieldType } from '../../../platform/model/source-spec.ts';
import { isDecimal } from './decimal.ts';

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/**
 * Whether a value is one of the field's type. Not so where the type changed after it came: then it says nothing
 * until a run says it anew.
 */
export function fitsField(value: FieldValue, field: CollectionField): boolean {
  if (!field.list) return fitsType(value, field.type);
  return Array.isArray(value) && value.every((element) => fitsType(element, field.type));
}

function fitsType(value: FieldValue, type: FieldType): boolean {
  switch (type) {
    case 'JSON':
      return true;
    case 'BOOLEAN':
      return typeof value === 'boolean';
    case 'INT':
      return Number.isSafeInteger(value);
    case 'FLOAT':
      return typeof value === 'number';
    case 'STRING':
      return typeof value === 'string';
    case 'DECIMAL':
      return typeof value === 'string' && isDecimal(value);
    case 'DATETIME':
      return typeof value === 'string' && INSTANT.test(value);
    case 'URL':
      return typeof value === 'string' && URL.canParse(value);
  }
}

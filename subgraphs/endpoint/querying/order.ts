import { BadUserInputError, CursorInvalidError } from '../../../platform/errors.ts';
import { decodeCursor, encodeCursor } from '../../../platform/model/cursor.ts';
import type { ViewEntry } from '../view/row-codec.ts';
import type { Comparable } from '../view/values.ts';
import { type FieldTypes, fieldTarget, metaTarget, type Target, targetComparable } from './target.ts';

export type Direction = 'ASC' | 'DESC';

export interface OrderTerm {
  readonly target: Target;
  readonly direction: Direction;
}

/**
 * What entries are sorted by, first term first. Entries without a value come last, whatever the direction. Ties
 * are broken by the key, in the direction of the first term; without terms the key alone sorts.
 */
export type Order = readonly OrderTerm[];

/** Nobody sorts by more, and each term costs every comparison. */
export const ORDER_TERMS_MAX = 5;

type OrderInput = Readonly<Record<string, unknown>>;

/**
 * Reads `orderBy`. Each element names one field, because GraphQL does not keep the order of several.
 *
 * @throws {BadUserInputError}
 */
export function readOrder(inputs: readonly OrderInput[] | null | undefined, types: FieldTypes): Order {
  if (!inputs) return [];
  if (inputs.length > ORDER_TERMS_MAX)
    throw new BadUserInputError(`"orderBy" takes at most ${ORDER_TERMS_MAX} fields.`);
  return inputs.map((input) => {
    const [name, value] = onlyOne(input);
    const [metaName, direction] = name === 'meta' ? onlyOne(value as OrderInput) : [undefined, value];
    const target = metaName === undefined ? fieldTarget(types, name) : metaTarget(metaName);
    if (!target) throw new BadUserInputError(`There is no field "${name}" to sort by.`);
    return { target, direction: direction as Direction };
  });
}

function onlyOne(input: OrderInput): [name: string, value: unknown] {
  const given = Object.entries(input).filter(([, value]) => value !== null);
  const [first] = given;
  if (!first || given.length > 1) {
    throw new BadUserInputError(
      'Each element of "orderBy" names exactly one field, as in [{ price: DESC }, { title: ASC }].',
    );
  }
  return first;
}

/** The place of an entry in an order: what its terms compare by, and its key. */
export interface Place {
  readonly values: readonly (Comparable | null)[];
  readonly key: string;
}

/** An opaque cursor: the collection, the order it belongs to, and the place in it. */
export function encodePlace(collection: string, order: Order, entry: ViewEntry): string {
  const values = order.map((term) => targetComparable(entry, term.target));
  return encodeCursor(['p', collection, signature(order), values, entry.key]);
}

/** @throws {CursorInvalidError} Of another collection or order, or none at all. */
export function decodePlace(collection: string, order: Order, cursor: string): Place {
  const [tag, ofCollection, ofOrder, values, key] = decodeCursor(cursor);
  if (
    tag !== 'p' ||
    ofCollection !== collection ||
    ofOrder !== signature(order) ||
    !Array.isArray(values) ||
    values.length !== order.length ||
    !values.every(isComparable) ||
    typeof key !== 'string'
  ) {
    throw new CursorInvalidError(cursor);
  }
  return { values, key };
}

function isComparable(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'number';
}

function signature(order: Order): string {
  return order
    .map(({ target, direction }) => `${target.place}.${target.name}:${target.type.scalar}:${direction}`)
    .join(',');
}

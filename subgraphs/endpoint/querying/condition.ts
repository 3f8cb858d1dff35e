import { BadUserInputError } from '../../../platform/errors.ts';
import type { FieldValue } from '../../../platform/model/record.ts';
import { type Comparable, comparable, fitValue } from '../view/values.ts';
import { type FieldTypes, fieldTarget, metaTarget, type Target } from './target.ts';

/**
 * A filter, checked and with values ready to compare. It is either true or false of an entry, never unknown: a
 * comparison with a field that has no value is false (`ne` is true), so `not` always gives the rest.
 */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly conditions: readonly Condition[] }
  | { readonly kind: 'not'; readonly condition: Condition }
  | { readonly kind: 'isNull'; readonly target: Target; readonly isNull: boolean }
  | { readonly kind: 'in'; readonly target: Target; readonly values: readonly Comparable[] }
  | {
      readonly kind: 'compare';
      readonly target: Target;
      readonly operator: Operator;
      readonly value: Comparable;
    };

/** `contains` and `startsWith` take their text literally, upper and lower case apart; `has` asks a list for an element. */
export type Operator = 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte' | 'contains' | 'startsWith' | 'has';

/** Deeper than any form a person fills in; keeps SQLite far from its own limit of 1,000. */
export const FILTER_DEPTH_MAX = 10;
/** Each condition may be evaluated for every entry of a collection. */
export const FILTER_CONDITIONS_MAX = 100;
/** Values in `in` lists, over the whole filter. */
export const FILTER_VALUES_MAX = 1_000;

type FilterInput = Readonly<Record<string, unknown>>;

/**
 * Reads a filter as GraphQL has coerced it.
 *
 * @throws {BadUserInputError} Too deep, too many conditions or values, or an operator's value is null.
 */
export function readFilter(input: FilterInput | null | undefined, types: FieldTypes): Condition | undefined {
  return input ? new FilterReader(types).group(input, 1) : undefined;
}

class FilterReader {
  readonly #types: FieldTypes;
  #conditions = 0;
  #values = 0;

  constructor(types: FieldTypes) {
    this.#types = types;
  }

  group(input: FilterInput, depth: number): Condition {
    if (depth > FILTER_DEPTH_MAX)
      throw new BadUserInputError(`A filter nests at most ${FILTER_DEPTH_MAX} levels deep.`);
    const conditions: Condition[] = [];
    for (const [name, value] of Object.entries(input)) {
      // Null says nothing here, so that a client can leave a part of the filter open with a variable.
      if (value === null) continue;
      if (name === 'and' || name === 'or')
        conditions.push(this.#several(name, value as FilterInput[], depth));
      else if (name === 'not')
        conditions.push({ kind: 'not', condition: this.group(value as FilterInput, depth + 1) });
      else if (name === 'meta') {
        for (const [part, operators] of Object.entries(value as FilterInput)) {
          if (operators)
            conditions.push(...this.#operators(part, metaTarget(part), operators as FilterInput));
        }
      } else conditions.push(...this.#operators(name, fieldTarget(this.#types, name), value as FilterInput));
    }
    const [first] = conditions;
    return first && conditions.length === 1 ? first : { kind: 'and', conditions };
  }

  #several(kind: 'and' | 'or', inputs: readonly FilterInput[], depth: number): Condition {
    this.#countConditions();
    return { kind, conditions: inputs.map((input) => this.group(input, depth + 1)) };
  }

  #operators(name: string, target: Target | undefined, operators: FilterInput): Condition[] {
    if (!target) throw new BadUserInputError(`There is no field "${name}" to filter by.`);
    return Object.entries(operators).map(([operator, value]) => {
      this.#countConditions();
      if (value === null)
        throw new BadUserInputError(`"${name}.${operator}" wants a value; ask for null with "isNull".`);
      if (operator === 'isNull') return { kind: 'isNull', target, isNull: value as boolean };
      if (operator === 'in')
        return { kind: 'in', target, values: this.#list(name, target, value as FieldValue[]) };
      const own = target.type.list ? 'has' : (operator as Operator);
      return {
        kind: 'compare',
        target,
        operator: own,
        value: this.#operand(name, target, own, value as FieldValue),
      };
    });
  }

  #list(name: string, target: Target, values: readonly FieldValue[]): Comparable[] {
    this.#values += values.length;
    if (this.#values > FILTER_VALUES_MAX)
      throw new BadUserInputError(`A filter takes at most ${FILTER_VALUES_MAX} values in its "in" lists.`);
    return values.map((value) => this.#operand(name, target, 'eq', value));
  }

  #operand(name: string, { type }: Target, operator: Operator, value: FieldValue): Comparable {
    // A part of a URL is no URL.
    const scalar = operator === 'contains' || operator === 'startsWith' ? 'String' : type.scalar;
    const fitted = fitValue({ scalar, list: false }, value);
    if (fitted === null)
      throw new BadUserInputError(`The filter on "${name}" has a value that is no ${scalar}.`);
    return comparable(scalar, fitted);
  }

  #countConditions(): void {
    if (++this.#conditions > FILTER_CONDITIONS_MAX)
      throw new BadUserInputError(`A filter has at most ${FILTER_CONDITIONS_MAX} conditions.`);
  }
}

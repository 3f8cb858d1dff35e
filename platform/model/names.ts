import { camelize, singularize } from 'inflection';

/** The names that a collection adds to the graph. */
export interface GeneratedNames {
  /** `Book` */
  readonly type: string;
  /** `book`, or `newsByKey` where singular and plural are the same word. */
  readonly lookup: string;
  /** `books` */
  readonly list: string;
  /** `booksChanged` */
  readonly changed: string;
  readonly connection: string;
  readonly edge: string;
  readonly filter: string;
  readonly order: string;
  readonly event: string;
  readonly snapshot: string;
  readonly delta: string;
  readonly cursorExpired: string;
}

export const COLLECTION_NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** Pure and total for names that match `COLLECTION_NAME`: every service derives the same. */
export function generatedNames(collection: string): GeneratedNames {
  const list = camelize(collection, true);
  const one = singularize(collection);
  // Of "s" or "model_s" nothing is left that could be a name of its own.
  const base = COLLECTION_NAME.test(one) && !one.endsWith('_') ? one : collection;
  const singular = camelize(base, true);
  const type = camelize(base);
  return {
    type,
    lookup: singular === list ? `${list}ByKey` : singular,
    list,
    changed: `${list}Changed`,
    connection: `${type}Connection`,
    edge: `${type}Edge`,
    filter: `${type}Filter`,
    order: `${type}Order`,
    event: `${type}Event`,
    snapshot: `${type}Snapshot`,
    delta: `${type}Delta`,
    cursorExpired: `${type}CursorExpired`,
  };
}

export function generatedTypeNames(names: GeneratedNames): readonly string[] {
  return [
    names.type,
    names.connection,
    names.edge,
    names.filter,
    names.order,
    names.event,
    names.snapshot,
    names.delta,
    names.cursorExpired,
  ];
}

export function generatedQueryNames(names: GeneratedNames): readonly string[] {
  return [names.lookup, names.list];
}

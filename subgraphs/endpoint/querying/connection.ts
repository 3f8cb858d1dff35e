import { BadUserInputError } from '../../../platform/errors.ts';
import { FIRST_MAX } from '../typing/sdl.ts';
import type { CollectionView } from '../view/collection-view.ts';
import type { ViewEntry } from '../view/row-codec.ts';
import type { Condition } from './condition.ts';
import { decodePlace, encodePlace, type Order } from './order.ts';
import { countEntries, readPage } from './page.ts';

export interface ConnectionArguments {
  readonly first?: number | null;
  readonly after?: string | null;
}

export interface ConnectionQuery {
  readonly condition?: Condition | undefined;
  readonly order: Order;
}

const FIRST_DEFAULT = 20;

export interface Connection<T> {
  readonly edges: () => readonly { readonly cursor: string; readonly node: T }[];
  readonly nodes: () => readonly T[];
  readonly pageInfo: () => PageInfo;
  readonly totalCount: () => number;
}

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

/**
 * A page of entries, each part read when it is asked for.
 *
 * @throws {BadUserInputError} `first` is out of bounds. {CursorInvalidError} `after` belongs to another order.
 */
export function connection<T>(
  view: CollectionView,
  args: ConnectionArguments,
  { condition, order }: ConnectionQuery,
  nodeOf: (entry: ViewEntry) => T,
): Connection<T> {
  const first = args.first ?? FIRST_DEFAULT;
  if (first < 1 || first > FIRST_MAX) {
    throw new BadUserInputError(`"first" takes 1 to ${FIRST_MAX}, not ${first}.`);
  }
  const after = args.after == null ? undefined : decodePlace(view.name, order, args.after);
  const cursorOf = (entry: ViewEntry) => encodePlace(view.name, order, entry);
  let found: readonly ViewEntry[] | undefined;
  // One more than is shown says whether there is a next page.
  const read = () => (found ??= readPage(view, { condition, order, after, limit: first + 1 }));
  const shown = () => read().slice(0, first);
  return {
    edges: () => shown().map((entry) => ({ cursor: cursorOf(entry), node: nodeOf(entry) })),
    nodes: () => shown().map(nodeOf),
    totalCount: () => countEntries(view, condition),
    pageInfo: () => {
      const entries = shown();
      const [start] = entries;
      const end = entries.at(-1);
      return {
        hasNextPage: read().length > first,
        hasPreviousPage: after !== undefined,
        startCursor: start ? cursorOf(start) : null,
        endCursor: end ? cursorOf(end) : null,
      };
    },
  };
}

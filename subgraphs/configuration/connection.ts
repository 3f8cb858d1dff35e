import { BadUserInputError } from '../../platform/errors.ts';
import type { Page, PageRequest } from '../../platform/ports/source-store.ts';

/** Nodes of one page at the most: what an answer, and the joins behind it, can carry. */
const FIRST_MAX = 100;

/** The arguments of a Relay connection, as GraphQL gives them. */
export interface ConnectionArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

/** @throws {BadUserInputError} `first` is not from 1 to 100. */
export function pageRequest({ first, after }: ConnectionArgs): PageRequest {
  const count = first ?? 20;
  if (count < 1 || count > FIRST_MAX) {
    throw new BadUserInputError(`"first" must be from 1 to ${FIRST_MAX}, not ${count}.`);
  }
  return { first: count, after: after ?? undefined };
}

/** @param count Called only where the total is asked for. */
export function connection<T>(
  { items, hasMore }: Page<T>,
  { after }: PageRequest,
  count: () => Promise<number>,
) {
  return {
    edges: items,
    nodes: items.map((item) => item.node),
    pageInfo: {
      hasNextPage: hasMore,
      hasPreviousPage: after !== undefined,
      startCursor: items.at(0)?.cursor ?? null,
      endCursor: items.at(-1)?.cursor ?? null,
    },
    totalCount: count,
  };
}

import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { ErrorCode } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';

/** A result as it goes to an app: nothing in it but what GraphQL's specification names, and a code for each error. */
export interface GraphResult {
  readonly data?: Record<string, unknown> | null | undefined;
  readonly errors?: readonly GraphQLFormattedError[];
}

export function codedError(
  code: ErrorCode,
  message: string,
  path?: readonly (string | number)[],
): GraphQLError {
  return new GraphQLError(message, { path: path ?? null, extensions: { code } });
}

/** The same error, said to be the app's. */
export function badInput(error: GraphQLError): GraphQLError {
  const { message, nodes, source, positions, path } = error;
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions: { code: 'BAD_USER_INPUT' },
  });
}

const UNAVAILABLE: ErrorCode = 'DATASOURCE_UNAVAILABLE';

export const UNAVAILABLE_MESSAGE = 'This part of the graph is not available now. Try again later.';

/**
 * What an app may know of an error: message, place and code. Errors of subgraphs have been masked there already, and keep
 * their code; one without a code is unexpected, so it is logged here and masked. Who does not answer a subgraph, and where,
 * is told between services only.
 */
export function publicError(error: unknown, logger: Logger): GraphQLFormattedError {
  const place = error instanceof GraphQLError ? placeOf(error) : {};
  if (error instanceof GraphQLError && typeof error.extensions.code === 'string') {
    const { message, extensions } = error;
    const { code } = extensions;
    return { message: code === UNAVAILABLE ? UNAVAILABLE_MESSAGE : message, ...place, extensions: { code } };
  }
  logger.error({ err: error }, 'operation failed');
  return {
    message: 'Something went wrong on our side.',
    ...place,
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  };
}

/** Where a fetch for all elements of a list failed, its path ends at the list: Apollo's executor goes on with "@". */
function placeOf({ locations, path }: GraphQLError): Pick<GraphQLFormattedError, 'locations' | 'path'> {
  const list = path?.indexOf('@') ?? -1;
  const known = list < 0 ? path : path?.slice(0, list);
  return { ...(locations ? { locations } : {}), ...(known && known.length > 0 ? { path: known } : {}) };
}

export function refusal({ errors }: { readonly errors: readonly GraphQLError[] }): GraphResult {
  return { errors: errors.map((error) => error.toJSON()) };
}

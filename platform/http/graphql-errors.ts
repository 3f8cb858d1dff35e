import { type ExecutionResult, type FormattedExecutionResult, GraphQLError } from 'graphql';
import { TributaryError } from '../errors.ts';
import type { Logger } from '../logger.ts';

/**
 * Makes a result fit to leave the service: our own errors keep message and code, GraphQL's own get
 * BAD_USER_INPUT, and what is unexpected is logged here and masked.
 */
export function formatResult(result: ExecutionResult, logger: Logger): FormattedExecutionResult {
  if (!result.errors) return result as FormattedExecutionResult;
  return { ...result, errors: result.errors.map((error) => formatError(error, logger).toJSON()) };
}

export function formatError(error: GraphQLError, logger: Logger): GraphQLError {
  const { originalError } = error;
  if (originalError instanceof TributaryError) {
    return replacement(error, originalError.message, originalError.code);
  }
  if (!originalError || originalError instanceof GraphQLError) {
    return replacement(error, error.message, String(error.extensions.code ?? 'BAD_USER_INPUT'));
  }
  logger.error({ err: originalError, path: error.path }, 'resolver failed');
  return replacement(error, 'Something went wrong on our side.', 'INTERNAL_SERVER_ERROR');
}

/** An error at the same place that carries nothing but a message and a code. */
function replacement(error: GraphQLError, message: string, code: string): GraphQLError {
  const { nodes, source, positions, path } = error;
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions: { code },
  });
}

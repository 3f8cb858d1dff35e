import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BadUserInputError } from '../../platform/errors.ts';
import type { OperationRequest } from '../execution/prepare.ts';

const paramsShape = z.object({
  query: z.string('"query" must be a string'),
  operationName: z.string('"operationName" must be a string').nullish(),
  variables: z.record(z.string(), z.unknown(), '"variables" must be a map').nullish(),
  extensions: z.record(z.string(), z.unknown(), '"extensions" must be a map').nullish(),
});

/**
 * @throws {BadUserInputError} What is wrong with the parameters.
 * @see https://graphql.github.io/graphql-over-http/draft/#sec-Request-Parameters
 */
export function readParams(request: FastifyRequest): OperationRequest {
  const given =
    request.method === 'GET' ? queryParams(request.query as Record<string, unknown>) : request.body;
  const parsed = paramsShape.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BadUserInputError(
    issue && issue.path.length > 0
      ? `The request is not well formed: ${issue.message}.`
      : 'The body must be a JSON map.',
  );
}

function queryParams({ query, operationName, variables, extensions }: Record<string, unknown>): unknown {
  return {
    query,
    // Forms send what is not filled in as an empty text.
    operationName: operationName === '' ? undefined : operationName,
    variables: fromJson('variables', variables),
    extensions: fromJson('extensions', extensions),
  };
}

function fromJson(name: string, text: unknown): unknown {
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new BadUserInputError(`The request is not well formed: "${name}" must be JSON.`);
  }
}

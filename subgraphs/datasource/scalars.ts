import { GraphQLScalarType, Kind } from 'graphql';
import { BadUserInputError } from '../../platform/errors.ts';

/** A whole number up to 2^53 - 1: GraphQL's Int has 32 bits only. */
export const counterScalar = new GraphQLScalarType<number, number>({
  name: 'Counter',
  serialize: (value) => counter(value),
  parseValue: (value) => counter(value),
  parseLiteral: (node) => counter(node.kind === Kind.INT ? Number(node.value) : undefined),
});

function counter(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new BadUserInputError('A counter is a whole number from 0 to 2^53 - 1.');
}

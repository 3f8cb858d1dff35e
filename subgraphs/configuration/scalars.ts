import { GraphQLScalarType, Kind } from 'graphql';
import { BadUserInputError } from '../../platform/errors.ts';

/** Kept as milliseconds since 1970, or as text that is one already; shown in UTC. */
export const dateTimeScalar = new GraphQLScalarType<string, string>({
  name: 'DateTime',
  serialize: (value) => (typeof value === 'number' ? new Date(value).toISOString() : String(value)),
  parseValue: instantOf,
  parseLiteral: (node) => instantOf(node.kind === Kind.STRING ? node.value : undefined),
});

function instantOf(value: unknown): string {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new BadUserInputError(`Not an instant as RFC 3339 writes it: ${JSON.stringify(value)}`);
  }
  return new Date(ms).toISOString();
}

export const counterScalar = new GraphQLScalarType<number, number>({
  name: 'Counter',
  serialize: counterOf,
  parseValue: counterOf,
  parseLiteral: (node) => counterOf(node.kind === Kind.INT ? Number(node.value) : undefined),
});

function counterOf(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new BadUserInputError(`Not a whole number from 0 to 2^53 - 1: ${JSON.stringify(value)}`);
}

/** Checked with the rest of the input, so that a bad one is among its `userErrors`. */
export const durationScalar = new GraphQLScalarType<string, string>({
  name: 'Duration',
  serialize: String,
  parseValue: durationOf,
  parseLiteral: (node) => durationOf(node.kind === Kind.STRING ? node.value : undefined),
});

function durationOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new BadUserInputError(`Not an ISO 8601 duration: ${JSON.stringify(value)}`);
}

import { GraphQLScalarType, Kind, type ValueNode, valueFromASTUntyped } from 'graphql';
import { BadUserInputError } from '../../../platform/errors.ts';
import { DECIMAL_LENGTH_MAX, decimalOrder } from '../view/decimal-order.ts';
import { canonicalInstant } from '../view/values.ts';

/**
 * A scalar that is a text in JSON.
 *
 * @param read The canonical form of an input, or undefined where it is none.
 */
function textScalar(name: string, wants: string, read: (text: string) => string | undefined) {
  const parse = (given: unknown): string => {
    const canonical = typeof given === 'string' ? read(given) : undefined;
    if (canonical !== undefined) return canonical;
    throw new BadUserInputError(`${name} wants ${wants}, not ${JSON.stringify(given)?.slice(0, 80)}.`);
  };
  return new GraphQLScalarType<string, string>({
    name,
    // The view's values fit their types before they come here.
    serialize: String,
    parseValue: parse,
    parseLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : untyped(node)),
  });
}

/** Of a value that is no text, for the message alone. */
function untyped(node: ValueNode): unknown {
  return node.kind === Kind.INT || node.kind === Kind.FLOAT ? Number(node.value) : null;
}

const DateTime = textScalar('DateTime', 'an instant such as "2026-11-20T08:00:00.000Z"', canonicalInstant);

const URLScalar = textScalar('URL', 'an absolute URL', (text) =>
  URL.canParse(text) ? new URL(text).href : undefined,
);

function readDecimal(given: unknown): string {
  const text = typeof given === 'number' ? String(given) : given;
  if (typeof text === 'string' && decimalOrder(text) !== undefined) return text;
  throw new BadUserInputError(
    `Decimal wants a number such as "19.90" of at most ${DECIMAL_LENGTH_MAX} characters, not ${JSON.stringify(given)?.slice(0, 80)}.`,
  );
}

/** Takes numbers too: `{ lt: 20 }` is what people write, and a literal's digits are all there. */
const Decimal = new GraphQLScalarType<string, string>({
  name: 'Decimal',
  serialize: String,
  parseValue: readDecimal,
  parseLiteral: (node) =>
    readDecimal(
      node.kind === Kind.STRING || node.kind === Kind.INT || node.kind === Kind.FLOAT ? node.value : null,
    ),
});

const JSONScalar = new GraphQLScalarType({
  name: 'JSON',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
});

export const scalars = { DateTime, URL: URLScalar, Decimal, JSON: JSONScalar };

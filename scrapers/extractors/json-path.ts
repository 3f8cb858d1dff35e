import { type JsonValue, query } from 'jsonpath-rfc9535';
import parse from 'jsonpath-rfc9535/parser';

/** A JSONPath, compiled: the values it finds in a document or a record, in its order. */
export type JsonPath = (node: JsonValue) => readonly JsonValue[];

type Step = string | number;

/** Characters that RFC 9535 lets stand in `$.name`, and the hyphen that so many APIs use besides. */
const PLAIN_NAMES = /^[\p{L}_][\p{L}\p{N}_-]*(\.[\p{L}_][\p{L}\p{N}_-]*)*$/u;

/**
 * Compiles `$.a.b`, the same relative (`@.a.b`), or plain names (`a.b`); "." and "@" are the node itself.
 *
 * @throws {Error} Says what is wrong with it.
 * @see https://www.rfc-editor.org/rfc/rfc9535
 */
export function compileJsonPath(selector: string): JsonPath {
  const path = normalize(selector.trim());
  const steps = singularSteps(path);
  // Most paths name one place: walking there spares parsing the path again for each record.
  if (steps) return (node) => walk(node, steps);
  return (node) => query(node, path);
}

function normalize(selector: string): string {
  if (selector === '') throw new Error('it is empty');
  if (selector === '.' || selector === '@') return '$';
  if (selector.startsWith('$')) return selector;
  if (selector.startsWith('@')) return `$${selector.slice(1)}`;
  if (selector.startsWith('[')) return `$${selector}`;
  if (!PLAIN_NAMES.test(selector)) return `$.${selector}`;
  return `$${selector
    .split('.')
    .map((name) => `[${JSON.stringify(name)}]`)
    .join('')}`;
}

function singularSteps(path: string): readonly Step[] | undefined {
  const steps: Step[] = [];
  for (const { type, node } of parse(path).segments) {
    if (type !== 'ChildSegment') return undefined;
    if (node.type === 'MemberNameShorthand') {
      steps.push(node.value);
      continue;
    }
    if (node.type !== 'BracketedSelection' || node.selectors.length !== 1) return undefined;
    const [only] = node.selectors;
    if (only?.type !== 'NameSelector' && only?.type !== 'IndexSelector') return undefined;
    steps.push(only.value);
  }
  return steps;
}

function walk(node: JsonValue, steps: readonly Step[]): readonly JsonValue[] {
  let at: JsonValue | undefined = node;
  for (const step of steps) {
    if (typeof step === 'number') {
      at = Array.isArray(at) ? at.at(step) : undefined;
    } else if (typeof at === 'object' && at !== null && !Array.isArray(at) && Object.hasOwn(at, step)) {
      at = (at as Record<string, JsonValue>)[step];
    } else {
      return [];
    }
    if (at === undefined) return [];
  }
  return [at];
}

import { Kind, parse } from 'graphql';
import {
  type GeneratedNames,
  generatedNames,
  generatedQueryNames,
  generatedTypeNames,
} from '../../platform/model/names.ts';
import { readSdl } from '../../platform/sdl.ts';

/** Names in the graph that are somebody's. */
export interface TakenNames {
  readonly types: ReadonlySet<string>;
  readonly queries: ReadonlySet<string>;
  readonly subscriptions: ReadonlySet<string>;
}

/** Of GraphQL and of Apollo Federation, declared in no SDL of ours. */
const OTHERS_TYPES = ['String', 'Int', 'Float', 'Boolean', 'ID', 'Query', 'Mutation', 'Subscription'];
const FEDERATION_TYPES = ['_Any', '_Entity', '_Service', 'FieldSet'];
const FEDERATION_QUERIES = ['_entities', '_service'];

/** The platform's own names, read from the static SDL of all subgraphs. */
export function readPlatformNames(): TakenNames {
  const types = new Set([...OTHERS_TYPES, ...FEDERATION_TYPES]);
  const roots = new Map([
    ['Query', new Set(FEDERATION_QUERIES)],
    ['Subscription', new Set<string>()],
  ]);
  for (const subgraph of ['configuration', 'datasource', 'endpoint'] as const) {
    for (const definition of parse(readSdl(subgraph)).definitions) {
      if (!('name' in definition) || !definition.name || definition.kind === Kind.DIRECTIVE_DEFINITION)
        continue;
      types.add(definition.name.value);
      const root = roots.get(definition.name.value);
      if (!root || !('fields' in definition)) continue;
      for (const field of definition.fields ?? []) root.add(field.name.value);
    }
  }
  return {
    types,
    queries: roots.get('Query') ?? new Set(),
    subscriptions: roots.get('Subscription') ?? new Set(),
  };
}

/** Makes the check whether a new collection's names in the graph are free. */
export function createNameCheck(platform: TakenNames) {
  // Inflection costs far more than the look-up, and is the same each time; as many as there are collections.
  const cache = new Map<string, GeneratedNames>();
  const namesOf = (collection: string): GeneratedNames => {
    const known = cache.get(collection) ?? generatedNames(collection);
    cache.set(collection, known);
    return known;
  };

  /** @returns Why the name cannot be used; undefined where it can. */
  return (collection: string, others: readonly string[]): string | undefined => {
    const own = generatedNames(collection);
    const types = generatedTypeNames(own);
    const queries = generatedQueryNames(own);
    const taken =
      types.find((name) => platform.types.has(name)) ??
      queries.find((name) => platform.queries.has(name)) ??
      [own.changed].find((name) => platform.subscriptions.has(name));
    if (taken !== undefined) return `"${taken}" is a name of the platform's own`;
    for (const other of others) {
      if (other === collection) continue;
      const theirs = namesOf(other);
      const shared =
        generatedTypeNames(theirs).find((name) => types.includes(name)) ??
        generatedQueryNames(theirs).find((name) => queries.includes(name)) ??
        [theirs.changed].find((name) => name === own.changed);
      if (shared !== undefined) return `"${shared}" is already a name of collection "${other}"`;
    }
    return undefined;
  };
}

export type NameCheck = ReturnType<typeof createNameCheck>;

import { Kind, parse } from 'graphql';
import { generatedNames, generatedQueryNames, generatedTypeNames } from '../../platform/model/names.ts';
import { readSdl } from '../../platform/sdl.ts';

/** Of GraphQL and of Apollo Federation, declared in no SDL of ours. */
const OTHERS_NAMES = ['String', 'Int', 'Float', 'Boolean', 'ID', 'Query', 'Mutation', 'Subscription'];
const FEDERATION_NAMES = ['_Any', '_Entity', '_Service', 'FieldSet', '_entities', '_service'];

/**
 * The platform's own names, read from the static SDL of all subgraphs: types, and fields of Query and Subscription.
 * One set serves both, since types begin with a capital and root fields do not.
 */
export function readPlatformNames(): ReadonlySet<string> {
  const names = new Set([...OTHERS_NAMES, ...FEDERATION_NAMES]);
  for (const subgraph of ['configuration', 'datasource', 'endpoint'] as const) {
    for (const definition of parse(readSdl(subgraph)).definitions) {
      if (!('name' in definition) || !definition.name) continue;
      if (definition.kind === Kind.DIRECTIVE_DEFINITION) continue;
      names.add(definition.name.value);
      const isRoot = ['Query', 'Subscription'].includes(definition.name.value);
      if (!isRoot || !('fields' in definition)) continue;
      for (const field of definition.fields ?? []) names.add(field.name.value);
    }
  }
  return names;
}

/** All names that a collection adds to the graph. */
function namesOf(collection: string): readonly string[] {
  const names = generatedNames(collection);
  return [...generatedTypeNames(names), ...generatedQueryNames(names), names.changed];
}

/** Makes the check whether a new collection's names in the graph are free. */
export function createNameCheck(platform: ReadonlySet<string>) {
  // Inflection costs far more than the look-up, and is the same each time; as many as there are collections.
  const cache = new Map<string, readonly string[]>();
  const cachedNamesOf = (collection: string) => {
    const names = cache.get(collection) ?? namesOf(collection);
    cache.set(collection, names);
    return names;
  };

  /** @returns Why the name cannot be used; undefined where it can. */
  return (collection: string, others: readonly string[]): string | undefined => {
    const own = namesOf(collection);
    const ours = own.find((name) => platform.has(name));
    if (ours !== undefined) return `"${ours}" is a name of the platform's own`;
    for (const other of others) {
      if (other === collection) continue;
      const shared = cachedNamesOf(other).find((name) => own.includes(name));
      if (shared !== undefined) return `"${shared}" is already a name of collection "${other}"`;
    }
    return undefined;
  };
}

export type NameCheck = ReturnType<typeof createNameCheck>;

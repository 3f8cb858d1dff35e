import { type DocumentNode, Kind } from 'graphql';
import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import { generatedNames, generatedQueryNames, generatedTypeNames } from '../../../platform/model/names.ts';

/**
 * Definitions whose names in the graph are free, in the order of the collections' names. Configuration refuses the
 * others; were one to slip through, it must not cost all other collections their types.
 */
export function acceptedDefinitions(
  definitions: readonly CollectionDefinition[],
  staticSdl: DocumentNode,
): CollectionDefinition[] {
  const taken = new Set(['Query', 'Mutation', 'Subscription']);
  for (const node of staticSdl.definitions) {
    if ('name' in node && node.name && node.kind !== Kind.DIRECTIVE_DEFINITION) taken.add(node.name.value);
  }
  const byName = [...definitions].sort((a, b) => (a.name < b.name ? -1 : 1));
  return byName.filter(({ name }) => {
    const names = generatedNames(name);
    // Type names begin with a capital and root fields do not, so that one set serves both.
    const own = [...generatedTypeNames(names), ...generatedQueryNames(names), names.changed];
    if (own.some((taking) => taken.has(taking))) return false;
    for (const taking of own) taken.add(taking);
    return true;
  });
}

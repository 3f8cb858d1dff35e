import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, from the sources as from what is built of them. */
export const packageRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(folder: string): string {
  // platform/ stands directly in the root, or in dist/ there.
  const parent = dirname(folder);
  return parent.endsWith('dist') ? dirname(parent) : parent;
}

/** The SDL of a subgraph, as `schema/` holds it: the one source of both its schema and its resolvers' types. */
export function readSdl(subgraph: 'configuration' | 'datasource' | 'endpoint'): string {
  return readFileSync(join(packageRoot, 'schema', `${subgraph}.graphql`), 'utf8');
}

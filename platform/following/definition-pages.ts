import type { ServiceClient } from '../http/service-client.ts';
import type { CollectionDefinition } from '../model/collection-definition.ts';

const COLLECTION_DEFINITIONS = /* GraphQL */ `
  query CollectionDefinitions($after: Counter!) {
    collectionDefinitions(after: $after) { definitions revision hasMore }
  }
`;

interface DefinitionPage {
  readonly definitions: readonly CollectionDefinition[];
  /** Up to which the definitions are complete with this page. */
  readonly revision: number;
  readonly hasMore: boolean;
}

export interface NewDefinitions extends Omit<DefinitionPage, 'hasMore'> {
  /** True where these are all there are: what is not among them is gone. */
  readonly isWhole: boolean;
}

/**
 * The definitions that configuration changed behind a revision, page by page; none where nothing has changed. A
 * configuration that counts from the beginning again has lost, or never had, what we know: then all that it has, at
 * once.
 *
 * @throws {UnavailableError} Configuration does not answer.
 */
export async function* newDefinitions(
  configuration: ServiceClient,
  known: number,
  signal: AbortSignal,
): AsyncGenerator<NewDefinitions> {
  let after = known;
  for await (const page of definitionPages(configuration, known, signal)) {
    if (page.revision < known) {
      yield await allDefinitions(configuration, signal);
      return;
    }
    if (page.definitions.length > 0 || page.revision > after) yield { ...page, isWhole: false };
    after = page.revision;
  }
}

async function allDefinitions(configuration: ServiceClient, signal: AbortSignal): Promise<NewDefinitions> {
  const definitions: CollectionDefinition[] = [];
  let revision = 0;
  for await (const page of definitionPages(configuration, 0, signal)) {
    definitions.push(...page.definitions);
    revision = page.revision;
  }
  return { definitions, revision, isWhole: true };
}

async function* definitionPages(
  configuration: ServiceClient,
  known: number,
  signal: AbortSignal,
): AsyncGenerator<DefinitionPage> {
  for (let after = known, hasMore = true; hasMore; ) {
    const { collectionDefinitions: page } = await configuration.request<{
      collectionDefinitions: DefinitionPage;
    }>(COLLECTION_DEFINITIONS, { after }, { signal });
    yield page;
    ({ revision: after, hasMore } = page);
  }
}

/** The platform as `local.ts` runs it, beside a sample shop that changes, with sources on it already added. */
import { openShop } from '../examples/shop/shop.ts';
import { systemClock } from '../platform/clock.ts';
import { announce } from './announce.ts';
import { demoSources } from './demo-sources.ts';
import { type Platform, runPlatform } from './platform.ts';

const shop = await openShop({ clock: systemClock });

await runPlatform(
  {
    ...process.env,
    DATA_DIR: process.env.DATA_DIR ?? './data/demo',
    // The shop is on this machine, which a scraper must not read unless it is told so.
    SCRAPER_ALLOW_NETWORKS: process.env.SCRAPER_ALLOW_NETWORKS ?? '127.0.0.1/32',
  },
  async (platform) => {
    const added = await addSources(platform);
    announce(platform, [
      `  shop        ${shop.url}   (prices and stock change every few seconds)`,
      `  sources     ${added}`,
    ]);
  },
);

/**
 * Adds the sources on the shop. The shop's port is another at each start, so those of an earlier start, which
 * read nothing any more, are removed with their data.
 */
async function addSources({ gatewayUrl }: Platform): Promise<string> {
  const wanted = demoSources(shop.url);
  const known = await send<{ sources: { nodes: { id: string; name: string }[] } }>(
    gatewayUrl,
    '{ sources(first: 100) { nodes { id name } } }',
  );
  for (const { id, name } of known.sources.nodes) {
    if (!wanted.some((input) => input.name === name)) continue;
    await send(gatewayUrl, 'mutation ($id: ID!) { removeSource(id: $id, data: DELETE) { removedId } }', {
      id,
    });
  }
  const names: string[] = [];
  for (const input of wanted) {
    const { addSource } = await send<{
      addSource: { source: { name: string } | null; userErrors: { field: string | null; message: string }[] };
    }>(
      gatewayUrl,
      'mutation ($input: AddSourceInput!) { addSource(input: $input) { source { name } userErrors { field message } } }',
      { input },
    );
    if (!addSource.source)
      throw new Error(`The demo's source was refused: ${JSON.stringify(addSource.userErrors)}`);
    names.push(addSource.source.name);
  }
  return names.join(', ');
}

async function send<T>(
  gatewayUrl: string,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<T> {
  const response = await fetch(`${gatewayUrl}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data?: T; errors?: unknown };
  if (!data || errors) throw new Error(`The demo's request failed: ${JSON.stringify(errors)}`);
  return data;
}

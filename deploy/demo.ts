/** The platform as `local.ts` runs it, beside a sample shop that changes, with sources on it already added. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openShop, type Shop } from '../examples/shop/shop.ts';
import { systemClock } from '../platform/clock.ts';
import type { AddSourceInput } from '../subgraphs/configuration/generated.ts';
import { announce } from './announce.ts';
import { demoSources } from './demo-sources.ts';
import type { Platform } from './platform.ts';
import { runPlatform } from './run.ts';

/** Slow enough to read a change, fast enough to see the next. */
const CHANGE_EVERY_MS = 5_000;

const dataFolder = process.env.DATA_DIR ?? './data/demo';

const ADD = `mutation ($input: AddSourceInput!) { addSource(input: $input) { userErrors { field message } } }`;
const REMOVE = `mutation ($id: ID!) { removeSource(id: $id, data: DELETE) { removedId } }`;

await runPlatform(
  {
    ...process.env,
    DATA_DIR: dataFolder,
    // The shop is on this machine, which a scraper must not read unless it is told so.
    SCRAPER_ALLOW_NETWORKS: process.env.SCRAPER_ALLOW_NETWORKS ?? '127.0.0.1/32',
  },
  async (platform, scope) => {
    const shop = scope.use(await openShopAgain());
    const names = await addSources(platform, demoSources(shop.url));
    announce(
      platform,
      [
        `  shop        ${shop.url}   (prices and stock change every few seconds)`,
        `  sources     ${names.join(', ')}`,
      ],
      [
        `Open ${platform.gatewayUrl}/graphiql, and ${shop.url} beside it.`,
        'Query what the shop sells: { products(first: 5, orderBy: [{ price: DESC }]) { nodes { title price stock } } }',
        'Watch it change: subscription { productsChanged { ... on ProductDelta { upserted { title price } removed } } }',
      ],
    );
  },
);

/** Opens the shop where it was at the last start, so that its sources go on; on any free port where that is taken. */
async function openShopAgain(): Promise<Shop> {
  const file = join(dataFolder, 'shop-port');
  const options = { clock: systemClock, changeEveryMs: CHANGE_EVERY_MS };
  const shop = await openShop({ ...options, port: lastPort(file) }).catch(() => openShop(options));
  mkdirSync(dataFolder, { recursive: true });
  writeFileSync(file, new URL(shop.url).port);
  return shop;
}

function lastPort(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    return 0;
  }
}

/** Adds the sources that are not there yet. Those of a shop that has moved are removed with what they said. */
async function addSources({ gatewayUrl }: Platform, wanted: readonly AddSourceInput[]): Promise<string[]> {
  const { sources } = await send<{ sources: { nodes: { id: string; name: string; url: string }[] } }>(
    gatewayUrl,
    '{ sources(first: 100) { nodes { id name url } } }',
  );
  const names: string[] = [];
  for (const input of wanted) {
    const name = input.name ?? input.url;
    names.push(name);
    const known = sources.nodes.find((source) => source.name === name);
    if (known?.url === input.url) continue;
    if (known) await send(gatewayUrl, REMOVE, { id: known.id });
    const { addSource } = await send<{
      addSource: { userErrors: { field: string | null; message: string }[] };
    }>(gatewayUrl, ADD, { input });
    if (addSource.userErrors.length > 0) {
      throw new Error(`The demo's source was refused: ${JSON.stringify(addSource.userErrors)}`);
    }
  }
  return names;
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

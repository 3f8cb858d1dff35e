/** How long a newcomer waits: from sending `addSource` to the first typed entry in a query's answer. */
import { PlatformProcess, until } from '../test/e2e/harness.ts';
import { openSite } from '../test/e2e/site.ts';
import { type Figure, quantile } from './report.ts';

const ROUNDS = 7;

export async function benchFirstEntry(): Promise<Figure[]> {
  const site = await openSite(() => '<ul><li><a href="/1">One</a> <b>£1.50</b></li></ul>');
  const platform = await new PlatformProcess().start();
  try {
    const waits: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const list = `round${round}things`;
      const sentAt = performance.now();
      await platform.query(
        'mutation ($input: AddSourceInput!) { addSource(input: $input) { source { id } userErrors { message } } }',
        {
          input: {
            collection: list,
            url: `${site.url}/${list}`,
            records: 'li',
            fields: [
              { name: 'title', select: 'a' },
              { name: 'price', select: 'b', type: 'DECIMAL' },
              { name: 'url', select: 'a@href', type: 'URL' },
            ],
          },
        },
      );
      await until('the first entry', async () => {
        const { data } = await platform.send<Record<string, { nodes: unknown[] }>>(
          `{ ${list} { nodes { title price url } } }`,
        );
        return (data?.[list]?.nodes.length ?? 0) > 0;
      });
      waits.push(performance.now() - sentAt);
    }
    return [
      { name: 'addSource to first typed entry, median', value: quantile(waits, 0.5), unit: 'ms', most: 2000 },
      { name: 'addSource to first typed entry, slowest', value: Math.max(...waits), unit: 'ms', most: 2000 },
    ];
  } finally {
    await platform.dispose();
    await site.close();
  }
}

/** Everything on one machine, in one process with its workers as child processes, on the embedded adapters. */
import { announce } from './announce.ts';
import { runPlatform } from './run.ts';

await runPlatform(process.env, (platform) =>
  announce(
    platform,
    [],
    [
      `Open ${platform.gatewayUrl}/graphiql: its first tab adds a source, a page of books. Run it.`,
      'Query its entries a moment later, under their own type: { books(first: 5) { nodes { title price } } }',
      'Watch them change: subscription { booksChanged { ... on BookDelta { upserted { title price } removed } } }',
    ],
  ),
);

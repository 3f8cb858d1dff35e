import type { Platform } from './platform.ts';

/** Says what listens where, and the three things to try next. */
export function announce(
  { gatewayUrl, dataFolder, startMs, services }: Platform,
  lines: readonly string[] = [],
): void {
  const where = services.map(({ name, url }) => `${name} ${new URL(url).host}`).join(', ');
  const out = [
    '',
    `Tributary is up, ${(startMs / 1000).toFixed(1)} s after it was started.`,
    '',
    `  GraphiQL    ${gatewayUrl}/graphiql`,
    `  GraphQL     ${gatewayUrl}/graphql   (HTTP, and WebSocket for subscriptions)`,
    `  subgraphs   ${where}   (for the gateway and the workers)`,
    `  data        ${dataFolder}`,
    ...lines,
    '',
    'Three things to try next:',
    '',
    `  1. Open ${gatewayUrl}/graphiql: its first tab adds a source. Run it.`,
    '  2. Query the entries under their own type a moment later: { books(first: 5) { nodes { title price } } }',
    '  3. Watch them change: subscription { booksChanged { ... on BookDelta { upserted { title price } } } }',
    '',
    'Ctrl-C stops everything; the next start goes on where this one was.',
    '',
  ];
  console.log(out.join('\n'));
}

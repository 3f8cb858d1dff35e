import type { Platform } from './platform.ts';

/** Says what listens where, and the three things to try next. */
export function announce(platform: Platform, lines: readonly string[], tries: readonly string[]): void {
  const { gatewayUrl, dataFolder, startMs, subgraphs } = platform;
  const where = subgraphs.map(({ name, url }) => `${name} ${new URL(url).host}`).join(', ');
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
    ...tries.map((line, index) => `  ${index + 1}. ${line}`),
    '',
    'Ctrl-C stops everything; the next start goes on where this one was.',
    '',
  ];
  console.log(out.join('\n'));
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SHARED_POOL } from '../platform/model/cluster.ts';
import { packageRoot } from '../platform/sdl.ts';

/** Where settings are written down, and whose they are. */
const FILES: readonly [services: string, file: string][] = [
  ['all services', 'platform/process/settings.ts'],
  ['gateway', 'gateway/config.ts'],
  ['configuration', 'subgraphs/configuration/config.ts'],
  ['configuration, datasource', 'subgraphs/datasource/main.ts'],
  ['datasource', 'subgraphs/datasource/config.ts'],
  ['endpoint', 'subgraphs/endpoint/config.ts'],
  ['endpoint', 'subgraphs/endpoint/main.ts'],
  ['orchestrator', 'orchestrator/main.ts'],
  ['orchestrator, on a swarm', 'orchestrator/swarm-settings.ts'],
  ['orchestrator', 'orchestrator/config.ts'],
  ['docker-proxy', 'orchestrator/docker-proxy/config.ts'],
  ['scraper', 'scrapers/config.ts'],
];

/** What holds for each of them. */
const IN_FILES =
  'Each may be given in a file: `<NAME>_FILE` names one that holds the value, as a secret of Docker is mounted. So secrets stay out of environments. (`API_KEYS_FILE` is a setting by itself.)';

interface Setting {
  readonly name: string;
  readonly value: string;
  readonly reason: string;
}

const SETTING =
  /^ {2}(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n {2})([A-Z][A-Z0-9_]+): ((?:(?!\n {2}[A-Z/}])[\s\S])*?),$/gm;

/** All settings with their defaults and reasons, as they stand in the code: a table of Markdown. */
export function settingsTable(): string {
  const rows = new Map<string, Setting & { services: string[] }>();
  for (const [services, file] of FILES) {
    for (const setting of settingsOf(readFileSync(join(packageRoot, file), 'utf8'))) {
      const known = rows.get(setting.name);
      if (!known) rows.set(setting.name, { ...setting, services: [services] });
      else if (!known.services.includes(services)) known.services.push(services);
    }
  }
  const lines = [...rows.values()].map(
    ({ name, value, reason, services }) => `| \`${name}\` | ${value} | ${services.join(', ')} | ${reason} |`,
  );
  return [
    IN_FILES,
    '',
    '| setting | default | read by | meaning |',
    '| --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

function settingsOf(text: string): Setting[] {
  return [...text.matchAll(SETTING)].map(([, comment = '', name = '', schema = '']) => ({
    name,
    value: defaultOf(schema),
    reason: comment
      .replaceAll(/\n\s*\* ?/g, ' ')
      .trim()
      .replaceAll('|', '\\|'),
  }));
}

/** What holds where nothing is set, as it is written. */
function defaultOf(schema: string): string {
  const number = /wholeNumber\(\s*([\d_ *]+)/.exec(schema)?.[1];
  if (number !== undefined) return `\`${productOf(number)}\``;
  const text =
    /(?:durationMs|bytes|processors)\('([^']+)'/.exec(schema)?.[1] ??
    /\.default\('([^']*)'\)/.exec(schema)?.[1];
  if (text !== undefined) return text === '' ? 'none' : `\`${text}\``;
  if (schema.includes('.default(SHARED_POOL)')) return `\`${SHARED_POOL}\``;
  return /\.optional\(\)|^list$/.test(schema.trim()) ? 'none' : 'must be set';
}

function productOf(factors: string): string {
  const product = factors.split('*').reduce((value, factor) => value * Number(factor.replaceAll('_', '')), 1);
  return String(product);
}

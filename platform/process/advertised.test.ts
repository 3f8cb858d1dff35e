import { networkInterfaces } from 'node:os';
import { expect, it } from 'vitest';
import { advertisedUrl, isHost } from './advertised.ts';

const hasNetwork = Object.values(networkInterfaces()).some((of) => of?.some(({ internal }) => !internal));

it.each([
  ['http://127.0.0.1:4101/graphql', undefined, 'http://127.0.0.1:4101/graphql'],
  ['http://127.0.0.1:4101/graphql', 'datasource', 'http://datasource:4101/graphql'],
  ['http://0.0.0.0:4101/graphql', '10.1.2.3', 'http://10.1.2.3:4101/graphql'],
  ['http://[::]:4101/graphql', 'fd00::1', 'http://[fd00::1]:4101/graphql'],
  [
    'http://0.0.0.0:4001/graphql',
    'tributary_configuration.1.x7k2',
    'http://tributary_configuration.1.x7k2:4001/graphql',
  ],
])('%s is reached by others, told %s, at %s', (url, host, advertised) => {
  expect(advertisedUrl(url, host)).toBe(advertised);
});

it.skipIf(!hasNetwork)('what listens everywhere is reached at an address of this machine', () => {
  const { hostname, port } = new URL(advertisedUrl('http://0.0.0.0:4101/graphql', undefined));
  const addresses = Object.values(networkInterfaces()).flatMap(
    (of) => of?.map(({ address }) => address) ?? [],
  );
  expect(addresses).toContain(hostname);
  expect(port).toBe('4101');
});

it.each(['datasource', 'Tributary_datasource.1.x7k2', '10.1.2.3', 'fd00::1'])(
  '%s is where to look',
  (host) => {
    expect(isHost(host)).toBe(true);
  },
);

it.each([
  'datasource:4002',
  'http://datasource',
  'data source',
  'tributary.1',
  '10.1.2.300',
  '[fd00::1',
  'a/b',
  '',
])('%j is nowhere', (host) => {
  expect(isHost(host)).toBe(false);
});

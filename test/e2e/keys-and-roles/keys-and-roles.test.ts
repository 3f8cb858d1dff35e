import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, removeKey } from '../../../gateway/access/key-file-changes.ts';
import { App } from '../app.ts';
import { PlatformProcess, until } from '../harness.ts';

const SERVICE_TOKEN = 'a service token that nobody else may see';
const ADD = `mutation($url: String!) {
  addSource(input: { collection: "books", url: $url, records: ".book", fields: [{ name: "title", select: "h2" }] }) {
    source { id } userErrors { code }
  }
}`;
const REMOVE = 'mutation($id: ID!) { removeSource(id: $id, data: DELETE) { removedId userErrors { code } } }';

// One platform, told in order.
describe('a platform that others can reach', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-keys-'));
  const keysFile = join(folder, 'keys.json');
  const platform = new PlatformProcess({
    environment: {
      HOST: '0.0.0.0',
      API_KEYS_FILE: keysFile,
      API_KEYS_RELOAD: 'PT0.1S',
      SERVICE_TOKEN,
      LOG_LEVEL: 'debug',
    },
  });
  const keys: string[] = [];
  let reader: App;
  let writer: App;
  let admin: App;

  async function appWith(role: string): Promise<App> {
    const key = await addKey(keysFile, { name: role, role });
    keys.push(key);
    return new App(() => platform.url, { authorization: `Bearer ${key}` });
  }

  beforeAll(async () => {
    reader = await appWith('READ');
    writer = await appWith('WRITE');
    admin = await appWith('ADMIN');
    await platform.start();
  });

  afterAll(async () => {
    for (const app of [reader, writer, admin]) app?.disconnect();
    await platform.dispose();
    rmSync(folder, { recursive: true });
  });

  const codesOf = async (app: App, query: string, variables = {}) =>
    (await app.send(query, variables)).errors?.map(({ extensions }) => extensions?.code);

  it('lets nobody in without a key', async () => {
    expect(await codesOf(platform, '{ sources { totalCount } }')).toEqual(['UNAUTHENTICATED']);
    expect(await codesOf(platform, ADD, { url: 'https://example.com' })).toEqual(['UNAUTHENTICATED']);
  });

  it('lets each go as far as its key', async () => {
    expect(await codesOf(reader, ADD, { url: 'https://example.com/' })).toEqual(['FORBIDDEN']);
    const { source, userErrors } = (await writer.query(ADD, { url: 'https://example.com/' })).addSource;
    expect(userErrors).toEqual([]);
    expect(await codesOf(writer, REMOVE, { id: source.id })).toEqual(['FORBIDDEN']);
    expect((await reader.query('{ sources { totalCount } }')).sources.totalCount).toBe(1);
    expect((await admin.query(REMOVE, { id: source.id })).removeSource.removedId).toBe(source.id);
  });

  it('answers nobody past its gateway', async () => {
    const [, list] = /subgraphs\s+(.*?)\s{2,}/.exec(platform.output) ?? [];
    const addresses = [...(list ?? '').matchAll(/(\w+) ([\d.]+:\d+)/g)];
    expect(addresses.map(([, name]) => name)).toEqual(['configuration', 'datasource', 'endpoint']);
    for (const [, , address] of addresses) {
      for (const authorization of [undefined, `Bearer ${keys.at(-1)}`]) {
        const direct = new App(() => `http://${address}`, authorization ? { authorization } : {});
        expect(await codesOf(direct, '{ _service { sdl } }')).toEqual(['UNAUTHENTICATED']);
        expect(await codesOf(direct, ADD, { url: 'https://example.com/' })).toEqual(['UNAUTHENTICATED']);
      }
    }
    expect((await reader.query('{ sources { totalCount } }')).sources.totalCount).toBe(0);
  });

  it('lets a key in, and out, while it runs', async () => {
    const log = reader.subscribe('subscription { sourceChanged { id } }');
    await removeKey(keysFile, 'READ');
    expect(await log.ended).toMatchObject({ code: 4403 });
    const key = await addKey(keysFile, { name: 'newcomer', role: 'READ' });
    keys.push(key);
    const newcomer = new App(() => platform.url, { authorization: `Bearer ${key}` });
    await until('the new key to be known', async () => !(await newcomer.send('{ __typename }')).errors);
    expect(await codesOf(reader, '{ __typename }')).toEqual(['UNAUTHENTICATED']);
  });

  it('tells nothing of its secrets', async () => {
    await platform.stop();
    const hashes = (JSON.parse(readFileSync(keysFile, 'utf8')).keys as { sha256: string }[]).map(
      ({ sha256 }) => sha256,
    );
    for (const secret of [SERVICE_TOKEN, ...keys, ...hashes]) expect(platform.output).not.toContain(secret);
  });
});

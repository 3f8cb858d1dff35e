import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSdl } from '../../platform/sdl.ts';
import { type Composer, CompositionError, openComposer } from './composer.ts';

describe('Composer', () => {
  let composer: Composer;
  beforeAll(() => {
    composer = openComposer();
  });
  afterAll(() => composer.close());

  const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key"])';

  it('composes the subgraphs as they are in schema/', async () => {
    const supergraph = await composer.compose({
      configuration: readSdl('configuration'),
      datasource: readSdl('datasource'),
      endpoint: `${readSdl('endpoint')} type Query { version: String }`,
    });
    expect(supergraph).toContain('@join__type(graph: CONFIGURATION');
    expect(supergraph).toContain('collectionChanged(name: String!, after: String)');
  });

  it('says what does not fit together, and goes on composing', async () => {
    const sdls = {
      a: `${link} type Query { thing: Thing } type Thing @key(fields: "id") { id: ID! }`,
      b: `${link} type Thing @key(fields: "id") { id: Int! }`,
    };
    await expect(composer.compose(sdls)).rejects.toThrow(CompositionError);
    await expect(composer.compose({ a: 'type {' })).rejects.toThrow(/Syntax Error/);
    expect(await composer.compose({ a: sdls.a })).toContain('type Thing');
  });

  it('answers each of several compositions under way', async () => {
    const [a, b] = await Promise.all([
      composer.compose({ a: `${link} type Query { a: Int }` }),
      composer.compose({ b: `${link} type Query { b: Int }` }),
    ]);
    expect(a).toContain('a: Int');
    expect(b).toContain('b: Int');
  });

  it('fails what is under way when it is closed', async () => {
    const closing = openComposer();
    const composing = closing.compose({ a: `${link} type Query { a: Int }` });
    const failed = expect(composing).rejects.toMatchObject({ code: 'CLOSED' });
    await closing.close();
    await failed;
  });
});

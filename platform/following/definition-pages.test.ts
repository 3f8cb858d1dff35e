import { expect, it } from 'vitest';
import type { ServiceClient } from '../http/service-client.ts';
import type { CollectionDefinition } from '../model/collection-definition.ts';
import { newDefinitions } from './definition-pages.ts';

/** Definitions that configuration gives at once. */
const PAGE = 2;

/** A configuration that has defined these collections, one at each revision. */
function configurationOf(...names: string[]) {
  const asked: number[] = [];
  const all = names.map((name, index): CollectionDefinition => {
    const revision = index + 1;
    return { name, incarnation: name, revision, deleted: false, fields: [], key: [], sources: [] };
  });
  const configuration: ServiceClient = {
    async request<T>(_document: string, variables?: Record<string, unknown>): Promise<T> {
      const after = variables?.after as number;
      asked.push(after);
      const definitions = all.slice(after, after + PAGE);
      const revision = Math.min(all.length, after + PAGE);
      return { collectionDefinitions: { definitions, revision, hasMore: revision < all.length } } as T;
    },
    subscribe: () => {
      throw new Error('Not followed by subscription');
    },
    close: () => {},
  };
  const read = async (known: number) => {
    const pages: (readonly [names: string, revision: number, isWhole: boolean])[] = [];
    const { signal } = new AbortController();
    for await (const { definitions, revision, isWhole } of newDefinitions(configuration, known, signal)) {
      pages.push([definitions.map(({ name }) => name).join(), revision, isWhole]);
    }
    return pages;
  };
  return { asked, read };
}

it('gives what is new page by page', async () => {
  expect(await configurationOf('a', 'b', 'c', 'd').read(1)).toEqual([
    ['b,c', 3, false],
    ['d', 4, false],
  ]);
});

it('gives nothing where nothing has changed, for one request', async () => {
  const { read, asked } = configurationOf('a', 'b', 'c');
  expect(await read(3)).toEqual([]);
  expect(asked).toEqual([3]);
});

it('gives all there is at once where configuration counts from the beginning again', async () => {
  expect(await configurationOf('a', 'b', 'c').read(7)).toEqual([['a,b,c', 3, true]]);
  expect(await configurationOf().read(7)).toEqual([['', 0, true]]);
});

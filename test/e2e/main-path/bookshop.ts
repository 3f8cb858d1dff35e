import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../platform/sdl.ts';
import { openSite, type Site } from '../site.ts';

export interface Book {
  readonly key: string;
  readonly title: string;
  readonly author: string;
  readonly year: number | null;
  readonly price: string | null;
  readonly available: boolean;
  /** Null where the page names none: a selector that finds nothing says nothing. */
  readonly tags: readonly string[] | null;
  readonly url: string;
  readonly cover: string;
  readonly addedAt: string;
}

export type Edition = 'before' | 'after';

export interface Bookshop extends Site {
  /** What the shop's pages say, by key: written by hand beside them. */
  expected(): Book[];
  edition: Edition;
}

const folder = join(packageRoot, 'test', 'e2e', 'main-path', 'site');

/** An antiquarian bookshop whose catalogue has two editions of three pages. */
export async function openBookshop(): Promise<Bookshop> {
  const state: { edition: Edition } = { edition: 'before' };
  const site = await openSite((path) => {
    const page = /^\/shop\/catalogue(?:\?page=(\d))?$/.exec(path);
    return page ? readFileSync(join(folder, state.edition, `page-${page[1] ?? 1}.html`), 'utf8') : undefined;
  });
  return {
    ...site,
    expected: () =>
      JSON.parse(
        readFileSync(join(folder, state.edition, 'expected.json'), 'utf8').replaceAll('{site}', site.url),
      ) as Book[],
    get edition() {
      return state.edition;
    },
    set edition(edition) {
      state.edition = edition;
    },
  };
}

const FIELDS = [
  { name: 'title', select: '.book-card__title a', required: true },
  { name: 'author', select: '[itemprop=author]' },
  { name: 'year', select: '.meta-year', type: 'INT' },
  { name: 'price', select: '.price data', type: 'DECIMAL' },
  { name: 'available', select: '@data-available', type: 'BOOLEAN' },
  { name: 'tags', select: '.tag a', list: true },
  { name: 'url', select: '.book-card__title a@href', type: 'URL' },
  { name: 'cover', select: 'img@src', type: 'URL' },
  { name: 'addedAt', select: 'time@datetime', type: 'DATETIME' },
];

export function bookSource(site: Site, changes: Record<string, unknown> = {}) {
  return {
    collection: 'books',
    url: `${site.url}/shop/catalogue`,
    // Runs are asked for: a story must not depend on when they happen.
    every: 'P1D',
    records: 'article.book-card',
    fields: FIELDS,
    pagination: { next: 'nav.pager > [rel=next]@href', limit: 10 },
    ...changes,
  };
}

import { openSite, type Site } from '../e2e/site.ts';

/** A shop of several pages that tells by whom it is read: a source is read by one worker, one page after the other. */
export interface PagedSite extends Site {
  /** The most requests that one source had open at once. */
  readonly mostAtOnce: number;
  /** Pages of this number wait until they are released. */
  hold(page: number): void;
  release(): void;
  /** How often a page was asked for. */
  asked(source: string, page: number): number;
}

export const PAGES = 5;
export const RECORDS_PER_PAGE = 3;

/** `/<source>/<page>` is a page; each record's name is its own. */
export async function openPagedSite(): Promise<PagedSite> {
  const open = new Map<string, number>();
  let mostAtOnce = 0;
  let heldPage = 0;
  let held = Promise.resolve();
  let release = () => {};
  const site = await openSite((path) => {
    const [, source, page] = /^\/([\w-]+)\/(\d+)$/.exec(path) ?? [];
    if (source === undefined) return undefined;
    const number = Number(page);
    return async (_request, response) => {
      const count = (open.get(source) ?? 0) + 1;
      open.set(source, count);
      mostAtOnce = Math.max(mostAtOnce, count);
      response.on('close', () => open.set(source, (open.get(source) ?? 0) - 1));
      if (number === heldPage) await held;
      const items = Array.from(
        { length: RECORDS_PER_PAGE },
        (_, index) => `<li><b>${source} ${number}.${index}</b></li>`,
      );
      const next = number < PAGES ? `<a rel=next href="/${source}/${number + 1}">next</a>` : '';
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<ul>${items.join('')}</ul>${next}`);
    };
  });
  return {
    ...site,
    get mostAtOnce() {
      return mostAtOnce;
    },
    hold(page) {
      heldPage = page;
      held = new Promise((resolve) => {
        release = resolve;
      });
    },
    release() {
      heldPage = 0;
      release();
    },
    asked: (source, page) => site.requests.filter((path) => path === `/${source}/${page}`).length,
    async close() {
      release();
      await site.close();
    },
  };
}

/** The input of a source on it: each entry counts how often it was said. */
export function pagedSource(site: Site, source: string, every = 'P1D') {
  return {
    name: source,
    collection: 'items',
    url: `${site.url}/${source}/1`,
    every,
    records: 'li',
    fields: [
      { name: 'name', select: 'b' },
      { name: 'times', select: 'b', merge: 'COUNT' },
    ],
    key: ['name'],
    retain: 'FOREVER',
    pagination: { next: 'a@href' },
  };
}

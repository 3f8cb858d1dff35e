import type { IncomingMessage, ServerResponse } from 'node:http';
import { openSite, type Site } from '../e2e/site.ts';
import { TALLIES_INPUT } from '../services/tallies.ts';

/** Pages of one source, each linking to the next. */
const PAGES = 3;

/** Of each page: several entries of each batch. */
const RECORDS_PER_PAGE = 4;

/** Entries that all sources together fill: so few that each is said something of by all of them. */
const GROUPS = 50;

/** How long a page takes, in milliseconds: so long that two readers of one source would meet, were there two. */
const PAGE_MS = 30;

/** The setting `USER_AGENT` of workers by which the site knows them apart: the swarm puts the task's id in. */
export const USER_AGENT = 'Tributary/{{.Task.ID}}';

interface Reading {
  readonly reader: string;
  readonly page: number;
  isOpen: boolean;
}

/**
 * A site whose every page says numbers that it never says again, and that watches by whom it is read: what is lost
 * or counts twice shows in the numbers, and what runs twice at once shows here.
 */
export interface CountedSite extends Site {
  /** Numbers said so far are those below it. */
  readonly said: number;
  /** Requests that came while another worker was in the middle of reading the same source: empty where all is well. */
  readonly collisions: readonly string[];
  /** How often a source was read to its last page. */
  reads(source: string): number;
  /** The ids of the tasks that have asked for pages of a source, in order, each once in a row. */
  readersOf(source: string): readonly string[];
  /** The input of a source on it. */
  source(name: string, every?: string): Record<string, unknown>;
}

/** @param host An address of this machine that the swarm's nodes reach. */
export async function openCountedSite(host: string): Promise<CountedSite> {
  const last = new Map<string, Reading>();
  const readers = new Map<string, string[]>();
  const reads = new Map<string, number>();
  const collisions: string[] = [];
  let said = 0;

  /** Whoever reads a source begins at its first page, and nobody else asks for any before it is done or gone. */
  function note(source: string, page: number, { headers }: IncomingMessage): Reading {
    const reader = String(headers['user-agent']).replace('Tributary/', '');
    const before = last.get(source);
    const isNext = before?.reader === reader && (page === before.page || page === before.page + 1);
    if (before?.isOpen || !(page === 1 || isNext)) {
      collisions.push(`${source}/${page} by ${reader} after page ${before?.page} by ${before?.reader}`);
    }
    const reading = { reader, page, isOpen: true };
    last.set(source, reading);
    const all = readers.get(source) ?? [];
    if (all.at(-1) !== reader) readers.set(source, [...all, reader]);
    return reading;
  }

  function answer(source: string, page: number, response: ServerResponse): void {
    const items = Array.from({ length: RECORDS_PER_PAGE }, () => {
      const number = said++;
      return `<li><b>group ${number % GROUPS}</b><i>${number}</i></li>`;
    });
    const next = page < PAGES ? `<a rel=next href="/${source}/${page + 1}">next</a>` : '';
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<ul>${items.join('')}</ul>${next}`, () => {
      if (page === PAGES) reads.set(source, (reads.get(source) ?? 0) + 1);
    });
  }

  const site = await openSite((path) => {
    const [, source, page] = /^\/([\w-]+)\/(\d+)$/.exec(path) ?? [];
    if (source === undefined) return undefined;
    return (request, response) => {
      const reading = note(source, Number(page), request);
      response.on('close', () => {
        reading.isOpen = false;
      });
      setTimeout(() => answer(source, Number(page), response), PAGE_MS);
    };
  }, host);
  return {
    ...site,
    get said() {
      return said;
    },
    collisions,
    reads: (source) => reads.get(source) ?? 0,
    readersOf: (source) => readers.get(source) ?? [],
    source: (name, every = 'PT1S') => ({
      ...TALLIES_INPUT,
      name,
      url: `${site.url}/${name}/1`,
      every,
      pagination: { next: 'a@href' },
    }),
  };
}

import { openSite, type Site } from '../e2e/site.ts';

interface StallBook {
  readonly slug: string;
  readonly title: string;
  readonly price: string;
}

export interface BookStall extends Site {
  /** What lies on the stall now: three pages of two. Set anew, it changes what the next run reads. */
  books: readonly StallBook[];
}

const FIRST_BOOKS: readonly StallBook[] = [
  { slug: 'the-salt-road', title: 'The Salt Road', price: '24.50' },
  { slug: 'a-year-of-weirs', title: 'A Year of Weirs', price: '9.95' },
  { slug: 'delta', title: 'Delta', price: '48.00' },
  { slug: 'low-water', title: 'Low Water', price: '12.00' },
  { slug: 'confluence', title: 'Confluence & Other Stories', price: '29.99' },
  { slug: 'mills-of-the-lea', title: 'Mills of the Lea', price: '17.20' },
];
const PAGE_SIZE = 2;

/** A small bookshop with the markup that the worked examples of GraphiQL expect. */
export async function openBookStall(): Promise<BookStall> {
  const state = { books: FIRST_BOOKS };
  const site = await openSite((path) => {
    const number = /^\/(?:page-(\d)\.html)?$/.exec(path);
    return number ? page(state.books, Number(number[1] ?? 1)) : undefined;
  });
  return {
    ...site,
    get books() {
      return state.books;
    },
    set books(books) {
      state.books = books;
    },
  };
}

function page(books: readonly StallBook[], number: number): string {
  const end = number * PAGE_SIZE;
  const shown = books.slice(end - PAGE_SIZE, end).map(
    ({ slug, title, price }) => `
      <article class="product_pod">
        <h3><a href="books/${slug}.html" title="${escaped(title)}">${escaped(title.slice(0, 8))}…</a></h3>
        <p class="price_color">£${price}</p>
        <p class="availability"><i class="icon-ok"></i> In stock </p>
      </article>`,
  );
  const next = end < books.length ? `<li class="next"><a href="page-${number + 1}.html">next</a></li>` : '';
  return `<!doctype html><title>Stall</title>${shown.join('')}<ul class="pager">${next}</ul>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
}

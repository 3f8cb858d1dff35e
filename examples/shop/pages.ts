import type { Catalogue, Product } from './catalogue.ts';
import { amount, escapeHtml, page } from './layout.ts';
import { CATEGORIES } from './words.ts';

const PRODUCTS_PER_PAGE = 20;
const RATINGS = ['Zero', 'One', 'Two', 'Three', 'Four', 'Five'];

/** `/` and `/catalogue/page-2.html`: all products, 20 to a page. The first page has two addresses. */
export function listPage({ products, stepCount }: Catalogue, number: number): string | undefined {
  const pageCount = Math.max(1, Math.ceil(products.length / PRODUCTS_PER_PAGE));
  if (number < 1 || number > pageCount) return undefined;
  const shown = products.slice((number - 1) * PRODUCTS_PER_PAGE, number * PRODUCTS_PER_PAGE);
  // Relative to the page's own address, as a person's browser resolves it.
  const link = (to: number, rel: string, text: string) =>
    `<li class=${rel}><a href="page-${to}.html" rel="${rel}">${text}</a>`;
  const pager = [
    number > 1 ? link(number - 1, 'prev', '&larr; Newer') : '<li>',
    `<li class=current>Page ${number} of ${pageCount}`,
    number < pageCount ? link(number + 1, 'next', 'Older &rarr;') : '<li>',
  ];
  return page({
    title: `Everything, page ${number}`,
    stepCount,
    // The home page shows the first list, whose links stand as if it were in the catalogue's folder.
    ...(number === 1 ? { base: '/catalogue/' } : {}),
    body: `${categoryLinks()}
<section aria-labelledby=all><h1 id=all>Everything</h1>
<p class=result-count><strong>${products.length}</strong> things, ${shown.length} on this page
${productGrid(shown)}
<ul class=pager>${pager.join('\n')}</ul>
</section>`,
  });
}

/** `/catalogue/category/lamps.html`: one category, against a base of its own. */
export function categoryPage({ products, stepCount }: Catalogue, slug: string): string | undefined {
  const category = CATEGORIES.find(({ name }) => name.toLowerCase() === slug);
  if (!category) return undefined;
  const shown = products.filter((product) => product.category === category.name);
  return page({
    title: category.name,
    stepCount,
    base: '/catalogue/',
    body: `${categoryLinks()}\n<h1>${category.name}</h1>\n${productGrid(shown)}`,
  });
}

/** `/catalogue/lv-1001.html` */
export function productPage({ products, reviews, stepCount }: Catalogue, slug: string): string | undefined {
  const product = products.find(({ sku }) => sku.toLowerCase() === slug);
  if (!product) return undefined;
  const own = reviews.filter(({ sku }) => sku === product.sku);
  return page({
    title: product.title,
    stepCount,
    body: `<ul class=categories><li><a href="category/${product.category.toLowerCase()}.html">${product.category}</a></ul>
<h1>${escapeHtml(product.title)}</h1>
${facts(product)}
<dl><dt>SKU<dd>${product.sku}<dt>Maker<dd>${escapeHtml(product.maker)}</dl>
<h2>What people say</h2>
${own.map(({ author, city, text }) => `<blockquote><p>${escapeHtml(text)}<footer>${author}, ${city}</footer></blockquote>`).join('\n') || '<p>Nothing yet.'}`,
  });
}

/** `/outlet.html`: another seller of the same things, in a table, without a currency sign and in its own order. */
export function outletPage({ products, stepCount }: Catalogue): string {
  const rows = products
    .flatMap((product) =>
      product.outletPence === undefined ? [] : [{ ...product, pence: product.outletPence }],
    )
    .sort((a, b) => a.title.localeCompare(b.title, 'en'))
    .map(
      ({ sku, title, pence, stock }) => `<tr class="offer${stock % 2 ? ' odd' : ''}" data-article=${sku}>
  <td><a href="${sku.toLowerCase()}.html">${escapeHtml(title)}</a>
  <td><code>${sku}</code>
  <td class=num><span class="amount">${amount(pence)}</span> <abbr title="Pounds sterling">GBP</abbr>`,
    );
  return page({
    title: 'Harbour Outlet',
    stepCount,
    base: '/catalogue/',
    body: `<h1>Harbour Outlet</h1><p>The same goods, from the quay.
<table class=offers><thead><tr class=head><th>Article<th>No.<th class=num>Price</thead>
<tbody>
${rows.join('\n')}
</tbody></table>`,
  });
}

/** `/nouveautes.html`: the newest products, for the French, in windows-1252 and with French prices. */
export function newsPage({ products, stepCount }: Catalogue): string {
  const teasers = products
    .slice(-12)
    .reverse()
    .map(
      ({
        sku,
        title,
        maker,
        pence,
      }) => `<div class="teaser"><h2><a href="./catalogue/${sku.toLowerCase()}.html">${escapeHtml(title)}</a></h2>
<p>De la maison «\u00a0${escapeHtml(maker)}\u00a0» – à découvrir, dès <b class=prix>${(pence / 100).toFixed(2).replace('.', ',')}\u00a0€</b>`,
    );
  return page({
    title: 'Nouveautés',
    stepCount,
    charset: 'windows-1252',
    language: 'fr',
    body: `<h1>Nouveautés</h1>\n${teasers.join('</div>\n')}</div>`,
  });
}

function categoryLinks(): string {
  const links = CATEGORIES.map(
    ({ name }) => `<li><a href="/catalogue/category/${name.toLowerCase()}.html">${name}</a>`,
  );
  return `<ul class=categories>${links.join('')}</ul>`;
}

function productGrid(products: readonly Product[]): string {
  return `<ol class=grid>\n${products.map(productCard).join('\n')}\n</ol>`;
}

function productCard(product: Product): string {
  const href = `${product.sku.toLowerCase()}.html`;
  return `<li><article class="product product--${product.category.toLowerCase()}" data-sku="${product.sku}">
  <a href="${href}" tabindex=-1 aria-hidden=true><img src="/media/${product.sku.toLowerCase()}.svg" alt="" loading=lazy></a>
  <h3><a href="${href}" title="${escapeHtml(product.title)}">${escapeHtml(shortened(product.title))}</a></h3>
  <p class=product__maker>by <span itemprop=brand>${escapeHtml(product.maker)}</span>
  ${facts(product)}
</article>`;
}

function facts({ pence, pencePreviously, stock, rating }: Product): string {
  const was =
    pencePreviously === undefined ? '' : `<del class=price__was>&pound;${amount(pencePreviously)}</del> `;
  const availability =
    stock > 0
      ? `<p class="availability availability--in">\n      In stock (${stock} available)\n    </p>`
      : '<p class="availability availability--out">Out of stock</p>';
  return `<p class="rating rating--${RATINGS[rating]}" aria-label="${rating} of 5">
  <div class="price">${was}<span class="price__now">£${amount(pence)}</span></div>
  ${availability}`;
}

/** Lists cut long titles; the whole one stands in the link's `title`. */
function shortened(title: string): string {
  return title.length > 22 ? `${title.slice(0, 20).trimEnd()}…` : title;
}

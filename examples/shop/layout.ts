/** The frame around every page of the shop, and how it writes text and money. */

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`).replaceAll('&#38;', '&amp;');
}

/** `1,299.00` */
export function amount(pence: number): string {
  const [pounds = '', rest = ''] = (pence / 100).toFixed(2).split('.');
  return `${pounds.replace(/\B(?=(\d{3})+$)/g, ',')}.${rest}`;
}

export interface PageOptions {
  readonly title: string;
  readonly body: string;
  /** Against which relative addresses stand, instead of the page's own. */
  readonly base?: string;
  /** @default 'utf-8' */
  readonly charset?: string;
  /** @default 'en-GB' */
  readonly language?: string;
  readonly stepCount: number;
}

/** Written as shops are: some tags are never closed, some attributes have no quotes. */
export function page({ title, body, base, charset = 'utf-8', language = 'en-GB', stepCount }: PageOptions) {
  return `<!DOCTYPE html>
<html lang="${language}" class="no-js">
<head>
<meta charset=${charset}>
<title>${escapeHtml(title)} | Lantern &amp; Vale</title>
${base === undefined ? '' : `<base href="${base}">\n`}<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel=icon href="/media/icon.svg" type="image/svg+xml">
<style>${STYLE}</style>
<script>document.documentElement.className = 'js'; /* <a rel="next" href="/trap"> is not a link */</script>
</head>
<body>
<!-- <article class="product" data-sku="LV-0000"><h3><a href="/ghost">commented out</a></h3></article> -->
<header class=masthead>
  <a class=brand href="/">Lantern <em>&amp;</em> Vale</a>
  <nav aria-label="Shop"><ul>
    <li><a href="/catalogue/page-1.html">Everything</a>
    <li><a href="/outlet.html">Harbour Outlet</a>
    <li><a href="/nouveautes.html" lang=fr>Nouveaut&eacute;s</a>
    <li><a href="/api/reviews.json">Reviews <small>(JSON)</small></a>
  </ul></nav>
</header>
<main>
${body}
</main>
<footer><p>Lantern &amp; Vale does not exist, and neither do its goods.<br>Day ${stepCount} of business.</footer>
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#26231f, #ece6da); --paper: light-dark(#faf7f1, #1b1a18);
  --card: light-dark(#fff, #262421); --line: light-dark(#e2dccf, #3a3732); --accent: light-dark(#9a4b12, #f0a35e);
  --quiet: light-dark(#6d675d, #a49c8f); --good: light-dark(#2f6b3a, #84c48f); }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 Georgia, 'Iowan Old Style', serif }
a { color: inherit; text-decoration-color: var(--accent); text-underline-offset: .2em }
.masthead, main, footer { max-width: 68rem; margin: auto; padding: 1.25rem }
.masthead { display: flex; flex-wrap: wrap; gap: .5rem 2rem; align-items: baseline; border-bottom: 1px solid var(--line) }
.brand { font-size: 1.6rem; text-decoration: none } .brand em { color: var(--accent) }
.masthead ul, .grid, .pager, .categories { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .4rem 1.25rem }
.categories { margin: 0 0 1.5rem } .categories a { color: var(--quiet) }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(12.5rem, 1fr)); gap: 1rem }
.product { height: 100%; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem }
.product img { width: 100%; aspect-ratio: 4/3; border-radius: .4rem } .product h3 { margin: .6rem 0 0; font-size: 1.05rem; line-height: 1.3 }
.product__maker, .availability, .rating, small { color: var(--quiet); font-size: .85rem; margin: .15rem 0 }
.availability--in { color: var(--good) } .price { margin: .4rem 0 0; font-size: 1.2rem } .price__was { color: var(--quiet); font-size: .9rem }
.rating::before { color: var(--accent); letter-spacing: .1em }
.rating--One::before { content: '★☆☆☆☆' } .rating--Two::before { content: '★★☆☆☆' } .rating--Three::before { content: '★★★☆☆' }
.rating--Four::before { content: '★★★★☆' } .rating--Five::before { content: '★★★★★' }
.pager { margin: 2rem 0 0; justify-content: space-between } table { width: 100%; border-collapse: collapse }
td, th { padding: .5rem .75rem; border-bottom: 1px solid var(--line); text-align: left } .num { text-align: right; font-variant-numeric: tabular-nums }
.teaser { padding: 1rem 0; border-bottom: 1px solid var(--line) } .teaser h2 { margin: 0; font-size: 1.1rem }
footer { color: var(--quiet); font-size: .85rem }
`;

import type { Catalogue } from './catalogue.ts';

const REVIEWS_PER_PAGE = 20;

/** `/api/reviews.json?page=2`: reviews as an API gives them, nested and in pages. */
export function reviewsJson({ reviews, products }: Catalogue, page: number, shopUrl: string) {
  const pageCount = Math.max(1, Math.ceil(reviews.length / REVIEWS_PER_PAGE));
  if (page < 1 || page > pageCount) return undefined;
  const shown = reviews.slice((page - 1) * REVIEWS_PER_PAGE, page * REVIEWS_PER_PAGE);
  return {
    meta: { total: reviews.length, generator: 'Lantern & Vale' },
    reviews: shown.map(({ number, sku, author, city, rating, text, writtenAt }) => ({
      id: `R${number}`,
      product: {
        sku,
        title: products.find((product) => product.sku === sku)?.title ?? null,
        links: [{ rel: 'self', href: `${shopUrl}/catalogue/${sku.toLowerCase()}.html` }],
      },
      author: { name: author, address: { city } },
      rating: { value: rating, outOf: 5 },
      text,
      writtenAt,
      // Left out, not null, where it does not hold: as APIs do.
      ...(rating >= 4 ? { recommended: true } : {}),
    })),
    paging: {
      page,
      next: page < pageCount ? `${shopUrl}/api/reviews.json?page=${page + 1}` : null,
    },
  };
}

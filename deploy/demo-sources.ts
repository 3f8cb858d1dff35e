import type { AddSourceInput } from '../subgraphs/configuration/generated.ts';

/**
 * Sources on the sample shop, one for each way of reading: pages in a row, a second seller of the same products, a
 * JSON API, a page in an old encoding. The first two feed one collection, whose `price` is the lowest of both.
 */
export function demoSources(shopUrl: string): AddSourceInput[] {
  return [
    {
      name: 'Lantern & Vale',
      collection: 'products',
      url: `${shopUrl}/`,
      every: 'PT3S',
      records: 'article.product',
      fields: [
        { name: 'sku', select: '@data-sku', required: true },
        { name: 'title', select: 'h3 a@title' },
        { name: 'price', select: '.price__now', type: 'DECIMAL', merge: 'MIN' },
        { name: 'prices', select: '.price__now', type: 'DECIMAL', merge: 'SET' },
        // Nothing where it is sold out.
        { name: 'stock', select: '.availability--in', type: 'INT' },
        { name: 'rating', select: '.rating@aria-label', type: 'INT' },
        { name: 'maker', select: '[itemprop=brand]' },
        { name: 'picture', select: 'img@src', type: 'URL' },
        { name: 'url', select: 'h3 a@href', type: 'URL' },
      ],
      key: ['sku'],
      pagination: { next: 'a[rel=next]@href', limit: 10 },
    },
    {
      name: 'Harbour Outlet',
      collection: 'products',
      url: `${shopUrl}/outlet.html`,
      every: 'PT4S',
      records: 'table.offers tr.offer',
      fields: [
        { name: 'sku', select: '@data-article', required: true },
        { name: 'title', select: 'a' },
        { name: 'price', select: '.amount', type: 'DECIMAL', merge: 'MIN' },
        { name: 'prices', select: '.amount', type: 'DECIMAL', merge: 'SET' },
        { name: 'url', select: 'a@href', type: 'URL' },
      ],
      key: ['sku'],
    },
    {
      name: 'Reviews',
      collection: 'reviews',
      url: `${shopUrl}/api/reviews.json`,
      format: 'JSON',
      every: 'PT5S',
      records: '$.reviews[*]',
      fields: [
        { name: 'number', select: '$.id', required: true },
        { name: 'sku', select: '$.product.sku' },
        { name: 'author', select: '$.author.name' },
        { name: 'city', select: '$.author.address.city' },
        { name: 'rating', select: '$.rating.value', type: 'INT' },
        { name: 'text', select: '$.text' },
        { name: 'writtenAt', select: '$.writtenAt', type: 'DATETIME' },
        { name: 'recommended', select: '$.recommended', type: 'BOOLEAN' },
      ],
      key: ['number'],
      pagination: { next: '$.paging.next', limit: 5 },
      // Old ones leave the API's pages, and stay said.
      retain: 'FOREVER',
    },
    {
      name: 'Nouveautés',
      collection: 'arrivals',
      url: `${shopUrl}/nouveautes.html`,
      every: 'PT5S',
      records: '.teaser',
      fields: [
        { name: 'url', select: 'a@href', type: 'URL', required: true },
        { name: 'title', select: 'h2' },
        { name: 'teaser', select: 'p' },
        { name: 'price', select: '.prix', type: 'DECIMAL' },
      ],
    },
  ];
}

/** One of the tabs that GraphiQL opens on a first visit. */
export interface ExampleTab {
  readonly query: string;
}

// Comments keep to 48 columns: what an editor in half a small window shows.
const WORKED_EXAMPLES = `# Welcome to Tributary, where web pages, feeds
# and APIs become live, typed parts of one graph.
#
# Run these four in turn: the ▶ button offers them
# by name, Ctrl-Enter runs the one at the cursor.
# Only that one is sent: while "books" is unknown,
# the red lines below do no harm.

# 1. Add a source: "records" finds the records on
# the page, "select" a field within its record, by
# CSS or "css@attribute". Its collection gets a
# type of its own (Book) within a second.
#
# For another page change URL, selectors and
# collection. A JSON API wants format: JSON, and
# JSONPath: records: "$.items[*]", select: "$.name".
mutation AddBooks {
  addSource(input: {
    collection: "books"
    url: "https://books.toscrape.com/"
    every: "PT10M"
    records: "article.product_pod"
    fields: [
      { name: "title", select: "h3 a@title" }
      { name: "price", select: ".price_color", type: DECIMAL }
      { name: "inStock", select: ".availability" }
      { name: "url", select: "h3 a@href", type: URL }
    ]
    pagination: { next: ".next a@href", limit: 3 }
  }) {
    source { id state collection { name typeName } }
    userErrors { field message code }
  }
}

# 2. Query the collection by its type: filter, sort,
# turn pages (after: "…the endCursor before…").
# Other values of $below go under "Variables".
query Books($below: Decimal = "30") {
  books(
    first: 5
    filter: { price: { lt: $below } }
    orderBy: [{ price: ASC }]
  ) {
    totalCount
    nodes {
      title
      price
      inStock
      url
      meta { updatedAt freshness { isStale } }
    }
    pageInfo { hasNextPage endCursor }
  }
}

# 3. Watch it: first what there is, then each change
# in place of the one before. ■ ends it.
subscription WatchBooks {
  booksChanged(snapshot: true) {
    __typename
    ... on BookSnapshot {
      entries { title price }
      complete
    }
    ... on BookDelta {
      upserted { title price }
      removed
      cursor
    }
  }
}

# 4. See all sources, their last runs, and all
# collections.
query Overview {
  sources {
    nodes {
      id
      name
      state
      collection { name }
      lastRun {
        status
        records
        finishedAt
        error { code message }
      }
    }
  }
  collections {
    nodes { name typeName entryCount updatedAt }
  }
}
`;

const SAMPLE_SHOP = `# The sample shop of "npm run demo": a local site
# whose prices and stock change while you look.

# The cheapest in stock, and who sells them:
# two sites feed this collection, price is the lower
# of theirs (merge: MIN), prices has both (SET).
query Products($below: Decimal = "50") {
  products(
    first: 5
    filter: { price: { lt: $below }, stock: { gt: 0 } }
    orderBy: [{ price: ASC }]
  ) {
    totalCount
    nodes {
      title
      maker
      price
      prices
      rating
      stock
      meta { sources { name } }
    }
    pageInfo { hasNextPage endCursor }
  }
}

# Every change, as the shop makes it.
subscription WatchProducts {
  productsChanged(snapshot: true) {
    __typename
    ... on ProductSnapshot {
      entries { title price stock }
      complete
    }
    ... on ProductDelta {
      upserted { title price stock }
      removed
      cursor
    }
  }
}

# What its customers write: from a JSON API.
query Reviews {
  reviews(first: 3, orderBy: [{ writtenAt: DESC }]) {
    nodes { author city rating text writtenAt }
  }
}
`;

/**
 * The tabs of a first visit: the worked examples, and behind them the sample shop's where its collection exists.
 *
 * @param rootFields Names of the fields of Query.
 */
export function exampleTabs(rootFields: ReadonlySet<string>): ExampleTab[] {
  const tabs = [{ query: WORKED_EXAMPLES }];
  if (rootFields.has('products')) tabs.push({ query: SAMPLE_SHOP });
  return tabs;
}

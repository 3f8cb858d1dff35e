/** One of the tabs that GraphiQL opens on a first visit. */
export interface ExampleTab {
  readonly query: string;
  readonly variables: string;
}

/** A page made for practising scrapers: books in pages of twenty, with prices and stock. */
const PRACTICE_URL = 'https://books.toscrape.com/';

const WORKED_EXAMPLES = `# Welcome to Tributary, where web pages, feeds and APIs become live,
# typed parts of one graph. These four operations show the way.
#
# Run one: the button at the right offers all of them, and
# Ctrl-Enter runs the one with the cursor in it. Only that one is
# sent, so it does no harm that types which do not exist yet are
# underlined in the others.

# 1. Add a source. "records" finds the records on the page, and each
# field is selected within its record: by CSS, or "css@attribute".
# The collection "books" gets its own type, Book, within a second;
# the docs and the completion know it at once.
# For a page of your own, change the URL in the variables below, the
# selectors and the collection's name. A JSON API wants
# format: JSON and JSONPath: records: "$.items[*]", select: "$.name".
mutation AddBooks($url: String!) {
  addSource(
    input: {
      collection: "books"
      url: $url
      every: "PT5M"
      records: ".product_pod"
      fields: [
        { name: "title", select: "h3 a@title", required: true }
        { name: "price", select: ".price_color", type: DECIMAL }
        { name: "stock", select: ".availability" }
        { name: "url", select: "h3 a@href", type: URL }
      ]
      key: ["url"]
      pagination: { next: ".next a@href", limit: 3 }
    }
  ) {
    source {
      id
      state
      collection {
        typeName
      }
    }
    # What you can mend: which input field, what is wrong with it.
    userErrors {
      field
      message
      code
    }
  }
}

# 2. Query the collection by its type: filter, sort, turn pages
# (after: "…" with the endCursor of the page before).
query Books($below: Decimal) {
  books(
    first: 5
    filter: { price: { lt: $below } }
    orderBy: [{ price: ASC }]
  ) {
    totalCount
    nodes {
      title
      price
      stock
      url
      meta {
        updatedAt
        freshness {
          isStale
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}

# 3. Watch it change. First comes what there is, then every change,
# the newest in place of the one before. The button ends it.
subscription WatchBooks {
  booksChanged(snapshot: true) {
    __typename
    ... on BookSnapshot {
      entries {
        title
        price
      }
      complete
    }
    ... on BookDelta {
      upserted {
        title
        price
      }
      removed
      cursor
    }
  }
}

# 4. See everything: sources, how their last runs went, collections.
query Overview {
  sources {
    nodes {
      id
      name
      url
      state
      nextRunAt
      collection {
        name
      }
      lastRun {
        status
        records
        finishedAt
        error {
          code
          message
        }
      }
    }
  }
  collections {
    nodes {
      name
      typeName
      entryCount
      updatedAt
    }
  }
}
`;

const SAMPLE_SHOP = `# The sample shop of "npm run demo": a local site whose prices and
# stock change while you look.

# The cheapest products that are in stock.
query Products($below: Decimal) {
  products(
    first: 5
    filter: { price: { lt: $below } }
    orderBy: [{ price: ASC }]
  ) {
    totalCount
    nodes {
      name
      price
      stock
    }
  }
}

# Every change, as the shop makes it.
subscription WatchProducts {
  productsChanged(snapshot: true) {
    __typename
    ... on ProductSnapshot {
      entries {
        name
        price
        stock
      }
      complete
    }
    ... on ProductDelta {
      upserted {
        name
        price
        stock
      }
      removed
      cursor
    }
  }
}
`;

/**
 * The tabs of a first visit: the worked examples, and behind them the sample shop's where its collection exists.
 *
 * @param rootFields Names of the fields of Query.
 */
export function exampleTabs(rootFields: ReadonlySet<string>): ExampleTab[] {
  const tabs = [{ query: WORKED_EXAMPLES, variables: json({ url: PRACTICE_URL, below: '30' }) }];
  if (rootFields.has('products')) tabs.push({ query: SAMPLE_SHOP, variables: json({ below: '50' }) });
  return tabs;
}

function json(value: Record<string, string>): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

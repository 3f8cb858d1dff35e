import { createRandom, type Random } from './random.ts';
import { CATEGORIES, CITIES, MAKERS, OPINIONS, QUALITIES, READERS } from './words.ts';

export interface Product {
  /** `LV-1001` */
  readonly sku: string;
  readonly title: string;
  readonly category: string;
  readonly maker: string;
  readonly pence: number;
  /** What it cost before it went down; undefined where it did not. */
  readonly pencePreviously?: number | undefined;
  readonly stock: number;
  /** 1 to 5. */
  readonly rating: number;
  /** What the second seller asks for the same thing; undefined where it does not have it. */
  readonly outletPence?: number | undefined;
}

export interface Review {
  readonly number: number;
  readonly sku: string;
  readonly author: string;
  readonly city: string;
  readonly rating: number;
  readonly text: string;
  /** ISO 8601, UTC. */
  readonly writtenAt: string;
}

/** What the shop sells at a moment: the same for the same seed and number of steps. */
export interface Catalogue {
  readonly stepCount: number;
  /** By SKU. */
  readonly products: readonly Product[];
  /** Newest first. */
  readonly reviews: readonly Review[];
}

/** Enough for three pages of 20, and never more than four. */
const PRODUCTS_AT_FIRST = 52;
const PRODUCTS_MIN = 42;
const PRODUCTS_MAX = 78;
const REVIEWS_MAX = 45;
const FIRST_REVIEW_MS = Date.UTC(2026, 0, 5, 9, 30);
const HOUR_MS = 3_600_000;

/** Makes the catalogue as it is at first, and changes it step by step. */
export function createCatalogue(seed: number): { current(): Catalogue; step(): void } {
  const random = createRandom(seed);
  const products = new Map<string, Product>();
  let reviews: readonly Review[] = [];
  let stepCount = 0;
  let nextSku = 1001;
  let nextReview = 1;

  function addProduct(): void {
    const titles = new Set([...products.values()].map((product) => product.title));
    let product: Product;
    do product = newProduct(`LV-${nextSku}`, random);
    while (titles.has(product.title));
    nextSku++;
    products.set(product.sku, product);
  }

  function addReview(): void {
    const { sku } = random.pick([...products.values()]);
    reviews = [newReview(nextReview++, sku, random), ...reviews].slice(0, REVIEWS_MAX);
  }

  for (let count = 0; count < PRODUCTS_AT_FIRST; count++) addProduct();
  for (let count = 0; count < REVIEWS_MAX - 5; count++) addReview();

  return {
    current: () => ({ stepCount, products: [...products.values()], reviews }),
    step() {
      stepCount++;
      // One goes and one comes at each step; a second one keeps the number wandering between its bounds.
      const isGrowing =
        products.size <= PRODUCTS_MIN || (products.size < PRODUCTS_MAX && random.next() < 0.5);
      for (let count = isGrowing ? 1 : 2; count > 0; count--) {
        products.delete(random.pick([...products.keys()]));
      }
      for (let count = 0; count < 4; count++) reprice(products, random);
      for (let count = 0; count < 4; count++) restock(products, random);
      for (let count = isGrowing ? 2 : 1; count > 0; count--) addProduct();
      addReview();
    },
  };
}

function newProduct(sku: string, random: Random): Product {
  const category = random.pick(CATEGORIES);
  const thing = random.pick(category.things);
  const pence =
    random.between(category.poundsMin, category.poundsMax) * 100 + random.pick([0, 49, 77, 95, 99]);
  const isAtOutlet = random.next() < 0.6;
  return {
    sku,
    title: `${random.pick(QUALITIES)} ${thing}`,
    category: category.name,
    maker: random.pick(MAKERS),
    pence,
    stock: random.next() < 0.1 ? 0 : random.between(1, 40),
    rating: random.between(1, 5),
    outletPence: isAtOutlet ? Math.round((pence * random.between(82, 115)) / 100) : undefined,
  };
}

function newReview(number: number, sku: string, random: Random): Review {
  const rating = random.between(1, 5);
  return {
    number,
    sku,
    author: random.pick(READERS),
    city: random.pick(CITIES),
    rating,
    text: random.pick(OPINIONS[rating - 1] ?? []),
    writtenAt: new Date(FIRST_REVIEW_MS + number * 7 * HOUR_MS).toISOString(),
  };
}

function reprice(products: Map<string, Product>, random: Random): void {
  const product = random.pick([...products.values()]);
  // Never by nothing, so that each step is seen.
  const percent = random.pick([-15, -10, -5, -3, 3, 5, 10]);
  const pence = Math.max(100, Math.round((product.pence * (100 + percent)) / 100));
  const isCheaper = pence < product.pence;
  products.set(product.sku, { ...product, pence, pencePreviously: isCheaper ? product.pence : undefined });
}

function restock(products: Map<string, Product>, random: Random): void {
  const product = random.pick([...products.values()]);
  const sold = random.between(1, 6);
  const stock = product.stock === 0 ? random.between(10, 40) : Math.max(0, product.stock - sold);
  products.set(product.sku, { ...product, stock });
}

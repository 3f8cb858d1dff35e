import type { Page } from 'puppeteer';

export interface Legibility {
  /** Relative luminance of what is behind the text: 0 is black, 1 is white. */
  readonly background: number;
  /** The least contrast of any of the text, from 1 (none) to 21. */
  readonly contrast: number;
}

/** What is used of a browser's window; its own types stay out of a program that is all Node.js. */
interface StyledElement {
  readonly parentElement: StyledElement | null;
}
interface StyledWindow {
  getComputedStyle(element: StyledElement): { readonly color: string; readonly backgroundColor: string };
}

type Rgba = readonly [red: number, green: number, blue: number, alpha: number];

/** Measures text as WCAG does. @see https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
export async function legibilityOf(page: Page, selector: string): Promise<Legibility> {
  await page.waitForSelector(selector);
  const { inks, layers } = await page.$$eval(selector, (elements) => {
    const { getComputedStyle } = globalThis as unknown as StyledWindow;
    const texts: StyledElement[] = elements.filter((element) => element.textContent?.trim());
    const behind: string[] = [];
    for (let element = texts[0] ?? null; element; element = element.parentElement) {
      behind.push(getComputedStyle(element).backgroundColor);
    }
    return { inks: texts.map((element) => getComputedStyle(element).color), layers: behind };
  });

  const white: Rgba = [255, 255, 255, 1];
  const paper = layers.map(parseColor).reduceRight(over, white);
  const contrasts = inks.map((ink) =>
    contrastOf(luminanceOf(over(paper, parseColor(ink))), luminanceOf(paper)),
  );
  return { background: luminanceOf(paper), contrast: Math.min(...contrasts) };
}

/** @param color As computed styles have it: `rgb(1, 2, 3)`, `rgba(1, 2, 3, 0.5)`. */
function parseColor(color: string): Rgba {
  const [red = 0, green = 0, blue = 0, alpha = 1] = (color.match(/[\d.]+/g) ?? []).map(Number);
  return [red, green, blue, alpha];
}

function over(below: Rgba, above: Rgba): Rgba {
  const alpha = above[3];
  const mix = (index: 0 | 1 | 2) => above[index] * alpha + below[index] * (1 - alpha);
  return [mix(0), mix(1), mix(2), 1];
}

function luminanceOf([red, green, blue]: Rgba): number {
  const [r, g, b] = [red, green, blue].map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrastOf(one: number, other: number): number {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

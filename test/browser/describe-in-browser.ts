import { describe } from 'vitest';
import { BROWSER_MISSING, findBrowser } from './browser.ts';

/**
 * A suite that wants a browser. Without one it is skipped, and says how to get one; but where CI is set it fails in
 * `openBrowser`: a machine that decides whether a change is good must see the pages.
 */
export function describeInBrowser(title: string, suite: () => void): void {
  if (findBrowser() || process.env.CI) {
    describe(title, suite);
    return;
  }
  console.warn(`Skipped: ${title}: ${BROWSER_MISSING}.`);
  describe.skip(`${title} (${BROWSER_MISSING})`, suite);
}

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser } from 'puppeteer';

/** Where the browsers' packages put them; `CHROME_PATH` comes before. */
const USUAL_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/microsoft-edge',
  '/opt/google/chrome/chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** What to do where `findBrowser` finds none. */
export const BROWSER_MISSING =
  'no browser found: "apt-get install chromium" on Debian, or set CHROME_PATH to a Chrome or Chromium';

/** @returns Path of an installed Chrome or Chromium. */
export function findBrowser(): string | undefined {
  const { CHROME_PATH } = process.env;
  return CHROME_PATH || USUAL_PATHS.find((path) => existsSync(path));
}

/** A browser with a profile of its own that asks nothing of the network but what its pages do. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (!executablePath) throw new Error(BROWSER_MISSING);
  const profile = await mkdtemp(join(tmpdir(), 'tributary-browser-'));
  const browser = await puppeteer.launch({
    executablePath,
    userDataDir: profile,
    args: [
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      // Chromium refuses to run its sandbox as root, which is what containers are.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
  browser.once('disconnected', () => void rm(profile, { recursive: true, force: true, maxRetries: 5 }));
  return browser;
}

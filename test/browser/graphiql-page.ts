import type { Browser, Page } from 'puppeteer';
import { until } from '../e2e/harness.ts';
import { type Legibility, legibilityOf } from './legibility.ts';

type Pane = 'operation.graphql' | 'variables.json' | 'request-headers.json' | 'response.json';

interface Model {
  readonly uri: { readonly path: string };
  getValue(): string;
  setValue(text: string): void;
}

/** Monaco, which GraphiQL leaves in the page's global scope: its models hold what the panes show, all of it. */
interface PageWithMonaco {
  readonly __MONACO: {
    readonly editor: {
      getModels(): readonly Model[];
      getModelMarkers(filter: object): readonly { resource: { path: string }; message: string }[];
      getEditors(): readonly {
        getModel(): Model | null;
        focus(): void;
        setPosition(position: { lineNumber: number; column: number }): void;
      }[];
    };
  };
}

/** GraphiQL in a browser, used as a person uses it; and what went wrong in it meanwhile. */
export class GraphiqlPage {
  /** Errors of the console, of scripts and of loading. */
  readonly faults: string[] = [];
  /** Everything the page asked for, sockets and workers too. */
  readonly requestedUrls: string[] = [];
  readonly page: Page;
  #policy: string | undefined;

  private constructor(page: Page) {
    this.page = page;
  }

  /** @param url The gateway's, without a path. */
  static async open(browser: Browser, url: string): Promise<GraphiqlPage> {
    const page = await browser.newPage();
    const graphiql = new GraphiqlPage(page);
    await graphiql.#listen();
    await page.setViewport({ width: 1280, height: 800 });
    const response = await page.goto(`${url}/graphiql`);
    graphiql.#policy = response?.headers()['content-security-policy'];
    await page.waitForSelector('.graphiql-query-editor .view-line');
    return graphiql;
  }

  /** The Content-Security-Policy that the page came with. */
  get policy(): string | undefined {
    return this.#policy;
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.page.waitForSelector('.graphiql-query-editor .view-line');
  }

  /** The operations that the run button offers. */
  async operations(): Promise<string[]> {
    await this.page.click('.graphiql-execute-button');
    await this.page.waitForSelector('[role=menuitem]');
    const names = await this.page.$$eval('[role=menuitem]', (items) =>
      items.map((item) => item.textContent ?? ''),
    );
    await this.page.keyboard.press('Escape');
    await this.page.waitForSelector('[role=menuitem]', { hidden: true });
    return names;
  }

  /** Runs one of the operations that the run button offers; without a name the only one there is. */
  async run(operationName?: string): Promise<void> {
    await this.page.click('.graphiql-execute-button');
    if (operationName === undefined) return;
    await this.page.locator(`::-p-aria([name="${operationName}"][role="menuitem"])`).click();
  }

  /** Ends a subscription. */
  async stop(): Promise<void> {
    await this.page.locator('.graphiql-execute-button[aria-label^="Stop"]').click();
    await this.page.waitForSelector('.graphiql-execute-button[aria-label^="Execute"]');
  }

  /** Waits until the response pane shows a result that fits. @returns That result. */
  // biome-ignore lint/suspicious/noExplicitAny: a result has the shape its operation asks for.
  async result(fits: (result: any) => unknown): Promise<any> {
    let seen = '';
    return until(
      'a result that fits',
      async () => {
        seen = await this.text('response.json');
        const result = seen === '' ? undefined : JSON.parse(seen);
        return result && fits(result) ? result : undefined;
      },
      () => seen,
    );
  }

  /** As `result`, for data without errors. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  async data(fits: (data: any) => unknown): Promise<any> {
    const { data } = await this.result((result) => result.data && !result.errors && fits(result.data));
    return data;
  }

  /** Runs one of the offered operations, again and again until its data fit. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  async dataOf(operationName: string | undefined, fits: (data: any) => unknown): Promise<any> {
    let seen: unknown;
    return until(
      `data of ${operationName ?? 'the operation'} that fit`,
      async () => {
        await this.run(operationName);
        seen = await this.result((result) => result.data ?? result.errors);
        const { data } = seen as { data?: unknown };
        return data && fits(data) ? data : undefined;
      },
      () => seen,
    );
  }

  text(pane: Pane): Promise<string> {
    return this.page.evaluate(
      (name) =>
        (globalThis as unknown as PageWithMonaco).__MONACO.editor
          .getModels()
          .find(({ uri }) => uri.path.endsWith(name))
          ?.getValue() ?? '',
      pane,
    );
  }

  async write(pane: Pane, text: string): Promise<void> {
    await this.page.evaluate(
      (name, value) =>
        (globalThis as unknown as PageWithMonaco).__MONACO.editor
          .getModels()
          .find(({ uri }) => uri.path.endsWith(name))
          ?.setValue(value),
      pane,
      text,
    );
  }

  /** Puts the cursor into the line of the operations that holds the text. */
  async placeCursor(text: string): Promise<void> {
    const lines = (await this.text('operation.graphql')).split('\n');
    const lineNumber = lines.findIndex((line) => line.includes(text)) + 1;
    await this.page.evaluate((line) => {
      const editor = (globalThis as unknown as PageWithMonaco).__MONACO.editor
        .getEditors()
        .find((candidate) => candidate.getModel()?.uri.path.endsWith('operation.graphql'));
      editor?.setPosition({ lineNumber: line, column: 3 });
      editor?.focus();
    }, lineNumber);
  }

  async openTab(title: string): Promise<void> {
    await this.page.click(`.graphiql-tab button[title="${title}"]`);
    await this.page.waitForSelector(`.graphiql-tab-active button[title="${title}"]`);
  }

  /** What the operations' editor underlines in red. */
  complaints(): Promise<string[]> {
    return this.page.evaluate(() =>
      (globalThis as unknown as PageWithMonaco).__MONACO.editor
        .getModelMarkers({})
        .filter(({ resource }) => resource.path.endsWith('operation.graphql'))
        .map(({ message }) => message),
    );
  }

  /** Opens the documentation of a root type. @returns The names of its fields. */
  async documentedFields(rootType: 'Query' | 'Mutation' | 'Subscription'): Promise<string[]> {
    const show = await this.page.$('button[aria-label="Show Documentation Explorer"]');
    await show?.click();
    const back = await this.page.$('.graphiql-doc-explorer-back');
    await back?.click();
    await this.page.locator(`.graphiql-doc-explorer-type-name ::-p-text(${rootType})`).click();
    await this.page.waitForSelector('.graphiql-doc-explorer-field-name');
    return this.page.$$eval('.graphiql-doc-explorer-field-name', (links) =>
      links.map((link) => link.textContent ?? ''),
    );
  }

  async chooseTheme(name: 'System' | 'Light' | 'Dark'): Promise<void> {
    await this.page.click('button[aria-label="Open settings dialog"]');
    await this.page.locator(`::-p-aria([name="${name}"][role="button"])`).click();
    await this.page.keyboard.press('Escape');
    await this.page.waitForSelector('.graphiql-dialog', { hidden: true });
  }

  /** How well the operations can be read. */
  legibility(): Promise<Legibility> {
    return legibilityOf(this.page, '.graphiql-query-editor .view-line span > span');
  }

  async #listen(): Promise<void> {
    this.page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warn') this.faults.push(message.text());
    });
    this.page.on('pageerror', (error) => this.faults.push(String(error)));
    this.page.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText;
      // What a reload cuts off has not failed.
      if (reason !== 'net::ERR_ABORTED') this.faults.push(`${request.url()}: ${reason}`);
    });
    this.page.on('request', (request) => this.requestedUrls.push(request.url()));
    const devtools = await this.page.createCDPSession();
    await devtools.send('Network.enable');
    devtools.on('Network.webSocketCreated', ({ url }) => this.requestedUrls.push(url));
  }
}

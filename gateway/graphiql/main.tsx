import './monaco-workers.ts';
import '@graphiql/react/font/fira-code.css';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './page.css';
import { createRoot } from 'react-dom/client';
import { exampleTabs } from './examples.ts';
import { createPageFetcher } from './fetcher.ts';
import { Page } from './page.tsx';
import { OUTLINE_QUERY, outlineOf, type SchemaWatch } from './schema-watch.ts';

/** How long the page waits for the gateway before it shows itself without knowing what there is, in milliseconds. */
const OUTLINE_TIMEOUT_MS = 2_000;

let watch: SchemaWatch | undefined;
const fetcher = createPageFetcher(window.location.origin, { onMutated: () => watch?.hasten() });

const rootFields = await Promise.race([
  fetcher.ask(OUTLINE_QUERY).then(outlineOf),
  new Promise<never>((_, reject) => setTimeout(reject, OUTLINE_TIMEOUT_MS)),
]).catch(() => new Set<string>());

createRoot(document.getElementById('graphiql') as HTMLElement).render(
  <Page
    fetcher={fetcher}
    tabs={exampleTabs(rootFields)}
    onWatch={(started) => {
      watch = started;
    }}
  />,
);

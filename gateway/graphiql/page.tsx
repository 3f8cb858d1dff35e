import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { GraphiQL } from 'graphiql';
import { useEffect, useRef } from 'react';
import type { ExampleTab } from './examples.ts';
import type { PageFetcher } from './fetcher.ts';
import { KeyNotice } from './key-notice.tsx';
import markUrl from './mark.svg';
import { OUTLINE_QUERY, outlineOf, type SchemaWatch, watchSchema } from './schema-watch.ts';
import { EDITOR_THEMES, Themes } from './themes.tsx';

export interface PageProps {
  readonly fetcher: PageFetcher;
  readonly tabs: readonly ExampleTab[];
  /** Takes what is to be called when a mutation has been answered. */
  readonly onWatch: (watch: SchemaWatch) => void;
}

export function Page({ fetcher, tabs, onWatch }: PageProps) {
  return (
    <GraphiQL
      fetcher={fetcher.fetch}
      defaultTabs={[...tabs]}
      editorTheme={EDITOR_THEMES}
      schemaDescription
      inputValueDeprecation
    >
      <GraphiQL.Logo>
        <a className="tributary-logo" href="/graphiql/" aria-label="Tributary">
          <img src={markUrl} alt="" width="22" height="22" />
          Tributary
        </a>
      </GraphiQL.Logo>
      <FreshSchema fetcher={fetcher} onWatch={onWatch} />
      <KeyNotice wanted={fetcher.keyWanted} />
      <Themes />
    </GraphiQL>
  );
}

/** Keeps GraphiQL's schema the gateway's; shows nothing. */
function FreshSchema({ fetcher, onWatch }: Pick<PageProps, 'fetcher' | 'onWatch'>) {
  const schema = useGraphiQL((state) => state.schema);
  const { introspect } = useGraphiQLActions();
  const shown = useRef(schema);
  shown.current = schema;
  useEffect(() => {
    const watch = watchSchema({
      readOutline: async () => outlineOf(await fetcher.ask(OUTLINE_QUERY)),
      shown: () => shown.current ?? null,
      refresh: () => introspect(),
      // Without a key there is nothing to see, and each look would count as a try.
      isVisible: () => document.visibilityState === 'visible' && !fetcher.keyWanted.get(),
    });
    onWatch(watch);
    return watch.stop;
  }, [fetcher, introspect, onWatch]);
  return null;
}

import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useSyncExternalStore } from 'react';
import { holdsKey, type KeyWanted } from './key-wanted.ts';

/** From the last stroke in the Headers pane to trying what stands there, in milliseconds: a key is pasted, or typed. */
const SETTLE_MS = 400;

/** Says how to show a key where the graph wants one, and loads the schema once it is in the Headers pane. */
export function KeyNotice({ wanted }: { readonly wanted: KeyWanted }) {
  const isWanted = useSyncExternalStore(wanted.subscribe, wanted.get);
  const headerEditor = useGraphiQL((state) => state.headerEditor);
  const { introspect } = useGraphiQLActions();
  useEffect(() => {
    if (!isWanted || !headerEditor) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    // Its answer says whether the key is good, and takes the notice away.
    const edits = headerEditor.onDidChangeModelContent(() => {
      clearTimeout(timer);
      timer = setTimeout(() => holdsKey(headerEditor.getValue()) && void introspect(), SETTLE_MS);
    });
    return () => {
      clearTimeout(timer);
      edits.dispose();
    };
  }, [isWanted, headerEditor, introspect]);
  if (!isWanted) return null;
  return (
    <p className="tributary-key-notice" role="status">
      This graph wants a key. Put it into the <strong>Headers</strong> pane, below the operations:{' '}
      <code>{'{ "authorization": "Bearer <key>" }'}</code>
    </p>
  );
}

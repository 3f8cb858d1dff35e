/** Whether the graph wants a key that it has not been shown: by the last answer that said something of it. */
export interface KeyWanted {
  readonly get: () => boolean;
  /** Called at each change. @returns Ends that. */
  readonly subscribe: (listener: () => void) => () => void;
}

export interface KeyWatch extends KeyWanted {
  /** @param result What the gateway answered. */
  readonly note: (result: unknown) => void;
  /** The gateway has closed the socket for want of a good key. */
  readonly noteRefusal: () => void;
}

export function createKeyWatch(): KeyWatch {
  const listeners = new Set<() => void>();
  let isWanted = false;
  function set(next: boolean): void {
    if (next === isWanted) return;
    isWanted = next;
    for (const listener of listeners) listener();
  }
  return {
    get: () => isWanted,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    note(result) {
      const { data, errors } = (result ?? {}) as {
        data?: unknown;
        errors?: readonly { extensions?: { code?: string } }[];
      };
      if (errors?.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED')) set(true);
      else if (data) set(false);
    },
    noteRefusal: () => set(true),
  };
}

/** Whether the text of the Headers pane holds a key, right or wrong: a pane that is being written holds none yet. */
export function holdsKey(headers: string): boolean {
  return /"authorization"\s*:\s*"bearer\s+[^"\s<]+"/i.test(headers);
}

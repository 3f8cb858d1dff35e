import type { Closeable } from '../scope.ts';

/**
 * What services tell each other. Messages wake their readers and never carry a decision: a reader that missed
 * one learns the same at its next resync, so delivery is best effort, in order per publisher.
 */
export interface Topics {
  /** A source, its run queue or its lease changed (configuration). */
  'sources.changed': { readonly sourceId: string };
  /** A run was created or moved on (configuration). */
  'runs.changed': { readonly runId: string; readonly sourceId: string };
  /** Collection definitions changed, up to this revision (configuration). */
  'definitions.changed': { readonly revision: number };
  /** A collection's head moved (datasource). */
  'collection.changed': {
    readonly collection: string;
    readonly incarnation: string;
    readonly version: number;
  };
  /** Something was journaled for a collection, or its fold became free (datasource, among its replicas). */
  'journal.changed': { readonly incarnation: string };
  /** A subgraph's SDL changed (endpoint). */
  'schema.changed': { readonly subgraph: string };
  /** The cluster was observed to be otherwise, or workers came, went or took other sources (configuration). */
  'cluster.changed': Record<string, never>;
  /** A preview was asked for, waits for a worker again, or is over (configuration, among its replicas). */
  'previews.changed': { readonly previewId: string };
}

export type Topic = keyof Topics;

export interface Bus extends Closeable {
  /** Resolves when the message is handed on; never waits for its readers. */
  publish<T extends Topic>(topic: T, message: Topics[T]): Promise<void>;
  /** From the moment it resolves, no message of this process is missed. A listener that throws disturbs no other. */
  subscribe<T extends Topic>(topic: T, listener: (message: Topics[T]) => void): Promise<Closeable>;
  /**
   * Called when messages may have been lost, once it is sure that no further ones are: whoever relies on them reads
   * anew what they would have told of. A bus within one process loses none. A listener that throws disturbs no other.
   */
  onGap(listener: () => void): Closeable;
}

import type { CollectionDefinition } from '../model/collection-definition.ts';
import type { ChangePage } from '../model/record.ts';
import type { Closeable } from '../scope.ts';

/** A reader's place in a collection's changes. */
export interface ChangePosition {
  readonly incarnation: string;
  /** All changes up to it are known. */
  readonly version: number;
  /** While all entries are being read anew: the head when that began; else null. See `changesSince`. */
  readonly resetHead: number | null;
}

/** How far a collection is kept. */
export interface KeptPosition extends ChangePosition {
  /** When what is kept was known to be all there was, in milliseconds since 1970; null where it never was. */
  readonly asOfMs: number | null;
}

export interface KeptDefinitions {
  /** The definitions revision they are complete up to; 0 where nothing is kept. */
  readonly revision: number;
  readonly definitions: readonly CollectionDefinition[];
}

export interface KeepDefinitionsOptions {
  /**
   * A later revision that gives way all the same, if it still is the one that is kept: configuration was asked after it
   * was read here, and does not have it. So it counts from the beginning again.
   */
  readonly inPlaceOf?: number;
}

/**
 * Endpoint's last known good, kept beside its own view where other replicas find it: one that starts on an empty
 * disk while configuration and datasource are down reads from here what it would read from them. Replicas write
 * to it what they have, each from where it stands; writing the same twice changes nothing.
 *
 * On a single machine endpoint needs none: its own view file outlives restarts.
 */
export interface ViewCache extends Closeable {
  /** Of the definitions; 0 where nothing is kept. */
  revision(): Promise<number>;
  definitions(): Promise<KeptDefinitions>;
  /**
   * Keeps all definitions there are, in place of those before, unless those were of a later revision. Entries of
   * collections that are not among them, or have become another incarnation, are forgotten.
   */
  keepDefinitions(kept: KeptDefinitions, options?: KeepDefinitionsOptions): Promise<void>;
  /** @returns undefined for a collection that is not among the definitions. */
  position(collection: string): Promise<KeptPosition | undefined>;
  /**
   * Keeps what changed behind a position. Where replicas at different heads take turns at telling the pages, entries
   * that changed twice may be missing in between; so what is kept counts as whole, and as what there was at a time, and
   * replaces what was there before, only when it has come to the furthest of these heads.
   *
   * @param behind What `position` said: the page is left unused where another replica has moved it since.
   * @param asOfMs When the page came to the head, if it did. What is kept is never said to be of an earlier time.
   * @returns Where to go on from, as `position`.
   */
  keepChanges(
    collection: string,
    behind: ChangePosition,
    page: ChangePage,
    asOfMs: number | null,
  ): Promise<KeptPosition | undefined>;
  /**
   * Answers as datasource does.
   *
   * @param first Changes at the most.
   * @returns undefined for a collection that is not among the definitions.
   */
  changesSince(collection: string, behind: ChangePosition, first: number): Promise<ChangePage | undefined>;
}

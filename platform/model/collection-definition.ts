import type { FieldType, Merge, Retain } from './source-spec.ts';

/**
 * What a collection is: derived by configuration from the sources that feed it, and followed by
 * datasource (which folds by it) and endpoint (which types it). Followers keep the last they knew.
 */
export interface CollectionDefinition {
  readonly name: string;
  /** Tells a collection from an earlier one of the same name. */
  readonly incarnation: string;
  /** The definitions revision (one counter for all collections) at which this definition last changed. */
  readonly revision: number;
  /** True where the collection is gone with all its data; its name may come back as a new incarnation. */
  readonly deleted: boolean;
  /** Union of its sources' fields, in the order in which they were first declared. */
  readonly fields: readonly CollectionField[];
  /** Names of the fields that identify an entry; the same for all its sources. */
  readonly key: readonly string[];
  readonly sources: readonly CollectionSource[];
}

export interface CollectionField {
  readonly name: string;
  readonly type: FieldType;
  readonly list: boolean;
  readonly merge: Merge;
}

export interface CollectionSource {
  readonly id: string;
  readonly retain: Retain;
  /**
   * `KEEP`: runs no more, what it contributed stays. `DELETE`: what it contributed is to be taken out, and
   * nothing more is taken from it. A removed source stays listed, so that followers need no event to learn it.
   */
  readonly removed?: 'KEEP' | 'DELETE' | undefined;
}

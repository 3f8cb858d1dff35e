/**
 * A value of a field: what JSON can say. Instants are strings in their canonical form, decimals strings with the
 * digits that were written: "19.80" and "19.8" are equal.
 */
export type FieldValue =
  | string
  | number
  | boolean
  | null
  | readonly FieldValue[]
  | { readonly [name: string]: FieldValue };

export type FieldValues = { readonly [field: string]: FieldValue };

/** One datum that a run extracted, validated and of its fields' types. */
export interface DataRecord {
  /** The entry it belongs to: see `entryKey`. */
  readonly key: string;
  /** Values by field name; a field without a value is left out. */
  readonly fields: FieldValues;
}

/** The change of one entry, as datasource tells it and endpoint keeps it. */
export interface EntryChange {
  readonly id: string;
  readonly key: string;
  readonly version: number;
  readonly removed: boolean;
  /** Null where removed. */
  readonly fields: FieldValues | null;
  /** ISO 8601, UTC, milliseconds. */
  readonly firstSeenAt: string;
  readonly updatedAt: string;
  readonly sourceIds: readonly string[];
}

/** Changes of a collection after a version: see `changesSince` in schema/datasource.graphql. */
export interface ChangePage {
  readonly incarnation: string;
  readonly reset: boolean;
  readonly changes: readonly EntryChange[];
  readonly version: number;
  readonly head: number;
}

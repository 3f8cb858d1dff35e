import type { CollectionDefinition, CollectionField } from '../../../platform/model/collection-definition.ts';
import { entryId } from '../../../platform/model/entry.ts';
import type { ChangePage, EntryChange, FieldValues } from '../../../platform/model/record.ts';

export interface ChangesRequest {
  readonly incarnation: string | null;
  readonly version: number;
  readonly first: number;
  readonly resetHead: number | null | undefined;
}

interface CollectionModel {
  incarnation: string;
  head: number;
  /** Removals up to here are forgotten. */
  floor: number;
  readonly changes: Map<string, EntryChange>;
}

const STARTED_AT_MS = Date.UTC(2026, 0, 1);

/** What configuration and datasource hold, as far as endpoint sees it: small enough to be plainly right. */
export class UpstreamModel {
  revision = 0;
  readonly definitions = new Map<string, CollectionDefinition>();
  readonly #collections = new Map<string, CollectionModel>();
  #incarnations = 0;
  #nowMs = STARTED_AT_MS;

  /** Creates a collection, or gives it other fields. */
  define(name: string, fields: readonly CollectionField[]): CollectionDefinition {
    const known = this.definitions.get(name);
    const isNew = !known || known.deleted;
    const definition: CollectionDefinition = {
      name,
      incarnation: isNew ? `i${++this.#incarnations}` : known.incarnation,
      revision: ++this.revision,
      deleted: false,
      fields,
      key: ['title'],
      sources: [],
    };
    this.definitions.set(name, definition);
    if (isNew) {
      const { incarnation } = definition;
      this.#collections.set(name, { incarnation, head: 0, floor: 0, changes: new Map() });
    }
    return definition;
  }

  delete(name: string): void {
    const known = this.definitions.get(name);
    if (!known) return;
    this.definitions.set(name, { ...known, deleted: true, revision: ++this.revision });
    this.#collections.delete(name);
  }

  put(name: string, key: string, fields: FieldValues, sourceIds: readonly string[] = ['s1']): EntryChange {
    const collection = this.#collection(name);
    const id = entryId(name, key);
    const known = collection.changes.get(id);
    const at = new Date(++this.#nowMs).toISOString();
    const change: EntryChange = {
      id,
      key,
      version: ++collection.head,
      removed: false,
      fields,
      firstSeenAt: known && !known.removed ? known.firstSeenAt : at,
      updatedAt: at,
      sourceIds,
    };
    collection.changes.set(id, change);
    return change;
  }

  remove(name: string, key: string): void {
    const collection = this.#collection(name);
    const id = entryId(name, key);
    const known = collection.changes.get(id);
    if (!known || known.removed) return;
    const updatedAt = new Date(++this.#nowMs).toISOString();
    collection.changes.set(id, {
      ...known,
      version: ++collection.head,
      removed: true,
      fields: null,
      updatedAt,
      sourceIds: [],
    });
  }

  /** Forgets what was removed until now: readers from before start anew. */
  forgetRemoved(name: string): void {
    const collection = this.#collection(name);
    collection.floor = collection.head;
    for (const [id, change] of collection.changes) if (change.removed) collection.changes.delete(id);
  }

  head(name: string): number {
    return this.#collection(name).head;
  }

  entries(name: string): EntryChange[] {
    return [...this.#collection(name).changes.values()].filter((change) => !change.removed);
  }

  changesSince(name: string, request: ChangesRequest): ChangePage {
    const { incarnation, version, first, resetHead } = request;
    const collection = this.#collection(name);
    const { head, floor } = collection;
    const isUnknown = incarnation !== collection.incarnation || version > head;
    const isReset = isUnknown || (version < floor && (resetHead == null || resetHead < floor));
    const after = isReset ? 0 : version;
    const behind = [...collection.changes.values()]
      .filter((change) => change.version > after && !(isReset && change.removed))
      .sort((a, b) => a.version - b.version);
    const changes = behind.slice(0, first);
    return {
      incarnation: collection.incarnation,
      reset: isReset,
      changes,
      version: changes.length < behind.length ? (changes.at(-1)?.version ?? head) : head,
      head,
    };
  }

  definitionsAfter(after: number): CollectionDefinition[] {
    return [...this.definitions.values()]
      .filter((definition) => definition.revision > after)
      .sort((a, b) => a.revision - b.revision);
  }

  #collection(name: string): CollectionModel {
    const collection = this.#collections.get(name);
    if (!collection) throw new Error(`No collection ${name}`);
    return collection;
  }
}

/** A field with everything by default. */
export function field(
  name: string,
  type: CollectionField['type'] = 'STRING',
  more: Partial<CollectionField> = {},
): CollectionField {
  return { name, type, list: false, merge: 'LATEST', ...more };
}

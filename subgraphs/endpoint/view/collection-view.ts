import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import type { ChangePage, EntryChange } from '../../../platform/model/record.ts';
import type { ChangePosition } from '../../../platform/ports/view-cache.ts';
import type { SqliteFile } from '../../../platform/sqlite.ts';
import type { CollectionCatalog, CollectionRecord, ViewState } from './catalog.ts';
import { EntryTable, type VersionedEntry } from './entry-table.ts';
import { EMPTY_LAYOUT, type Layout, planLayout } from './layout.ts';
import type { ViewEntry } from './row-codec.ts';

/** What one page changed: `before` and `after` are null where the entry was not, or is no longer, there. */
export interface ChangeSet {
  readonly from: number;
  readonly to: number;
  readonly changes: readonly (VersionedEntry & { readonly before: ViewEntry | null })[];
}

export interface ApplyOptions {
  /**
   * When the page was asked for, in milliseconds since 1970: what it says was so then. Null where it does not come
   * from datasource itself and nobody knows.
   */
  readonly askedAtMs: number | null;
  /** Whether anyone wants to know what the entries were before. */
  readonly withBefore: boolean;
  /** Removals remembered at the most. */
  readonly removedMax: number;
}

/** Entries that datasource tells anew from nothing, gathered beside the ones that are served until they are whole. */
interface Replacement {
  readonly table: EntryTable;
  /** Datasource's head when it began. */
  readonly head: number;
  version: number;
}

/**
 * One collection in the view. It goes from one whole state to the next: a page of changes is applied in one
 * transaction, and what replaces all entries is swapped in when its last page has come.
 */
export class CollectionView {
  readonly name: string;
  readonly #file: SqliteFile;
  readonly #catalog: CollectionCatalog;
  #definition: CollectionDefinition;
  #table: EntryTable;
  #state: ViewState;
  #replacement: Replacement | undefined;
  #epoch = 0;
  #altering: Promise<void> = Promise.resolve();
  /** Changes of the definition that wait or are being worked in, one after the other. */
  #alterations = 0;
  #isDropped = false;

  constructor(file: SqliteFile, catalog: CollectionCatalog, record: CollectionRecord) {
    this.#file = file;
    this.#catalog = catalog;
    this.name = record.definition.name;
    this.#definition = record.definition;
    this.#state = record.state;
    this.#table = new EntryTable(file, record.tableNumber, record.layout);
  }

  static create(
    file: SqliteFile,
    catalog: CollectionCatalog,
    definition: CollectionDefinition,
  ): CollectionView {
    return file.transaction(() => {
      const { layout } = planLayout(EMPTY_LAYOUT, definition.fields);
      const tableNumber = catalog.nextTableNumber();
      EntryTable.create(file, tableNumber, layout);
      const record = { tableNumber, definition, layout, state: initialState(definition) };
      catalog.save(record);
      return new CollectionView(file, catalog, record);
    });
  }

  get definition(): CollectionDefinition {
    return this.#definition;
  }

  get state(): ViewState {
    return this.#state;
  }

  get table(): EntryTable {
    return this.#table;
  }

  get isDropped(): boolean {
    return this.#isDropped;
  }

  /** From where changes are to be read. */
  get position(): ChangePosition {
    const { version } = this.#replacement ?? this.#state;
    return { incarnation: this.#state.incarnation, version, resetHead: this.#replacement?.head ?? null };
  }

  /** Counts how often all entries have been replaced: what was read before does not go on afterwards. */
  get epoch(): number {
    return this.#epoch;
  }

  /**
   * Resolves when no change of the definition is being worked in: only then may `apply` be called, with no await
   * in between.
   */
  async settled(): Promise<void> {
    while (this.#alterations > 0) await this.#altering;
  }

  /**
   * Applies a page of changes of the definition's incarnation.
   *
   * @returns What changed, or undefined where it is not to be told change by change: all entries have been
   *   replaced, or are about to be.
   */
  apply(page: ChangePage, options: ApplyOptions): ChangeSet | undefined {
    if (this.#isDropped) return undefined;
    const isCurrent = page.version >= page.head;
    if (page.reset) this.#beginReplacement(page.head);
    const replacement = this.#replacement;
    if (!replacement) return this.#applyChanges(page, isCurrent, options);
    this.#file.transaction(() => {
      for (const change of page.changes) replacement.table.put(change);
    });
    replacement.version = page.version;
    if (isCurrent) this.#finishReplacement(replacement, options.askedAtMs);
    return undefined;
  }

  /** What a reader at the position does not know yet, as datasource tells it. */
  changesSince({ incarnation, version, resetHead }: ChangePosition, first: number): ChangePage {
    const { floor, version: head } = this.#state;
    // Also who has begun anew with a replica that was further on: what it told may have changed further on than we know.
    const isUnknown = incarnation !== this.#state.incarnation || Math.max(version, resetHead ?? 0) > head;
    const isReset = isUnknown || (version < floor && (resetHead === null || resetHead < floor));
    const found = this.#table.changedAfter(isReset ? 0 : version, first + 1);
    const changes = found.slice(0, first);
    return {
      incarnation: this.#state.incarnation,
      reset: isReset,
      changes: changes.map(changeOf),
      version: found.length > first ? (changes.at(-1)?.version ?? head) : head,
      head,
    };
  }

  /** Follows a change of the definition; entries keep being served meanwhile. */
  define(definition: CollectionDefinition): Promise<void> {
    this.#alterations++;
    const altering = this.#altering.then(() => this.#alter(definition));
    this.#altering = altering.catch(() => {}).finally(() => void this.#alterations--);
    return altering;
  }

  drop(): void {
    if (this.#isDropped) return;
    this.#file.transaction(() => {
      this.#replacement?.table.drop();
      this.#table.drop();
      this.#catalog.remove(this.name);
    });
    this.#isDropped = true;
  }

  #applyChanges(page: ChangePage, isCurrent: boolean, options: ApplyOptions): ChangeSet {
    const { version: from, incarnation } = this.#state;
    const to = Math.max(from, page.version);
    const news = page.changes.filter((change) => change.version > from);
    const asOfMs = (isCurrent ? options.askedAtMs : null) ?? this.#state.asOfMs;
    const { changes, state } = this.#file.transaction(() => {
      const changes = news.map((change) => this.#put(change, options.withBefore));
      const forgotten = this.#table.forgetRemoved(options.removedMax) ?? 0;
      const floor = Math.max(this.#state.floor, forgotten);
      const state = { incarnation, version: to, floor, asOfMs };
      this.#save({ state });
      return { changes, state };
    });
    this.#state = state;
    return { from, to, changes };
  }

  #put(change: EntryChange, withBefore: boolean): ChangeSet['changes'][number] {
    const before = withBefore ? (this.#table.byId(change.id) ?? null) : null;
    return { id: change.id, version: change.version, before, entry: this.#table.put(change) };
  }

  #beginReplacement(head: number): void {
    this.#discardReplacement();
    const { layout } = this.#table;
    const table = this.#file.transaction(() =>
      EntryTable.create(this.#file, this.#catalog.nextTableNumber(), layout),
    );
    this.#replacement = { table, head, version: 0 };
  }

  #finishReplacement({ table, version }: Replacement, asOfMs: number | null): void {
    // What was removed before is not known, so who comes with an older version starts anew.
    const state = { incarnation: this.#state.incarnation, version, floor: version, asOfMs };
    this.#file.transaction(() => {
      this.#table.drop();
      this.#save({ table, state });
    });
    this.#table = table;
    this.#state = state;
    this.#replacement = undefined;
    this.#epoch++;
  }

  #discardReplacement(): void {
    this.#replacement?.table.drop();
    this.#replacement = undefined;
  }

  async #alter(definition: CollectionDefinition): Promise<void> {
    if (this.#isDropped) return;
    const plan = planLayout(this.#table.layout, definition.fields);
    this.#discardReplacement();
    if (definition.incarnation !== this.#definition.incarnation) {
      this.#startAnew(definition, plan.layout);
      return;
    }
    const isDone = await this.#table.alter(plan, {
      isCancelled: () => this.#isDropped,
      record: (layout) => this.#save({ definition, layout }),
    });
    if (isDone) this.#definition = definition;
  }

  /** Another collection has taken the name: nothing of the old one is to be seen any more. */
  #startAnew(definition: CollectionDefinition, layout: Layout): void {
    const state = initialState(definition);
    const table = this.#file.transaction(() => {
      this.#table.drop();
      const empty = EntryTable.create(this.#file, this.#catalog.nextTableNumber(), layout);
      this.#save({ table: empty, definition, state });
      return empty;
    });
    this.#table = table;
    this.#definition = definition;
    this.#state = state;
    this.#epoch++;
  }

  /** Writes the catalog's row as it is to be. What is in memory follows once that is committed, never before. */
  #save(saving: Saving): void {
    const { table = this.#table, definition = this.#definition, state = this.#state } = saving;
    const { layout = table.layout } = saving;
    this.#catalog.save({ tableNumber: table.number, definition, layout, state });
  }
}

interface Saving {
  readonly table?: EntryTable;
  readonly layout?: Layout;
  readonly definition?: CollectionDefinition;
  readonly state?: ViewState;
}

/** Of a collection that datasource has told nothing of. */
function initialState({ incarnation }: CollectionDefinition): ViewState {
  return { incarnation, version: 0, floor: 0, asOfMs: null };
}

function changeOf({ id, version, entry }: VersionedEntry): EntryChange {
  if (entry) return { ...entry, removed: false };
  // Of what is gone the view remembers no more.
  return { id, version, removed: true, key: '', fields: null, firstSeenAt: '', updatedAt: '', sourceIds: [] };
}

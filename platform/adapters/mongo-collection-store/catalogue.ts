import type { Collection, Db } from 'mongodb';
import { UnavailableError } from '../../errors.ts';
import type { CollectionDefinition } from '../../model/collection-definition.ts';
import { isDuplicateKey } from '../../mongo.ts';
import { CollectionGoneError } from '../../ports/collection-store.ts';

/** A collection, by its incarnation. Its number is short: it is in every key and index. */
export interface CatalogueEntry {
  readonly number: number;
  readonly incarnation: string;
  readonly name: string;
  readonly definition: CollectionDefinition;
  /** Of the newest definition that is journaled; 0 where none is yet. */
  readonly revision: number;
  /** When it was last defined. */
  readonly definedAt: number;
  readonly isDeleted: boolean;
}

interface CollectionDocument extends Omit<CatalogueEntry, 'incarnation'> {
  readonly _id: string;
}

interface Counter {
  readonly _id: 'collections.number' | 'definitions.revision';
  readonly value: number;
}

/**
 * How long a collection is taken to be as it was last read: other replicas learn so late, at the most, that one is
 * gone. Whoever appends learns it at once, from the journal.
 */
const KNOWN_MS = 1_000;

/** The collections that there are, shared by all replicas. */
export class Catalogue {
  readonly #collections: Collection<CollectionDocument>;
  readonly #counters: Collection<Counter>;
  readonly #known = new Map<string, { readonly entry: CatalogueEntry; readonly readAtMs: number }>();

  constructor(db: Db) {
    this.#collections = db.collection('collections');
    this.#counters = db.collection('collection_counters');
  }

  /** As it is now. */
  async find(incarnation: string): Promise<CatalogueEntry | undefined> {
    const document = await this.#collections.findOne({ _id: incarnation });
    if (document) return this.#keep(entryOf(document));
    this.forget(incarnation);
    return undefined;
  }

  /** As it was less than KNOWN_MS ago. */
  async known(incarnation: string): Promise<CatalogueEntry | undefined> {
    const known = this.#known.get(incarnation);
    if (known && performance.now() - known.readAtMs < KNOWN_MS) return known.entry;
    return this.find(incarnation);
  }

  /** As `known`. @throws {CollectionGoneError} */
  async live(incarnation: string): Promise<CatalogueEntry> {
    const entry = await this.known(incarnation);
    if (!entry || entry.isDeleted) throw new CollectionGoneError(incarnation);
    return entry;
  }

  /** As they are now, in the order in which they were made. */
  async all(): Promise<readonly CatalogueEntry[]> {
    const documents = await this.#collections.find().toArray();
    const entries = documents.map((document) => this.#keep(entryOf(document)));
    return entries.sort((a, b) => a.number - b.number);
  }

  /** All that have or had the name, as they are now. */
  async named(name: string): Promise<readonly CatalogueEntry[]> {
    const documents = await this.#collections.find({ name }).toArray();
    return documents.map((document) => this.#keep(entryOf(document)));
  }

  /** Makes it, or takes the one that another replica has just made. */
  async create(definition: CollectionDefinition, nowMs: number): Promise<CatalogueEntry> {
    const { incarnation, name } = definition;
    const number = await this.#nextNumber();
    const made = { number, name, definition, revision: 0, definedAt: nowMs, isDeleted: false };
    try {
      await this.#collections.insertOne({ _id: incarnation, ...made });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
    const entry = await this.find(incarnation);
    if (!entry) throw new UnavailableError(`Collection ${name} could not be made: try again.`);
    return entry;
  }

  /** A definition is journaled. An older one changes nothing. */
  async define(definition: CollectionDefinition, nowMs: number): Promise<void> {
    const { incarnation, revision } = definition;
    this.forget(incarnation);
    await this.#collections.updateOne(
      { _id: incarnation, revision: { $lt: revision } },
      { $set: { definition, revision, definedAt: nowMs } },
    );
  }

  /** It is gone; what is left of it is to be dropped. */
  async retire(incarnation: string): Promise<void> {
    this.forget(incarnation);
    await this.#collections.updateOne({ _id: incarnation }, { $set: { isDeleted: true } });
  }

  /** Nothing of it is left. Its number is never given again. */
  async remove(incarnation: string): Promise<void> {
    this.forget(incarnation);
    await this.#collections.deleteOne({ _id: incarnation });
  }

  /** The next who asks is told how it is now. */
  forget(incarnation: string): void {
    this.#known.delete(incarnation);
  }

  /** Up to which definitions are complete. */
  async revision(): Promise<number> {
    return (await this.#counters.findOne({ _id: 'definitions.revision' }))?.value ?? 0;
  }

  /**
   * A lower one may follow a higher: of a replica that was slower, or of a configuration that counts from the
   * beginning again. It only has some definitions read twice.
   */
  async setRevision(value: number): Promise<void> {
    await this.#counters.updateOne({ _id: 'definitions.revision' }, { $set: { value } }, { upsert: true });
  }

  async #nextNumber(): Promise<number> {
    const next = () =>
      this.#counters.findOneAndUpdate(
        { _id: 'collections.number' },
        { $inc: { value: 1 } },
        { upsert: true, returnDocument: 'after' },
      );
    // Of two that make the counter at once, one may be told that it is there.
    const counter = await next().catch((error) => {
      if (!isDuplicateKey(error)) throw error;
      return next();
    });
    if (!counter) throw new UnavailableError('MongoDB gave no number for a collection.');
    return counter.value;
  }

  #keep(entry: CatalogueEntry): CatalogueEntry {
    this.#known.set(entry.incarnation, { entry, readAtMs: performance.now() });
    return entry;
  }
}

function entryOf({ _id, ...rest }: CollectionDocument): CatalogueEntry {
  return { incarnation: _id, ...rest };
}

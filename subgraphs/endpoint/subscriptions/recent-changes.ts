import type { ChangeSet } from '../view/collection-view.ts';

/**
 * The last changes of a collection, shared by its subscribers, so that telling them what is new usually reads
 * nothing from the view. Kept only while there are subscribers.
 */
export class RecentChanges {
  readonly #changesMax: number;
  #sets: ChangeSet[] = [];
  #changeCount = 0;
  /** The version behind which all changes are here. */
  #from: number;

  constructor(changesMax: number, from: number) {
    this.#changesMax = changesMax;
    this.#from = from;
  }

  add(set: ChangeSet): void {
    this.#sets.push(set);
    this.#changeCount += set.changes.length;
    while (this.#changeCount > this.#changesMax) {
      const oldest = this.#sets.shift();
      if (!oldest) break;
      this.#changeCount -= oldest.changes.length;
      this.#from = oldest.to;
    }
  }

  /** Begins anew behind a version. */
  restart(from: number): void {
    this.#sets = [];
    this.#changeCount = 0;
    this.#from = from;
  }

  /** The sets behind a version that is the end of one, oldest first; undefined where they are no longer all here. */
  after(version: number): readonly ChangeSet[] | undefined {
    if (version < this.#from) return undefined;
    // From the end: readers are rarely far behind.
    let index = this.#sets.length;
    while (index > 0 && (this.#sets[index - 1]?.from ?? 0) >= version) index--;
    const first = this.#sets[index - 1];
    // A version in the middle of a set: what an entry was there is not known.
    if (first && first.to > version) return undefined;
    return this.#sets.slice(index);
  }
}

import type { ChangeSet, CollectionView } from '../view/collection-view.ts';

/**
 * The last changes of a collection, shared by its subscribers, so that telling them what is new usually reads
 * nothing from the view. Kept only while there are subscribers.
 */
export class RecentChanges {
  readonly #changesMax: number;
  /** The view's epoch that these changes are of. */
  #epoch: number;
  #sets: ChangeSet[] = [];
  #changeCount = 0;
  /** The version behind which all changes are here. */
  #from: number;

  constructor(changesMax: number, view: Pick<CollectionView, 'epoch' | 'state'>) {
    this.#changesMax = changesMax;
    this.#epoch = view.epoch;
    this.#from = view.state.version;
  }

  add(set: ChangeSet, epoch: number): void {
    if (epoch !== this.#epoch) this.#begin(set.from, epoch);
    this.#sets.push(set);
    this.#changeCount += set.changes.length;
    while (this.#changeCount > this.#changesMax) {
      const oldest = this.#sets.shift();
      if (!oldest) break;
      this.#changeCount -= oldest.changes.length;
      this.#from = oldest.to;
    }
  }

  /** Forgets all, and begins anew where the view is. */
  restart({ epoch, state }: Pick<CollectionView, 'epoch' | 'state'>): void {
    this.#begin(state.version, epoch);
  }

  /** The sets behind a version that is the end of one, oldest first; undefined where they are no longer all here. */
  after(version: number, epoch: number): readonly ChangeSet[] | undefined {
    if (epoch !== this.#epoch || version < this.#from) return undefined;
    // From the end: readers are rarely far behind.
    let index = this.#sets.length;
    while (index > 0 && (this.#sets[index - 1]?.from ?? 0) >= version) index--;
    const first = this.#sets[index - 1];
    // A version in the middle of a set: what an entry was there is not known.
    if (first && first.to > version) return undefined;
    return this.#sets.slice(index);
  }

  #begin(from: number, epoch: number): void {
    this.#sets = [];
    this.#changeCount = 0;
    this.#from = from;
    this.#epoch = epoch;
  }
}

interface Entry<T> {
  readonly item: T;
  readonly dueAtMs: number;
}

/**
 * Items by the time they are due: a binary heap. An item that is moved or taken out leaves its old entry
 * behind, which is thrown away when its turn comes, or with all of its kind when they are too many.
 */
export class DueQueue<T> {
  #heap: Entry<T>[] = [];
  readonly #current = new Map<T, Entry<T>>();

  get size(): number {
    return this.#current.size;
  }

  /** When the first is due; undefined where there is none. */
  get nextAtMs(): number | undefined {
    this.#dropStale();
    return this.#heap[0]?.dueAtMs;
  }

  /** Puts the item in, or moves it. */
  set(item: T, dueAtMs: number): void {
    const entry = { item, dueAtMs };
    this.#current.set(item, entry);
    if (this.#heap.length > 2 * this.#current.size + 64) this.#rebuild();
    else this.#push(entry);
  }

  delete(item: T): void {
    this.#current.delete(item);
  }

  /** Takes out the first of the items that are due. */
  take(nowMs: number): T | undefined {
    this.#dropStale();
    const [first] = this.#heap;
    if (!first || first.dueAtMs > nowMs) return undefined;
    this.#pop();
    this.#current.delete(first.item);
    return first.item;
  }

  #dropStale(): void {
    for (let [first] = this.#heap; first && this.#current.get(first.item) !== first; [first] = this.#heap) {
      this.#pop();
    }
  }

  #rebuild(): void {
    // A sorted array is a heap.
    this.#heap = [...this.#current.values()].sort((a, b) => a.dueAtMs - b.dueAtMs);
  }

  #push(entry: Entry<T>): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt] as Entry<T>;
      if (parent.dueAtMs <= entry.dueAtMs) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      const right = heap[childAt + 1];
      if (right && right.dueAtMs < (heap[childAt] as Entry<T>).dueAtMs) childAt += 1;
      const child = heap[childAt];
      if (!child || child.dueAtMs >= last.dueAtMs) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = last;
  }
}

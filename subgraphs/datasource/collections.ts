import type { CollectionDefinition } from '../../platform/model/collection-definition.ts';

/** The live collections, as far as their definitions are known here. */
export class Collections {
  readonly #byName = new Map<string, CollectionDefinition>();
  readonly #names = new Map<string, string>();
  #sorted: readonly string[] | undefined;

  get count(): number {
    return this.#byName.size;
  }

  byName(name: string): CollectionDefinition | undefined {
    return this.#byName.get(name);
  }

  nameOf(incarnation: string): string | undefined {
    return this.#names.get(incarnation);
  }

  all(): readonly CollectionDefinition[] {
    return [...this.#byName.values()];
  }

  /** At most `limit` of them by name, behind `after`. */
  behind(after: string | undefined, limit: number): readonly CollectionDefinition[] {
    this.#sorted ??= [...this.#byName.keys()].sort((a, b) => (a < b ? -1 : 1));
    const from = after === undefined ? 0 : this.#sorted.findIndex((name) => name > after);
    if (from < 0) return [];
    const names = this.#sorted.slice(from, from + limit);
    return names.flatMap((name) => this.#byName.get(name) ?? []);
  }

  /** @returns The incarnation that is gone by it, if there is one. */
  take(definition: CollectionDefinition): string | undefined {
    const { name, incarnation, deleted } = definition;
    const before = this.#byName.get(name);
    if (deleted && before?.incarnation !== incarnation) return undefined;
    this.#sorted = undefined;
    if (before) this.#names.delete(before.incarnation);
    if (deleted) this.#byName.delete(name);
    else this.#byName.set(name, definition);
    if (!deleted) this.#names.set(incarnation, name);
    return before && (deleted || before.incarnation !== incarnation) ? before.incarnation : undefined;
  }
}

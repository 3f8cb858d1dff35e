import type { ChangePage } from '../../../platform/model/record.ts';
import type {
  ChangePosition,
  KeepDefinitionsOptions,
  KeptDefinitions,
  KeptPosition,
  ViewCache,
} from '../../../platform/ports/view-cache.ts';
import type { CollectionView } from './collection-view.ts';
import type { ViewFile } from './view-file.ts';

/** The embedded cache: a file of the view's own kind. */
export class ViewFileCache implements ViewCache {
  readonly #file: ViewFile;
  readonly #removedMax: number;
  /** Of each incarnation: the furthest head of any page since it was last told anew. */
  readonly #aims = new Map<string, number>();

  /** @param options.removedMax Removed entries of a collection that are remembered. */
  constructor(file: ViewFile, options: { readonly removedMax: number }) {
    this.#file = file;
    this.#removedMax = options.removedMax;
  }

  async revision(): Promise<number> {
    return this.#file.revision;
  }

  async definitions(): Promise<KeptDefinitions> {
    const definitions = [...this.#file.collections.values()].map((view) => view.definition);
    return { revision: this.#file.revision, definitions };
  }

  async keepDefinitions(
    { revision, definitions }: KeptDefinitions,
    { inPlaceOf }: KeepDefinitionsOptions = {},
  ): Promise<void> {
    const kept = this.#file.revision;
    if (revision < kept && kept !== inPlaceOf) return;
    const names = new Set(definitions.map(({ name }) => name));
    for (const name of [...this.#file.collections.keys()]) if (!names.has(name)) this.#file.remove(name);
    for (const definition of definitions) {
      const view = this.#file.collections.get(definition.name);
      if (!view) this.#file.add(definition);
      else if (isOther(view, definition)) await view.define(definition);
    }
    this.#file.revision = revision;
  }

  async position(collection: string): Promise<KeptPosition | undefined> {
    const view = this.#file.collections.get(collection);
    return view && { ...view.position, asOfMs: view.state.asOfMs };
  }

  async keepChanges(
    collection: string,
    behind: ChangePosition,
    page: ChangePage,
    asOfMs: number | null,
  ): Promise<KeptPosition | undefined> {
    const view = this.#file.collections.get(collection);
    await view?.settled();
    if (view && page.incarnation === view.state.incarnation && isSame(view.position, behind)) {
      const { incarnation } = page;
      const head = page.reset ? page.head : Math.max(page.head, this.#aims.get(incarnation) ?? 0);
      this.#aims.set(incarnation, head);
      const askedAtMs = Math.max(asOfMs ?? 0, view.state.asOfMs ?? 0) || null;
      view.apply({ ...page, head }, { askedAtMs, withBefore: false, removedMax: this.#removedMax });
    }
    return this.position(collection);
  }

  async changesSince(
    collection: string,
    behind: ChangePosition,
    first: number,
  ): Promise<ChangePage | undefined> {
    return this.#file.collections.get(collection)?.changesSince(behind, first);
  }

  close(): void {
    this.#file.close();
  }
}

function isOther({ definition }: CollectionView, other: CollectionView['definition']): boolean {
  return definition.incarnation !== other.incarnation || definition.revision !== other.revision;
}

function isSame(a: ChangePosition, b: ChangePosition): boolean {
  return a.incarnation === b.incarnation && a.version === b.version && a.resetHead === b.resetHead;
}

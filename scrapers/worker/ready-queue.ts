interface Host<T> {
  readonly name: string;
  active: number;
  readonly urgent: Set<T>;
  readonly waiting: Set<T>;
}

/**
 * Items that wait for one of the places there are, by the host they concern. A host gets no more places than it
 * takes requests at once, and hosts take turns: a slow host with a thousand sources holds up nobody else's.
 */
export class ReadyQueue<T> {
  readonly #placesMax: number;
  readonly #hostPlacesMax: () => number;
  readonly #hosts = new Map<string, Host<T>>();
  readonly #hostOf = new Map<T, Host<T>>();
  /** Hosts with somebody waiting and a place free, in the order of their turns. */
  readonly #open = { urgent: new Set<Host<T>>(), waiting: new Set<Host<T>>() };
  #active = 0;

  constructor({ placesMax, hostPlacesMax }: { placesMax: number; hostPlacesMax: () => number }) {
    this.#placesMax = placesMax;
    this.#hostPlacesMax = hostPlacesMax;
  }

  /** Puts an item in; one that waits already may become urgent, and goes before those that are not. */
  add(item: T, hostName: string, isUrgent: boolean): void {
    const known = this.#hostOf.get(item);
    if (known && (known.urgent.has(item) || !isUrgent)) return;
    known?.waiting.delete(item);
    const host = known ?? this.#host(hostName);
    host[isUrgent ? 'urgent' : 'waiting'].add(item);
    this.#hostOf.set(item, host);
    this.#refresh(host);
  }

  delete(item: T): void {
    const host = this.#hostOf.get(item);
    if (!host) return;
    this.#hostOf.delete(item);
    host.urgent.delete(item);
    host.waiting.delete(item);
    this.#refresh(host);
  }

  /** Takes out the item whose turn it is, where there is a place for it; `leave` gives the place back. */
  take(): { readonly item: T; readonly leave: () => void } | undefined {
    if (this.#active >= this.#placesMax) return undefined;
    const [host] = this.#open.urgent.size > 0 ? this.#open.urgent : this.#open.waiting;
    const [item] = host ? [...first(host.urgent), ...first(host.waiting)] : [];
    if (!host || item === undefined) return undefined;
    this.#active += 1;
    host.active += 1;
    this.delete(item);
    // To the end of the line.
    for (const line of [this.#open.urgent, this.#open.waiting]) if (line.delete(host)) line.add(host);
    return {
      item,
      leave: () => {
        this.#active -= 1;
        host.active -= 1;
        this.#refresh(host);
      },
    };
  }

  #host(name: string): Host<T> {
    let host = this.#hosts.get(name);
    if (!host) {
      host = { name, active: 0, urgent: new Set(), waiting: new Set() };
      this.#hosts.set(name, host);
    }
    return host;
  }

  #refresh(host: Host<T>): void {
    const isFree = host.active < this.#hostPlacesMax();
    for (const line of ['urgent', 'waiting'] as const) {
      if (isFree && host[line].size > 0) this.#open[line].add(host);
      else this.#open[line].delete(host);
    }
    if (host.active === 0 && host.urgent.size === 0 && host.waiting.size === 0) this.#hosts.delete(host.name);
  }
}

function first<T>(items: Iterable<T>): T[] {
  for (const item of items) return [item];
  return [];
}

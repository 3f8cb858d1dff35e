import { type App, type EventLog, until } from '../e2e/app.ts';
import { sorted, type Tally } from './tallies.ts';

const TALLIES_CHANGED = /* GraphQL */ `
  subscription ($after: String) {
    talliesChanged(after: $after) {
      __typename
      ... on TallySnapshot { cursor complete entries { id group numbers } }
      ... on TallyDelta { cursor upserted { id group numbers } removed }
      ... on TallyCursorExpired { cursor }
    }
  }
`;

interface Entry extends Tally {
  readonly id: string;
}

interface TallyEvent {
  readonly __typename: 'TallySnapshot' | 'TallyDelta' | 'TallyCursorExpired';
  readonly cursor: string;
  readonly complete?: boolean;
  readonly entries?: readonly Entry[];
  readonly upserted?: readonly Entry[];
  readonly removed?: readonly string[];
}

/** A subscriber that puts together what it is told, and resumes by its cursor whenever it was disconnected. */
export class TallyFollower {
  /** Gateways in the order in which they are tried. */
  readonly #apps: readonly App[];
  readonly #entries = new Map<string, Entry>();
  #cursor: string | undefined;
  #log: EventLog<{ talliesChanged: TallyEvent }> | undefined;
  #isClosed = false;
  #turn = 0;
  /** How often it has been disconnected, and how often its cursor had expired. */
  reconnects = 0;
  expiries = 0;
  isComplete = false;

  constructor(...apps: readonly App[]) {
    this.#apps = apps;
    this.#connect();
  }

  get tallies(): Map<string, number[]> {
    return sorted(this.#entries.values());
  }

  /** Waits for the end of the first snapshot. */
  async ready(): Promise<this> {
    await until('a subscriber to have its snapshot', () => this.isComplete);
    return this;
  }

  close(): void {
    this.#isClosed = true;
    this.#log?.close();
  }

  #connect(): void {
    const app = this.#apps[this.#turn++ % this.#apps.length] as App;
    const log = app.subscribe<{ talliesChanged: TallyEvent }>(TALLIES_CHANGED, {
      after: this.#cursor ?? null,
    });
    this.#log = log;
    log.onEvent(({ talliesChanged }) => this.#take(talliesChanged));
    void log.ended.then(() => {
      log.close();
      if (this.#isClosed) return;
      this.reconnects += 1;
      // As clients do: not at once, since whoever refused has to come back first.
      setTimeout(() => this.#isClosed || this.#connect(), 100);
    });
  }

  #take(event: TallyEvent): void {
    this.#cursor = event.cursor;
    if (event.__typename === 'TallyCursorExpired') {
      this.expiries += 1;
      this.#entries.clear();
      return;
    }
    for (const entry of event.entries ?? event.upserted ?? []) this.#entries.set(entry.id, entry);
    for (const id of event.removed ?? []) this.#entries.delete(id);
    if (event.complete) this.isComplete = true;
  }
}

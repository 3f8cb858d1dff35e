import type { Clock, Timer } from '../../clock.ts';

export interface Answer<T> {
  /** What Consul says, by name. */
  readonly facts: ReadonlyMap<string, T>;
  /** Names of which it says outright that they are no more. @default none */
  readonly refuted?: ReadonlySet<string>;
  /** Whether Consul may have lost what it knew before. */
  readonly isReturn: boolean;
}

/**
 * What is known from Consul. While it is away all of that is kept. What it does not name when it is back is kept
 * for a grace, since it may have come back empty and not have heard of everything yet: until it is named again, or
 * refuted, Consul's silence says nothing.
 */
export class KeptFacts<T> {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #graceMs: number;
  #said: ReadonlyMap<string, T> = new Map();
  #kept: ReadonlyMap<string, T> = new Map();
  #all: ReadonlyMap<string, T> = new Map();
  #timer: Timer | undefined;

  /** @param onChange Called when what is known has changed. */
  constructor({ clock, onChange }: { clock: Clock; onChange: () => void }, graceMs: number) {
    this.#clock = clock;
    this.#onChange = onChange;
    this.#graceMs = graceMs;
  }

  /** By name, in the order of names. Never changed: what is known later is another map. */
  get all(): ReadonlyMap<string, T> {
    return this.#all;
  }

  learn({ facts, refuted, isReturn }: Answer<T>): void {
    const missing = [...(isReturn ? this.#all : this.#kept)].filter(
      ([name]) => !facts.has(name) && !refuted?.has(name),
    );
    this.#said = facts;
    this.#kept = new Map(missing);
    if (this.#kept.size === 0) this.#timer?.close();
    else if (isReturn) {
      this.#timer?.close();
      this.#timer = this.#clock.schedule(this.#graceMs, () => {
        this.#kept = new Map();
        this.#update();
      });
    }
    this.#update();
  }

  close(): void {
    this.#timer?.close();
  }

  #update(): void {
    const all = [...this.#said, ...this.#kept].sort(([a], [b]) => (a < b ? -1 : 1));
    if (JSON.stringify(all) === JSON.stringify([...this.#all])) return;
    this.#all = new Map(all);
    this.#onChange();
  }
}

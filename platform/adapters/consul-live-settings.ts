import type Consul from 'consul';
import type { Clock } from '../clock.ts';
import { askConsul, type ConsulCall, openConsul } from '../consul.ts';
import { ClosedError, messageOf } from '../errors.ts';
import { Listeners } from '../listeners.ts';
import type { Logger } from '../logger.ts';
import { LIVE_SETTINGS, type LiveSettings, type LiveValues } from '../ports/live-settings.ts';
import type { Closeable } from '../scope.ts';
import { BlockingQuery } from './consul/blocking-query.ts';
import { KeptFacts } from './consul/kept-facts.ts';

export interface ConsulLiveSettingsOptions {
  /** Settings are the keys `<keyPrefix>/settings/<name>`. */
  readonly keyPrefix: string;
  readonly token?: string;
  /** How long settings are kept that Consul does not name after an outage, in milliseconds. @default 15_000 */
  readonly graceMs?: number;
}

/** A Consul that has lost its keys is given this long to be told them again: as long as a registry waits. */
const GRACE_MS = 15_000;

interface KeyValue {
  readonly Key: string;
  readonly Value: string | null;
}

/** Settings kept under one prefix of Consul's keys, and followed by a blocking query. */
export async function openConsulLiveSettings(
  url: string,
  { clock, logger }: { logger: Logger; clock: Clock },
  { keyPrefix, token, graceMs = GRACE_MS }: ConsulLiveSettingsOptions,
): Promise<LiveSettings> {
  const consul = openConsul(url, token);
  const folder = `${keyPrefix}/settings/`;
  const ask = (call: ConsulCall) =>
    consul.kv.get({ key: folder, recurse: true, ...call }) as Promise<KeyValue[] | undefined>;
  const settings = new ConsulLiveSettings({ consul, clock, logger }, { folder, graceMs });
  try {
    settings.learn((await askConsul(ask)).data, false);
  } catch (error) {
    logger.warn({ reason: messageOf(error) }, 'consul does not answer: settings are as the environment says');
  }
  settings.follow(ask);
  return settings;
}

class ConsulLiveSettings implements LiveSettings {
  readonly #deps: { readonly consul: Consul; readonly clock: Clock; readonly logger: Logger };
  readonly #folder: string;
  readonly #known: KeptFacts<string>;
  readonly #listeners: Listeners<LiveValues>;
  readonly #unknownNames = new Set<string>();
  #values: LiveValues = {};
  #query: Closeable | undefined;
  #isClosed = false;

  constructor(
    deps: { readonly consul: Consul; readonly clock: Clock; readonly logger: Logger },
    { folder, graceMs }: { readonly folder: string; readonly graceMs: number },
  ) {
    this.#deps = deps;
    this.#folder = folder;
    this.#listeners = new Listeners(deps.logger, 'live settings');
    const onChange = () => {
      this.#values = Object.fromEntries(this.#known.all);
      this.#listeners.tell(this.#values);
    };
    this.#known = new KeptFacts({ clock: deps.clock, onChange }, graceMs);
  }

  follow(ask: (call: ConsulCall) => Promise<KeyValue[] | undefined>): void {
    const { clock, logger } = this.#deps;
    const onAnswer = (pairs: KeyValue[] | undefined, isReturn: boolean) => this.learn(pairs, isReturn);
    this.#query = new BlockingQuery({ clock, logger, ask, onAnswer }, this.#folder);
  }

  learn(pairs: readonly KeyValue[] = [], isReturn: boolean): void {
    const facts = new Map<string, string>();
    const refuted = new Set<string>();
    for (const { Key, Value } of pairs) {
      const name = Key.slice(this.#folder.length);
      if (!(LIVE_SETTINGS as readonly string[]).includes(name)) this.#refuse(name);
      // Set but empty counts as not set, as in the environment.
      else if (Value) facts.set(name, Value);
      else refuted.add(name);
    }
    this.#known.learn({ facts, refuted, isReturn });
  }

  current(): LiveValues {
    return this.#values;
  }

  watch(listener: (values: LiveValues) => void): Closeable {
    if (this.#isClosed) throw new ClosedError('The live settings');
    return this.#listeners.add(listener, this.#values);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listeners.clear();
    await this.#query?.close();
    this.#known.close();
    this.#deps.consul.destroy();
  }

  /** Said once for each name. The folder itself, which Consul's own pages make a key of, has none. */
  #refuse(name: string): void {
    if (name === '' || this.#unknownNames.has(name)) return;
    this.#unknownNames.add(name);
    this.#deps.logger.warn({ setting: name, known: LIVE_SETTINGS }, 'no setting that can change live');
  }
}

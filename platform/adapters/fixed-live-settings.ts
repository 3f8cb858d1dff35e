import { ClosedError } from '../errors.ts';
import { Listeners } from '../listeners.ts';
import { createLogger, type Logger } from '../logger.ts';
import type { LiveSettings, LiveValues } from '../ports/live-settings.ts';
import type { Closeable } from '../scope.ts';

/** Where nobody can change settings while a service runs: all are as the environment says. */
export class FixedLiveSettings implements LiveSettings {
  readonly #values: LiveValues;
  readonly #listeners: Listeners<LiveValues>;
  #isClosed = false;

  constructor(values: LiveValues = {}, logger: Logger = createLogger('live-settings', 'error')) {
    this.#values = values;
    this.#listeners = new Listeners(logger, 'live settings');
  }

  current(): LiveValues {
    return this.#values;
  }

  watch(listener: (values: LiveValues) => void): Closeable {
    if (this.#isClosed) throw new ClosedError('The live settings');
    return this.#listeners.add(listener, this.#values);
  }

  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
  }
}

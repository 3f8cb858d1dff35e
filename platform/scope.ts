export interface Closeable {
  close(): Promise<void> | void;
}

/** Closes what was opened, last first; goes on after a failure and throws the first. */
export class Scope implements Closeable {
  #opened: Closeable[] = [];

  use<T extends Closeable>(resource: T): T {
    this.#opened.push(resource);
    return resource;
  }

  defer(close: () => Promise<void> | void): void {
    this.#opened.push({ close });
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let resource = this.#opened.pop(); resource; resource = this.#opened.pop()) {
      try {
        await resource.close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

import type Docker from 'dockerode';
import type { Clock, Timer } from '../../clock.ts';
import type { SwarmEngine } from './engine.ts';

/** The engine asks the registry, which may be far: but who waits here is a pool without workers. */
const TIMEOUT_MS = 3_000;
/** How long a registry that told no digest is left in peace: without one, not every new pool waits for it. */
const RETRY_AFTER_MS = 60_000;

/**
 * Digests of images, as the engine learns them from their registries: so that all nodes run the same, whenever they
 * pull it. Each is asked for once: also a pool that is made much later has the same workers as the others.
 */
export class ImageDigests {
  readonly #engine: SwarmEngine;
  readonly #clock: Clock;
  readonly #pinned = new Map<string, string>();
  readonly #failedAtMs = new Map<string, number>();

  constructor(engine: SwarmEngine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** @returns `name@digest`; the image as it is given where that has a digest, or nobody knows one. */
  async pin(image: string): Promise<string> {
    if (image.includes('@')) return image;
    const known = this.#pinned.get(image);
    if (known !== undefined) return known;
    const failedAtMs = this.#failedAtMs.get(image);
    if (failedAtMs !== undefined && this.#clock.now() - failedAtMs < RETRY_AFTER_MS) return image;
    const digest = await this.#engine.call((docker) => this.#ask(docker, image));
    if (digest === undefined) {
      this.#failedAtMs.set(image, this.#clock.now());
      return image;
    }
    const pinned = `${image}@${digest}`;
    this.#pinned.set(image, pinned);
    return pinned;
  }

  /**
   * @returns undefined where no registry has it, or none answers: nodes that have the image use theirs, and others say
   *   so. That is never the engine's failure.
   */
  async #ask(docker: Docker, image: string): Promise<string | undefined> {
    let timer: Timer | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = this.#clock.schedule(TIMEOUT_MS, () => resolve(undefined));
    });
    const asked = docker
      .getImage(image)
      .distribution()
      .then(({ Descriptor }) => Descriptor.digest)
      .catch((error: { readonly statusCode?: number }) => {
        if (error.statusCode === undefined) throw error;
        return undefined;
      });
    try {
      return await Promise.race([asked, late]);
    } finally {
      timer?.close();
    }
  }
}

import type { Renderer, SourceSpec } from '../../platform/model/source-spec.ts';
import { ExtractorCache } from '../extractors/open.ts';
import type { Fetcher } from '../fetchers/fetcher.ts';
import type { PageReader } from '../pipeline/paginate.ts';
import { RunFailure } from '../run-failure.ts';

/** What reads a source: a fetcher by its renderer, an extractor by its format and selectors. */
export class Readers {
  readonly #fetchers: Partial<Record<Renderer, Fetcher>>;
  readonly #extractors = new ExtractorCache();

  readonly #extractTimeoutMs: number;

  constructor(
    fetchers: Partial<Record<Renderer, Fetcher>>,
    { extractTimeoutMs }: Pick<PageReader, 'extractTimeoutMs'>,
  ) {
    this.#fetchers = fetchers;
    this.#extractTimeoutMs = extractTimeoutMs;
  }

  /** @throws {RunFailure} UNSUPPORTED: this worker cannot read such sources. */
  async open(spec: SourceSpec): Promise<PageReader> {
    const fetcher = this.#fetchers[spec.render];
    if (!fetcher) throw new RunFailure('UNSUPPORTED', `Renderer ${spec.render} cannot be used yet.`);
    const extractor = await this.#extractors.get(spec);
    return { fetcher, extractor, extractTimeoutMs: this.#extractTimeoutMs };
  }
}

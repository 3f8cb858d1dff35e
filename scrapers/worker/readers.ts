import type { Renderer, SourceSpec } from '../../platform/model/source-spec.ts';
import type { Extractor } from '../extractors/extractor.ts';
import { ExtractorCache } from '../extractors/open.ts';
import type { Fetcher } from '../fetchers/fetcher.ts';
import { RunFailure } from '../run-failure.ts';

/** What reads a source: a fetcher by its renderer, an extractor by its format and selectors. */
export class Readers {
  readonly #fetchers: Partial<Record<Renderer, Fetcher>>;
  readonly #extractors = new ExtractorCache();

  constructor(fetchers: Partial<Record<Renderer, Fetcher>>) {
    this.#fetchers = fetchers;
  }

  /** @throws {RunFailure} UNSUPPORTED: this worker cannot read such sources. */
  async open(spec: SourceSpec): Promise<{ fetcher: Fetcher; extractor: Extractor }> {
    const fetcher = this.#fetchers[spec.render];
    if (!fetcher) throw new RunFailure('UNSUPPORTED', `Renderer ${spec.render} cannot be used yet.`);
    return { fetcher, extractor: await this.#extractors.get(spec) };
  }
}

import { messageOf } from '../../platform/errors.ts';
import type { SourceFormat, SourceSpec } from '../../platform/model/source-spec.ts';
import { RunFailure } from '../run-failure.ts';
import type { CreateExtractor, Extractor } from './extractor.ts';

/** Parsers are loaded when the first source wants them: a worker of JSON sources never loads the HTML one. */
const FORMATS: Partial<Record<SourceFormat, () => Promise<CreateExtractor>>> = {
  HTML: async () => (await import('./html.ts')).createHtmlExtractor,
  JSON: async () => (await import('./json.ts')).createJsonExtractor,
};

/** Compiled selectors kept for the sources that ran last: each takes some kilobytes and a millisecond to make. */
const COMPILED_MAX = 200;

/** Gives the extractor of a source, compiled now or when it last ran. */
export class ExtractorCache {
  /** In the order of their use; a changed source has another spec object. */
  readonly #compiled = new Map<SourceSpec, Extractor>();

  /** @throws {RunFailure} UNSUPPORTED: the format is unknown to this worker, or a selector does not compile. */
  async get(spec: SourceSpec): Promise<Extractor> {
    const known = this.#compiled.get(spec);
    const extractor = known ?? (await compile(spec));
    this.#compiled.delete(spec);
    this.#compiled.set(spec, extractor);
    const [oldest] = this.#compiled.keys();
    if (this.#compiled.size > COMPILED_MAX && oldest) this.#compiled.delete(oldest);
    return extractor;
  }
}

async function compile(spec: SourceSpec): Promise<Extractor> {
  const load = FORMATS[spec.format];
  if (!load) throw new RunFailure('UNSUPPORTED', `Format ${spec.format} cannot be read yet.`);
  const create = await load();
  try {
    return create(spec);
  } catch (cause) {
    throw new RunFailure('UNSUPPORTED', `A selector cannot be used: ${messageOf(cause)}`, { cause });
  }
}

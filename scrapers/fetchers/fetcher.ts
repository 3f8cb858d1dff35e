import type { SourceFormat } from '../../platform/model/source-spec.ts';
import type { Closeable } from '../../platform/scope.ts';

export interface PageRequest {
  readonly url: string;
  /** What the page should be: says what to ask for, and what not to take. */
  readonly format: SourceFormat;
}

/** One page as it came. */
export interface Page {
  /** Where it was found in the end, after redirects, without credentials. */
  readonly url: string;
  /** Decoded text. */
  readonly text: string;
  /** Of the body, after decompression. */
  readonly bytes: number;
}

/** Gets pages: over plain HTTP, or by another way (a browser) that sees more of them. */
export interface Fetcher extends Closeable {
  /**
   * One attempt at one page, redirects included, that waits for the hosts' turns.
   *
   * @throws {RunFailure} Says by `retryable` whether another attempt may help.
   * @throws The signal's reason, where it is aborted.
   */
  fetch(request: PageRequest, signal: AbortSignal): Promise<Page>;
}

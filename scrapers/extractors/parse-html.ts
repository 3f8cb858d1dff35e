import { type ChildNode, type Document, DomHandler } from 'domhandler';
import { Parser } from 'htmlparser2';
import { RunFailure } from '../run-failure.ts';

/** Elements and texts of one page: some 200 bytes each, so a page of nothing but tags takes 200 MB, not gigabytes. */
export const NODES_MAX = 1_000_000;

/**
 * Elements within elements: a page whose tags are never closed has some thousands. The parser's work on one tag grows with
 * them, so that a page of a hundred thousand would hold all else up for seconds.
 */
const DEPTH_MAX = 30_000;

/** Builds the document of a page. @throws {RunFailure} TOO_LARGE */
export function parseHtml(text: string): Document {
  const handler = new BoundedDomHandler();
  new Parser(handler).end(text);
  return handler.root;
}

class BoundedDomHandler extends DomHandler {
  #nodes = 0;

  protected override addNode(node: ChildNode): void {
    if (++this.#nodes > NODES_MAX) {
      throw new RunFailure('TOO_LARGE', `The page has more than ${NODES_MAX} elements.`);
    }
    if (this.tagStack.length > DEPTH_MAX) {
      throw new RunFailure('TOO_LARGE', `The page is nested more than ${DEPTH_MAX} levels deep.`);
    }
    super.addNode(node);
  }
}

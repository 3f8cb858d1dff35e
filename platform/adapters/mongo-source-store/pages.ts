import type { Collection, Filter } from 'mongodb';
import { CursorInvalidError } from '../../errors.ts';
import { decodeCursor, encodeCursor } from '../../model/cursor.ts';
import type { Page, PageRequest } from '../../ports/source-store.ts';
import type { RunDocument, SourceDocument } from './documents.ts';

/** Which documents, and the index that has them in the order of their `seq`. */
export interface Selection<T> {
  readonly filter: Filter<T>;
  readonly index: string;
}

export interface List<T extends SourceDocument | RunDocument, Node> {
  readonly documents: Collection<T>;
  readonly name: 'sources' | 'runs';
  /** Oldest first, or newest first. */
  readonly direction: 1 | -1;
  nodeOf(document: T): Node;
}

/** One page of a list in the order of `seq`. */
export async function readPage<T extends SourceDocument | RunDocument, Node>(
  { documents, name, direction, nodeOf }: List<T, Node>,
  { filter, index }: Selection<T>,
  { first, after }: PageRequest,
): Promise<Page<Node>> {
  const behind = after === undefined ? {} : { seq: { [direction > 0 ? '$gt' : '$lt']: seqOf(name, after) } };
  const found = await documents
    .find<T>({ ...filter, ...behind }, { hint: index })
    .sort({ seq: direction })
    .limit(first + 1)
    .toArray();
  return {
    items: found.slice(0, first).map((document) => ({
      cursor: encodeCursor([name, document.seq]),
      node: nodeOf(document),
    })),
    hasMore: found.length > first,
  };
}

export function count<T extends SourceDocument | RunDocument>(
  documents: Collection<T>,
  { filter, index }: Selection<T>,
): Promise<number> {
  return documents.countDocuments(filter, { hint: index });
}

function seqOf(list: string, cursor: string): number {
  const [of, seq] = decodeCursor(cursor);
  if (of !== list || !Number.isSafeInteger(seq)) throw new CursorInvalidError(cursor);
  return seq as number;
}

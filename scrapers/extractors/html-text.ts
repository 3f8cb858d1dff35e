import type { AnyNode, Element } from 'domhandler';
import { getInnerHTML } from 'domutils';
import type { Part } from './html-selector.ts';

/** Elements whose text nobody reads. */
const UNREAD: ReadonlySet<string> = new Set(['script', 'style', 'template', 'head']);

/** Elements that begin or end a line: without a space there, "<br>" and cells would glue words together. */
const LINES: ReadonlySet<string> = new Set(
  (
    'address article aside blockquote br caption dd details div dl dt fieldset figcaption figure footer form ' +
    'h1 h2 h3 h4 h5 h6 header hr li main nav ol option p pre section summary table tbody td tfoot th thead tr ul'
  ).split(' '),
);

/** What counts of an element; undefined where it has none of that, or only white space. */
export function partOf(element: Element, part: Part): string | undefined {
  switch (part.kind) {
    case 'attribute':
      return attribute(element, part.name);
    case 'html':
      return getInnerHTML(element).trim() || undefined;
    case 'text':
      return readableText(element) || undefined;
  }
}

/** @returns undefined also where it is empty. */
export function attribute({ attribs }: Element, name: string): string | undefined {
  return Object.hasOwn(attribs, name) ? attribs[name]?.trim() || undefined : undefined;
}

/** More text than this is not collected, in UTF-16 code units: it is too long for any value. */
const TEXT_LENGTH_MAX = 1_000_000;

/** The text below a node as one reads it: white space collapsed and trimmed, scripts and styles left out. */
function readableText(node: AnyNode): string {
  const parts: string[] = [];
  collect(node, parts);
  return parts.join('').replace(/\s+/g, ' ').trim();
}

function collect(root: AnyNode, parts: string[]): void {
  // A stack of our own: pages nest deeper than calls may.
  const stack: (AnyNode | string)[] = [root];
  let length = 0;
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (typeof node === 'string') {
      parts.push(node);
    } else if (node.type === 'text') {
      parts.push(node.data);
      length += node.data.length;
      if (length > TEXT_LENGTH_MAX) return;
    } else if ('children' in node) {
      const name = 'name' in node ? node.name : '';
      if (UNREAD.has(name) && node !== root) continue;
      if (LINES.has(name)) {
        parts.push(' ');
        stack.push(' ');
      }
      for (let index = node.children.length - 1; index >= 0; index--) {
        stack.push(node.children[index] as AnyNode);
      }
    }
  }
}

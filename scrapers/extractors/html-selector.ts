import { compile, selectAll, selectOne } from 'css-select';
import { isTraversal, parse, type Selector, SelectorType } from 'css-what';
import type { AnyNode, Element } from 'domhandler';

/** What of a matched element counts. */
export type Part =
  | { readonly kind: 'text' }
  | { readonly kind: 'html' }
  | { readonly kind: 'attribute'; readonly name: string };

/** `css@part` of a field, compiled. */
export interface HtmlSelector {
  readonly part: Part;
  /** The elements that match below `scope`, in document order; `scope` itself for "." and "@attribute". */
  all(scope: AnyNode): readonly Element[];
  first(scope: AnyNode): Element | undefined;
}

const PART = /^(?<css>.*)@(?<name>[\p{L}_:][\p{L}\p{N}_:.-]*)$/su;

/**
 * Compiles a selector of a field or of the next page: `css`, `css@attribute`, `css@text`, `css@html`. Without
 * CSS ("@href", ".") it means the scope itself. Everything in it is sought below the scope: unlike with
 * `querySelectorAll`, "ul a" wants both the `ul` and the `a` there. `:scope`, "> a" and "+ tr" are relative to it.
 *
 * @throws {Error} Says what is wrong with the CSS.
 */
export function compileHtmlSelector(selector: string): HtmlSelector {
  const { css, part } = splitPart(selector.trim());
  if (css === '' || css === '.') {
    return {
      part,
      all: (scope) => ('attribs' in scope ? [scope] : []),
      first: (scope) => ('attribs' in scope ? scope : undefined),
    };
  }
  const scopeOf: { current: AnyNode | undefined } = { current: undefined };
  const query = compile<AnyNode, Element>(scopedTokens(css), {
    pseudos: { scope: (element) => element === scopeOf.current },
    // The results of one scope would be taken for those of the next.
    cacheResults: false,
  });
  return {
    part,
    all(scope) {
      scopeOf.current = scope;
      return selectAll<AnyNode, Element>(query, scope);
    },
    first(scope) {
      scopeOf.current = scope;
      return selectOne<AnyNode, Element>(query, scope) ?? undefined;
    },
  };
}

/** @throws {Error} Also where the selector names a part: records are whole elements. */
export function compileRecordSelector(selector: string): (document: AnyNode) => readonly Element[] {
  const { css } = splitPart(selector.trim());
  if (css !== selector.trim()) throw new Error('it must pick elements, without "@…"');
  if (css === '' || css === '.') throw new Error('it must pick the elements that are one record each');
  const alternatives = parse(css);
  if (alternatives.some(([first]) => first && isTraversal(first))) {
    throw new Error('it must not begin with a combinator, for there is nothing to be relative to');
  }
  const query = compile<AnyNode, Element>(alternatives, { cacheResults: false });
  return (document) => selectAll<AnyNode, Element>(query, document);
}

function splitPart(selector: string): { css: string; part: Part } {
  const groups = PART.exec(selector)?.groups;
  const name = groups?.name?.toLowerCase();
  if (groups?.css === undefined || !name) return { css: selector, part: { kind: 'text' } };
  const css = groups.css.trim();
  if (name === 'text') return { css, part: { kind: 'text' } };
  if (name === 'html') return { css, part: { kind: 'html' } };
  return { css, part: { kind: 'attribute', name } };
}

/** Puts `:scope` before what has combinators: only there could an element above the scope take part. */
function scopedTokens(css: string): Selector[][] {
  const alternatives = parse(css);
  for (const tokens of alternatives) {
    const [first] = tokens;
    if (!first || isTraversal(first) || !tokens.some(isTraversal) || tokens.some(isScope)) continue;
    tokens.unshift({ type: SelectorType.Pseudo, name: 'scope', data: null });
    tokens.splice(1, 0, { type: SelectorType.Descendant });
  }
  return alternatives;
}

function isScope(token: Selector): boolean {
  return token.type === SelectorType.Pseudo && token.name === 'scope';
}

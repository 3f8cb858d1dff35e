import { _compileUnsafe, compile, selectAll, selectOne } from 'css-select';
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
  const { alternatives, isBeside } = scopedTokens(css);
  // Of a whole document everything is below the scope, and no element is the scope that others could be bound to.
  const ofDocument = _compileUnsafe<AnyNode, Element>(parse(css), { cacheResults: false });
  // Its searches ask elements only, so the check that the safe `compile` adds is for nothing.
  const query = _compileUnsafe<AnyNode, Element>(alternatives, {
    pseudos: { [SCOPE]: (element) => element === scopeOf.current },
    // The results of one scope would be taken for those of the next.
    cacheResults: false,
  });
  if (isBeside) query.shouldTestNextSiblings = true;
  return {
    part,
    all(scope) {
      scopeOf.current = scope;
      return selectAll<AnyNode, Element>('attribs' in scope ? query : ofDocument, scope);
    },
    first(scope) {
      scopeOf.current = scope;
      return selectOne<AnyNode, Element>('attribs' in scope ? query : ofDocument, scope) ?? undefined;
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
  const query = compile<AnyNode, Element>(alternatives);
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

/** Our own `:scope`: css-select's is fixed when a selector is compiled, and `:has` needs it for itself. */
const SCOPE = 'record-scope';

/**
 * Binds a selector to its scope: where it says `:scope`, where it begins with a combinator, and before what has
 * combinators, since only there could an element above the scope take part.
 *
 * @returns `isBeside`: whether it looks among the scope's siblings.
 */
function scopedTokens(css: string): { alternatives: Selector[][]; isBeside: boolean } {
  let isBeside = false;
  const alternatives = parse(css).map((written): Selector[] => {
    const tokens = written.map(ownScope);
    const [first] = tokens;
    const isRelative = first !== undefined && isTraversal(first);
    const combinator = first && isScope(first) ? tokens[1] : first;
    isBeside ||= combinator?.type === SelectorType.Adjacent || combinator?.type === SelectorType.Sibling;
    if (!isRelative && (!tokens.some(isTraversal) || tokens.some(isScope))) return tokens;
    const scope: Selector = { type: SelectorType.Pseudo, name: SCOPE, data: null };
    return isRelative ? [scope, ...tokens] : [scope, { type: SelectorType.Descendant }, ...tokens];
  });
  return { alternatives, isBeside };
}

/** Within `:has`, `:scope` means the element that has. */
function ownScope(token: Selector): Selector {
  if (token.type !== SelectorType.Pseudo) return token;
  if (token.name === 'scope') return { ...token, name: SCOPE };
  if (token.name === 'has' || !Array.isArray(token.data)) return token;
  return { ...token, data: token.data.map((tokens) => tokens.map(ownScope)) };
}

function isScope(token: Selector): boolean {
  return token.type === SelectorType.Pseudo && token.name === SCOPE;
}

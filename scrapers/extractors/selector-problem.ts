import { messageOf } from '../../platform/errors.ts';
import type { SourceFormat } from '../../platform/model/source-spec.ts';
import { compileHtmlSelector, compileRecordSelector } from './html-selector.ts';
import { compileJsonPath } from './json-path.ts';

/** What a selector is for. */
export type SelectorRole = 'records' | 'field' | 'next';

/** Longer ones are mistakes, or made to be slow. In UTF-16 code units. */
const SELECTOR_LENGTH_MAX = 2_000;

/**
 * Compiles the selector as a worker would.
 *
 * @returns What is wrong with it, as a sentence for whoever wrote it; undefined where it is fine.
 */
export function selectorProblem(
  format: SourceFormat,
  selector: string,
  role: SelectorRole,
): string | undefined {
  if (selector.trim() === '') {
    return role === 'field'
      ? 'The selector is empty; write "." for the whole text of a record.'
      : 'The selector is empty.';
  }
  if (selector.length > SELECTOR_LENGTH_MAX) {
    return `The selector is longer than ${SELECTOR_LENGTH_MAX} characters.`;
  }
  switch (format) {
    case 'HTML':
      return problemOf(() => (role === 'records' ? compileRecordSelector : compileHtmlSelector)(selector), {
        language: 'CSS selector',
        example: { records: '".product"', field: '"h2" or "a@href"', next: '"a.next@href"' }[role],
      });
    case 'JSON':
      return problemOf(() => compileJsonPath(selector), {
        language: 'JSONPath',
        example: { records: '"$.items[*]"', field: '"$.title"', next: '"$.paging.next"' }[role],
      });
    default:
      return `Sources of format ${format} cannot be read yet; HTML and JSON can.`;
  }
}

function problemOf(
  compile: () => unknown,
  { language, example }: { language: string; example: string },
): string | undefined {
  try {
    compile();
    return undefined;
  } catch (error) {
    const reason = messageOf(error).replace(/\s+/g, ' ').slice(0, 200).replace(/\.$/, '');
    return `Not a ${language} that can be used: ${reason}. Write something like ${example}.`;
  }
}

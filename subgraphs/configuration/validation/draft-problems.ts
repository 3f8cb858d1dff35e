import { COLLECTION_NAME } from '../../../platform/model/names.ts';
import type { AddressGuard } from '../../../platform/network/address-guard.ts';
import { periodMsOf } from '../schedule.ts';
import { addressProblems } from './address-problems.ts';
import { NAME_LENGTH_MAX, type SourceDraft } from './draft.ts';
import { fieldsProblems, selectorProblems } from './field-problems.ts';
import type { Problem } from './problem.ts';
import { scheduleProblems } from './schedule-problems.ts';

export interface DraftLimits {
  readonly everyMsMin: number;
  readonly fieldsMax: number;
  readonly pagesMax: number;
  readonly guard: AddressGuard;
}

/** Everything that is wrong with a draft by itself, in the order of the input's fields. */
export function draftProblems(draft: SourceDraft, limits: DraftLimits, nowMs: number): Problem[] {
  return [
    ...nameProblems(draft.name),
    ...collectionNameProblems(draft.collection),
    ...addressProblems(draft.url, limits.guard),
    ...supportProblems(draft),
    ...scheduleProblems(draft.schedule, limits.everyMsMin, nowMs),
    ...selectorProblems(draft.format, draft.records, 'records', 'records'),
    ...fieldsProblems(draft.fields, draft.format, limits.fieldsMax),
    ...retainProblems(draft.retain),
    ...paginationProblems(draft, limits.pagesMax),
  ];
}

function nameProblems(name: string | null): Problem[] {
  if (name === null) return [];
  const trimmed = name.trim();
  if (trimmed === '') {
    return [
      {
        field: 'name',
        code: 'REQUIRED',
        message: 'Give the source a name, or leave "name" out to call it by its URL.',
      },
    ];
  }
  if (trimmed.length > NAME_LENGTH_MAX) {
    return [
      {
        field: 'name',
        code: 'TOO_LONG',
        message: `A source's name has at most ${NAME_LENGTH_MAX} characters.`,
      },
    ];
  }
  return [];
}

function collectionNameProblems(collection: string): Problem[] {
  if (collection === '') {
    return [
      { field: 'collection', code: 'REQUIRED', message: 'Name the collection that the entries go to.' },
    ];
  }
  if (COLLECTION_NAME.test(collection)) return [];
  return [
    {
      field: 'collection',
      code: 'INVALID_NAME',
      message:
        'Collections are named by small letters, digits and _, beginning with a letter, 63 characters at the most: books, used_cars.',
    },
  ];
}

function supportProblems({ format, render }: SourceDraft): Problem[] {
  const problems: Problem[] = [];
  if (format !== 'HTML' && format !== 'JSON') {
    problems.push({
      field: 'format',
      code: 'UNSUPPORTED',
      message: `This version reads HTML and JSON, not yet ${format}.`,
    });
  }
  if (render !== 'HTTP') {
    problems.push({
      field: 'render',
      code: 'UNSUPPORTED',
      message: `This version reads pages over HTTP, not yet in a ${render.toLowerCase()}: leave "render" out, or look for the API that the page calls.`,
    });
  }
  return problems;
}

function retainProblems(retain: string): Problem[] {
  if (retain === 'LATEST_RUN' || retain === 'FOREVER' || periodMsOf(retain) !== undefined) return [];
  return [
    {
      field: 'retain',
      code: 'INVALID_DURATION',
      message: `"${retain}" is neither LATEST_RUN nor FOREVER nor an ISO 8601 duration such as P7D.`,
    },
  ];
}

function paginationProblems({ pagination, format }: SourceDraft, pagesMax: number): Problem[] {
  if (!pagination) return [];
  const problems = selectorProblems(format, pagination.next, 'next', 'pagination.next');
  if (pagination.limit < 1) {
    problems.push({
      field: 'pagination.limit',
      code: 'TOO_FEW',
      message: 'A run reads at least one page: give a limit of 1 or more.',
    });
  }
  if (pagination.limit > pagesMax) {
    problems.push({
      field: 'pagination.limit',
      code: 'TOO_MANY',
      limit: 'PAGES_MAX',
      message: `A run reads at most ${pagesMax} pages here: give a lower limit.`,
    });
  }
  return problems;
}

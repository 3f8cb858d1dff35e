import type {
  FieldSpec,
  Isolation,
  PaginationSpec,
  Renderer,
  Retain,
  ScheduleSpec,
  SourceFormat,
  SourceSpec,
} from '../../../platform/model/source-spec.ts';
import type { AddSourceInput, FieldInput, PaginationInput, UpdateSourceInput } from '../generated.ts';

/** A source as somebody wants it, with every default but that of the key filled in; nothing in it is checked. */
export interface SourceDraft {
  readonly name: string | null;
  readonly collection: string;
  readonly url: string;
  readonly format: SourceFormat;
  readonly render: Renderer;
  readonly schedule: ScheduleDraft;
  readonly records: string;
  readonly fields: readonly FieldSpec[];
  readonly key: readonly string[] | null;
  readonly retain: Retain;
  readonly pagination: PaginationSpec | null;
  readonly isolation: Isolation;
}

/** `every` and `cron` exclude each other, `timezone` belongs to `cron`. */
export interface ScheduleDraft {
  readonly every: string | null;
  readonly cron: string | null;
  readonly timezone: string | null;
}

/** The default of the SDL: an `every` that says it beside `cron` was not given by anybody. */
const EVERY_DEFAULT = 'PT5M';
const PAGES_DEFAULT = 10;

/** Null counts as left out, as the SDL's defaults cannot be had otherwise. */
export function draftOfInput(input: AddSourceInput): SourceDraft {
  const cron = input.cron ?? null;
  const every = input.every ?? EVERY_DEFAULT;
  return {
    name: input.name ?? null,
    collection: input.collection.trim(),
    url: input.url.trim(),
    format: input.format ?? 'HTML',
    render: input.render ?? 'HTTP',
    schedule: {
      every: cron !== null && every === EVERY_DEFAULT ? null : every,
      cron,
      timezone: input.timezone ?? null,
    },
    records: input.records.trim(),
    fields: input.fields.map(fieldOfInput),
    key: input.key ?? null,
    retain: input.retain ?? 'LATEST_RUN',
    pagination: paginationOfInput(input.pagination),
    isolation: input.isolation ?? 'SHARED',
  };
}

/**
 * What is left out stays as it is. Null takes the pagination away, and gives the name its default; elsewhere it
 * counts as left out.
 */
export function draftOfUpdate(spec: SourceSpec, input: UpdateSourceInput): SourceDraft {
  return {
    name: input.name === undefined ? spec.name : input.name,
    collection: spec.collection,
    url: input.url?.trim() ?? spec.url,
    format: input.format ?? spec.format,
    render: input.render ?? spec.render,
    schedule: scheduleOfUpdate(spec.schedule, input),
    records: input.records?.trim() ?? spec.records,
    fields: input.fields?.map(fieldOfInput) ?? spec.fields,
    key: spec.key,
    retain: input.retain ?? spec.retain,
    pagination:
      input.pagination === undefined ? (spec.pagination ?? null) : paginationOfInput(input.pagination),
    isolation: input.isolation ?? spec.isolation,
  };
}

function scheduleOfUpdate(schedule: ScheduleSpec, input: UpdateSourceInput): ScheduleDraft {
  const every = input.every ?? null;
  const cron = input.cron ?? null;
  const timezone = input.timezone ?? null;
  if (cron !== null) return { every, cron, timezone: timezone ?? schedule.timezone ?? null };
  if (every !== null) return { every, cron, timezone };
  return {
    every: schedule.every ?? null,
    cron: schedule.cron ?? null,
    timezone: timezone ?? schedule.timezone ?? null,
  };
}

function fieldOfInput(input: FieldInput): FieldSpec {
  return {
    name: input.name,
    select: input.select.trim(),
    type: input.type ?? 'STRING',
    list: input.list ?? false,
    merge: input.merge ?? 'LATEST',
    required: input.required ?? false,
  };
}

function paginationOfInput(input: PaginationInput | null | undefined): PaginationSpec | null {
  return input ? { next: input.next.trim(), limit: input.limit ?? PAGES_DEFAULT } : null;
}

/** @param draft Without problems. */
export function specOf(draft: SourceDraft, id: string, key: readonly string[]): SourceSpec {
  const { schedule, pagination } = draft;
  return {
    id,
    name: draft.name?.trim() ?? defaultName(draft.url),
    collection: draft.collection,
    url: draft.url,
    format: draft.format,
    render: draft.render,
    schedule:
      schedule.cron === null
        ? { every: schedule.every ?? EVERY_DEFAULT }
        : { cron: schedule.cron.trim(), timezone: schedule.timezone ?? 'UTC' },
    records: draft.records,
    fields: draft.fields,
    key,
    retain: draft.retain,
    ...(pagination ? { pagination } : {}),
    isolation: draft.isolation,
  };
}

/** In UTF-16 code units; a name is a label in lists. */
export const NAME_LENGTH_MAX = 200;

function defaultName(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname === '/' ? '' : pathname}`.slice(0, NAME_LENGTH_MAX);
}

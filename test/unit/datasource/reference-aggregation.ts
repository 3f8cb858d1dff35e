/**
 * ARCHITECTURE.md's section "Aggregation" said a second time: the whole journal is read at once, entry by entry
 * and source by source, from sightings that nothing ever changes. Slow, and without a line of the fold's code.
 */
import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import type { JournalItem } from '../../../platform/model/journal.ts';
import type { FieldValue, FieldValues } from '../../../platform/model/record.ts';

export interface ReferenceEntry {
  readonly fields: FieldValues;
  readonly sourceIds: readonly string[];
}

interface Sighting {
  readonly run: number;
  /** Place in the journal, then in the batch. */
  readonly place: readonly [sequence: number, index: number];
  readonly at: number;
}

interface Datum {
  readonly content: string;
  readonly values: FieldValues;
  readonly sightings: Sighting[];
}

/** What a source has said of an entry since it last said nothing at all. */
interface Account {
  data: Datum[];
  /** Runs that said something, in order. */
  sayingRuns: number[];
  touchedRun: number;
}

export function aggregateJournal(
  journal: readonly JournalItem[],
  itemsMax: number,
): Map<string, ReferenceEntry> {
  const definitions = journal.flatMap((item) => (item.kind === 'DEFINE' ? [item.definition] : []));
  const definition = definitions.at(-1);
  const entries = new Map<string, ReferenceEntry>();
  if (!definition) return entries;
  const sourceIds = [...new Set(definitions.flatMap(({ sources }) => sources.map(({ id }) => id)))].sort();
  for (const key of keysOf(journal)) {
    const accounts = sourceIds
      .map((id) => ({ id, data: contributingData(journal, key, id, itemsMax) }))
      .filter(({ data }) => data.length > 0);
    if (accounts.length === 0) continue;
    const data = accounts.flatMap((account) => account.data);
    entries.set(key, { fields: fieldsOf(data, definition), sourceIds: accounts.map(({ id }) => id) });
  }
  return entries;
}

interface Contributing {
  readonly values: FieldValues;
  readonly first: Sighting['place'];
  readonly news: Sighting['place'];
}

function contributingData(
  journal: readonly JournalItem[],
  key: string,
  sourceId: string,
  itemsMax: number,
): Contributing[] {
  let definition: CollectionDefinition | undefined;
  let account = nothing();
  for (const item of journal) {
    const source = definition?.sources.find(({ id }) => id === sourceId);
    const retain = source?.retain ?? 'FOREVER';
    switch (item.kind) {
      case 'DEFINE': {
        const next = item.definition.sources.find(({ id }) => id === sourceId)?.retain ?? 'FOREVER';
        if (definition && next !== retain) {
          account.data = selected(account, retain);
          account.data = selected(account, next);
        }
        definition = item.definition;
        break;
      }
      case 'BATCH': {
        if (item.sourceId !== sourceId) break;
        const spoken = item.records.flatMap((record, index) =>
          record.key === key ? [{ values: record.fields, index }] : [],
        );
        if (spoken.length > 0 || (item.seenKeys.includes(key) && account.data.length > 0)) {
          account.touchedRun = item.run;
        }
        if (spoken.length === 0) break;
        if (account.sayingRuns.at(-1) !== item.run) account.sayingRuns.push(item.run);
        if (retain === 'LATEST_RUN') {
          const lastTwo = account.sayingRuns.slice(-2);
          account.data = account.data.filter((datum) => lastTwo.includes(lastOf(datum).run));
        }
        for (const { values, index } of spoken) {
          const content = contentOf(values);
          const sighting = { run: item.run, place: [item.sequence, index] as const, at: item.receivedAt };
          const known = account.data
            .filter((datum) => datum.content === content && lastOf(datum).run !== item.run)
            .sort((a, b) => byPlace(firstOf(a).place, firstOf(b).place))[0];
          if (known) known.sightings.push(sighting);
          else account.data.push({ content, values, sightings: [sighting] });
        }
        account.data = bounded(account.data, item.run, itemsMax);
        break;
      }
      case 'RUN_COMPLETED':
        if (item.sourceId !== sourceId || retain !== 'LATEST_RUN') break;
        if (account.touchedRun < item.run) account = nothing();
        break;
      case 'SOURCE_REMOVED':
        if (item.sourceId === sourceId) account = nothing();
        break;
      case 'EXPIRE': {
        const match = /^PT(\d+)S$/.exec(retain);
        if (!match || source?.removed) break;
        const until = item.receivedAt - Number(match[1]) * 1_000;
        account.data = account.data.filter((datum) => lastOf(datum).at > until);
        break;
      }
    }
    if (account.data.length === 0) account = nothing();
  }
  const retain = definition?.sources.find(({ id }) => id === sourceId)?.retain ?? 'FOREVER';
  return selected(account, retain).map((datum) => ({
    values: datum.values,
    first: firstOf(datum).place,
    news: newsOf(datum, account.sayingRuns),
  }));
}

function nothing(): Account {
  return { data: [], sayingRuns: [], touchedRun: -1 };
}

function selected({ data, sayingRuns }: Account, retain: string): Datum[] {
  return retain === 'LATEST_RUN' ? data.filter((datum) => lastOf(datum).run === sayingRuns.at(-1)) : data;
}

/** The beginning of the unbroken row of runs that ends with its last sighting. */
function newsOf({ sightings }: Datum, sayingRuns: readonly number[]): Sighting['place'] {
  let index = sightings.length - 1;
  const turn = (at: number) => sayingRuns.indexOf(sightings[at]?.run ?? -1);
  while (index > 0 && turn(index) === turn(index - 1) + 1) index -= 1;
  return (sightings[index] as Sighting).place;
}

function bounded(data: Datum[], run: number, itemsMax: number): Datum[] {
  const kept = [...data];
  while (kept.length > itemsMax) {
    const unseen = kept.filter((datum) => lastOf(datum).run !== run);
    const victim =
      unseen.length > 0
        ? unseen.reduce((a, b) => (byPlace(lastOf(b).place, lastOf(a).place) < 0 ? b : a))
        : kept.reduce((a, b) => (byPlace(firstOf(b).place, firstOf(a).place) > 0 ? b : a));
    kept.splice(kept.indexOf(victim), 1);
  }
  return kept;
}

function firstOf(datum: Datum): Sighting {
  return datum.sightings[0] as Sighting;
}

function lastOf(datum: Datum): Sighting {
  return datum.sightings[datum.sightings.length - 1] as Sighting;
}

function byPlace(a: Sighting['place'], b: Sighting['place']): number {
  return a[0] - b[0] || a[1] - b[1];
}

function keysOf(journal: readonly JournalItem[]): Set<string> {
  return new Set(
    journal.flatMap((item) => (item.kind === 'BATCH' ? item.records.map(({ key }) => key) : [])),
  );
}

// --------------------------------------------------------------------------------------------- values

function fieldsOf(data: readonly Contributing[], definition: CollectionDefinition): FieldValues {
  const fields: Record<string, FieldValue> = {};
  for (const { name, type, list, merge } of definition.fields) {
    const said = data
      .filter(({ values }) => values[name] !== undefined && values[name] !== null)
      .filter(({ values }) => isOf(values[name] as FieldValue, type, list))
      .map((datum) => ({ ...datum, value: datum.values[name] as FieldValue }))
      .sort((a, b) => byPlace(a.first, b.first));
    if (merge === 'COUNT') fields[name] = said.length;
    if (merge === 'COUNT' || said.length === 0) continue;
    const values = said.map(({ value }) => value);
    const flat = values.flatMap((value) => (list ? (value as FieldValue[]) : [value]));
    const ordered = () => (type === 'DECIMAL' ? byDecimal(values) : byNature(values));
    const byNews = [...said].sort((a, b) => byPlace(a.news, b.news));
    const merged = (): FieldValue => {
      switch (merge) {
        case 'LATEST':
          return byNews.at(-1)?.value as FieldValue;
        case 'FIRST':
          return values[0] as FieldValue;
        case 'SET':
          return flat.filter((value, at) => flat.findIndex((one) => isSame(one, value, type)) === at);
        case 'LIST':
          return flat;
        case 'MIN':
          return ordered()[0] as FieldValue;
        case 'MAX':
          return ordered().at(-1) as FieldValue;
        case 'SUM':
          return type === 'DECIMAL' ? decimalSum(values) : numberTotal(values);
        case 'AVG':
          return type === 'DECIMAL'
            ? decimalAverage(total(values), BigInt(values.length))
            : numberTotal(values) / values.length;
      }
    };
    fields[name] = merged();
  }
  return fields;
}

function isOf(value: FieldValue, type: string, list: boolean): boolean {
  if (list) return Array.isArray(value) && value.every((one) => isOf(one, type, false));
  if (type === 'JSON') return true;
  if (type === 'BOOLEAN') return value === true || value === false;
  if (type === 'FLOAT') return typeof value === 'number';
  if (type === 'INT') return typeof value === 'number' && value % 1 === 0;
  if (typeof value !== 'string') return false;
  return type !== 'DECIMAL' || /^-?[0-9]+(\.[0-9]+)?$/.test(value);
}

function isSame(a: FieldValue, b: FieldValue, type: string): boolean {
  return type === 'DECIMAL' ? whole(a) === whole(b) : contentOf(a) === contentOf(b);
}

/** Names in order at every level, so that it tells contents apart and nothing else. */
function contentOf(value: FieldValue | FieldValues): string {
  if (Array.isArray(value)) return `[${value.map(contentOf).join()}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${name}:${contentOf((value as FieldValues)[name] as FieldValue)}`).join()}}`;
}

function byNature(values: readonly FieldValue[]): FieldValue[] {
  return [...values].sort((a, b) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : byCodePoint(String(a), String(b)),
  );
}

function byCodePoint(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Decimals as whole numbers of 10^-40: enough for all that the tests say. */
const SCALE = 40;

function whole(text: FieldValue): bigint {
  const [, sign, digits, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(text)) ?? [];
  const amount = BigInt(digits + fraction.padEnd(SCALE, '0'));
  return sign === '-' ? -amount : amount;
}

function byDecimal(values: readonly FieldValue[]): FieldValue[] {
  return [...values].sort((a, b) => {
    const difference = whole(a) - whole(b);
    return difference === 0n ? byCodePoint(String(a), String(b)) : difference < 0n ? -1 : 1;
  });
}

function total(values: readonly FieldValue[]): bigint {
  return values.map(whole).reduce((a, b) => a + b, 0n);
}

/** With as many digits behind the point as the longest value has. */
function decimalSum(values: readonly FieldValue[]): string {
  const places = Math.max(...values.map((value) => (String(value).split('.')[1] ?? '').length));
  const sum = total(values);
  const text = String(sum < 0n ? -sum : sum).padStart(SCALE + 1, '0');
  const [digits, fraction] = [text.slice(0, -SCALE), text.slice(-SCALE).slice(0, places)];
  return (sum < 0n ? '-' : '') + digits + (fraction && `.${fraction}`);
}

/** `amount / count` to 12 digits behind the point, half to even. */
function decimalAverage(amount: bigint, count: bigint): string {
  const unit = 10n ** BigInt(SCALE - 12) * count;
  let quotient = amount / unit;
  const rest = amount - quotient * unit;
  const twice = (rest < 0n ? -rest : rest) * 2n;
  if (twice > unit || (twice === unit && quotient % 2n !== 0n)) quotient += amount < 0n ? -1n : 1n;
  const sign = quotient < 0n ? '-' : '';
  const text = String(quotient < 0n ? -quotient : quotient).padStart(13, '0');
  const [digits, fraction] = [text.slice(0, -12), text.slice(-12).replace(/0*$/, '')];
  return sign + digits + (fraction && `.${fraction}`);
}

function numberTotal(values: readonly FieldValue[]): number {
  return (byNature(values) as number[]).reduce((a, b) => a + b, 0);
}

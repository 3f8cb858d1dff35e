import type { RunError, RunStatus } from '../../platform/model/run.ts';
import { RunFailure } from '../run-failure.ts';

/** What a run has come to when there is nothing more to read. */
export interface RunFacts {
  /** Records delivered. */
  readonly records: number;
  readonly quarantined: number;
  /** Quarantined records of which not even the entry is known. */
  readonly keyless: number;
  /** What ended the reading early. */
  readonly failure: RunFailure | undefined;
  /** Records of the last complete run; null before the first. */
  readonly baselineRecords: number | null;
}

export interface Outcome {
  readonly status: Extract<RunStatus, 'SUCCEEDED' | 'PARTIAL' | 'SUSPECT' | 'FAILED'>;
  readonly error: RunError | null;
}

/**
 * What to call a run. Only SUCCEEDED removes what the run did not see, so it is for runs that saw everything: a
 * record without a key may have been any entry, and a site that suddenly shows a fraction of what it did is
 * more often broken than empty.
 *
 * @param suspectBelow Percent of the baseline.
 */
export function decideOutcome(facts: RunFacts, suspectBelow: number): Outcome {
  const { records, quarantined, keyless, failure, baselineRecords } = facts;
  if (failure) {
    // What could not be delivered is no part that could be.
    const isPartial = records > 0 && failure.code !== 'DELIVERY_FAILED';
    return { status: isPartial ? 'PARTIAL' : 'FAILED', error: runError(failure) };
  }
  if (records === 0 && quarantined === 0) {
    const message =
      'The selector of "records" finds nothing on the page. Where it does in a browser, the page may be ' +
      'made there: by scripts, or by the <tbody> that browsers add to tables.';
    return failed('RESULT_EMPTY', message);
  }
  if (records === 0) {
    const message = `None of the ${quarantined} records found is fit to be taken; see quarantinedRecords.`;
    return failed('RECORDS_INVALID', message);
  }
  if (keyless > 0) {
    const message = `${keyless} of ${records + quarantined} records have no key, so nothing was removed.`;
    return { ...failed('RECORDS_INVALID', message), status: 'PARTIAL' };
  }
  if (baselineRecords !== null && records * 100 < baselineRecords * suspectBelow) {
    const message = `Only ${records} records were found where there were ${baselineRecords}: nothing was removed.`;
    return { ...failed('RESULT_SUSPECT', message), status: 'SUSPECT' };
  }
  return { status: 'SUCCEEDED', error: null };
}

function runError({ code, message, url }: RunFailure): RunError {
  return { code, message, url: url ?? null };
}

function failed(code: RunFailure['code'], message: string): Outcome {
  return { status: 'FAILED', error: runError(new RunFailure(code, message)) };
}

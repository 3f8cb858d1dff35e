import { describe, expect, it } from 'vitest';
import { RunFailure } from '../run-failure.ts';
import { decideOutcome, type RunFacts } from './outcome.ts';

const page = new RunFailure('TIMEOUT', 'too slow', { url: 'https://a.example/2' });
const undelivered = new RunFailure('DELIVERY_FAILED', 'no');

const facts = (some: Partial<RunFacts>): RunFacts => ({
  records: 0,
  quarantined: 0,
  keyless: 0,
  failure: undefined,
  baselineRecords: null,
  ...some,
});

describe('decideOutcome', () => {
  it.each<[string, Partial<RunFacts>, status: string, code: string | undefined]>([
    ['all read', { records: 5 }, 'SUCCEEDED', undefined],
    ['as many as ever', { records: 100, baselineRecords: 100 }, 'SUCCEEDED', undefined],
    ['a fifth of what there was', { records: 20, baselineRecords: 100 }, 'SUCCEEDED', undefined],
    ['less than a fifth', { records: 19, baselineRecords: 100 }, 'SUSPECT', 'RESULT_SUSPECT'],
    ['after an empty baseline', { records: 1, baselineRecords: 0 }, 'SUCCEEDED', undefined],
    ['some unfit, all with keys', { records: 5, quarantined: 2 }, 'SUCCEEDED', undefined],
    ['some without keys', { records: 5, quarantined: 2, keyless: 1 }, 'PARTIAL', 'RECORDS_INVALID'],
    ['nothing found', {}, 'FAILED', 'RESULT_EMPTY'],
    ['nothing fit', { quarantined: 3 }, 'FAILED', 'RECORDS_INVALID'],
    ['first page failed', { failure: page }, 'FAILED', 'TIMEOUT'],
    ['later page failed', { records: 5, failure: page }, 'PARTIAL', 'TIMEOUT'],
    ['later page failed, all unfit', { quarantined: 5, failure: page }, 'FAILED', 'TIMEOUT'],
    ['not delivered', { records: 5, failure: undelivered }, 'FAILED', 'DELIVERY_FAILED'],
    ['later page failed, few', { records: 1, baselineRecords: 100, failure: page }, 'PARTIAL', 'TIMEOUT'],
  ])('%s', (_, some, status, code) => {
    const outcome = decideOutcome(facts(some), 20);
    expect(outcome.status).toBe(status);
    expect(outcome.error?.code).toBe(code);
  });

  it('names the page on which it failed', () => {
    expect(decideOutcome(facts({ failure: page }), 20).error).toEqual({
      code: 'TIMEOUT',
      message: 'too slow',
      url: 'https://a.example/2',
    });
  });
});

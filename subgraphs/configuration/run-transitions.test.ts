import { describe, expect, it } from 'vitest';
import { RUN_STATUSES, type RunStatus } from '../../platform/model/run.ts';
import { isFinal, type RunTransition, runTransition } from './run-transitions.ts';

const FINAL = ['SUCCEEDED', 'PARTIAL', 'SUSPECT', 'FAILED', 'CANCELLED'] as const;

/** Every pair but those of two final statuses, which a rule says below. */
const TABLE: [current: RunStatus | undefined, reported: RunStatus, transition: RunTransition][] = [
  [undefined, 'QUEUED', 'REFUSE'],
  [undefined, 'RUNNING', 'START'],
  ['QUEUED', 'QUEUED', 'REFUSE'],
  ['QUEUED', 'RUNNING', 'START'],
  ['RUNNING', 'QUEUED', 'REFUSE'],
  ['RUNNING', 'RUNNING', 'PROGRESS'],
  ...FINAL.flatMap((status): typeof TABLE => [
    [undefined, status, 'FINISH'],
    ['QUEUED', status, 'FINISH'],
    ['RUNNING', status, 'FINISH'],
    [status, 'QUEUED', 'REFUSE'],
    [status, 'RUNNING', 'REFUSE'],
    [status, status, 'REPEAT'],
  ]),
];

describe('a run', () => {
  it.each(TABLE)('that is %s and is reported %s: %s', (current, reported, transition) => {
    expect(runTransition(current, reported)).toBe(transition);
  });

  it('that is over keeps its first end', () => {
    for (const current of FINAL) {
      for (const reported of FINAL.filter((status) => status !== current)) {
        expect(runTransition(current, reported)).toBe('REFUSE');
      }
    }
  });

  it('is over in every status but QUEUED and RUNNING', () => {
    expect(RUN_STATUSES.filter(isFinal)).toEqual(FINAL);
  });
});

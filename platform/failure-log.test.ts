import { expect, it } from 'vitest';
import { createLogLines } from '../test/support/log-lines.ts';
import { TributaryError, UnavailableError } from './errors.ts';
import { createFailureLog } from './failure-log.ts';

it('says once that somebody does not answer, without a stack, and once that it is over', () => {
  const { logger, lines, messages } = createLogLines();
  const log = createFailureLog(logger, 'looking');
  log.succeeded();
  for (let time = 0; time < 5; time++) log.failed(new UnavailableError('Redis does not answer'));
  // The same, told by another service.
  log.failed(new TributaryError('DATASOURCE_UNAVAILABLE', 'MongoDB does not answer'));
  expect(messages()).toEqual(['looking failed, trying on']);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ reason: 'Redis does not answer' });
  expect(lines[0]).not.toContain('stack');
  for (let time = 0; time < 2; time++) log.succeeded();
  log.failed(new UnavailableError('Redis does not answer'));
  expect(messages().slice(1)).toEqual(['looking succeeds again', 'looking failed, trying on']);
});

it('says any other failure each time, with all there is', () => {
  const { logger, lines } = createLogLines();
  const log = createFailureLog(logger, 'looking');
  for (let time = 0; time < 2; time++) log.failed(new TypeError('a bug'), { collection: 'books' });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject(
    Array(2).fill({ collection: 'books', err: { type: 'TypeError' }, msg: 'looking failed' }),
  );
});

it('says nothing of a moment without an answer where that is tolerated', () => {
  const { logger, messages } = createLogLines();
  const log = createFailureLog(logger, 'looking', { tolerated: 2 });
  for (let time = 0; time < 2; time++) log.failed(new UnavailableError('not yet'));
  log.succeeded();
  expect(messages()).toEqual([]);
  for (let time = 0; time < 4; time++) log.failed(new UnavailableError('not yet'));
  expect(messages()).toEqual(['looking failed, trying on']);
});

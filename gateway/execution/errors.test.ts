import { GraphQLError } from 'graphql';
import { expect, it } from 'vitest';
import { createLogLines } from '../../test/support/log-lines.ts';
import { publicError, UNAVAILABLE_MESSAGE } from './errors.ts';

const errorOf = (code: string | undefined, message: string) =>
  new GraphQLError(message, { path: ['books'], extensions: code === undefined ? {} : { code } });

it.each([
  ['BAD_USER_INPUT', 'first must be 1 to 100', 'first must be 1 to 100'],
  [
    'DATASOURCE_UNAVAILABLE',
    'MongoDB does not answer: connect ECONNREFUSED 10.1.2.3:27017',
    UNAVAILABLE_MESSAGE,
  ],
])('an app is told of %s its place and code, and of "%s": %s', (code, message, told) => {
  const { logger, lines } = createLogLines();
  expect(publicError(errorOf(code, message), logger)).toEqual({
    message: told,
    path: ['books'],
    extensions: { code },
  });
  expect(lines).toEqual([]);
});

it('an app is told nothing of what is unexpected, the log all', () => {
  const { logger, lines } = createLogLines();
  expect(publicError(errorOf(undefined, 'a bug at 10.1.2.3'), logger)).toEqual({
    message: 'Something went wrong on our side.',
    path: ['books'],
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('a bug at 10.1.2.3');
});

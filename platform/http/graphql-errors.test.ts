import { GraphQLError } from 'graphql';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { CursorInvalidError } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import { formatResult } from './graphql-errors.ts';

const failed = (originalError?: Error, message = originalError?.message ?? 'Cannot query field "x".') =>
  new GraphQLError(message, { path: ['books', 0], ...(originalError ? { originalError } : {}) });

it('passes a result without errors as it is', () => {
  const result = { data: { a: 1 } };
  expect(formatResult(result, silentLogger)).toBe(result);
});

it('keeps message, code and path of an error of ours, and the data beside it', () => {
  const result = { data: { books: null }, errors: [failed(new CursorInvalidError('zzz'))] };
  expect(formatResult(result, silentLogger)).toEqual({
    data: { books: null },
    errors: [
      {
        message: 'Not a cursor of this collection: "zzz"',
        path: ['books', 0],
        extensions: { code: 'CURSOR_INVALID' },
      },
    ],
  });
});

it('tells GraphQL’s own errors as bad input, and nothing but their code', () => {
  const [error] = formatResult({ errors: [failed()] }, silentLogger).errors ?? [];
  expect(error).toMatchObject({
    message: 'Cannot query field "x".',
    extensions: { code: 'BAD_USER_INPUT' },
  });
  const withStack = new GraphQLError('no', {
    extensions: { code: 'FORBIDDEN', stacktrace: ['at secret.ts'] },
  });
  expect(formatResult({ errors: [withStack] }, silentLogger).errors?.[0]?.extensions).toEqual({
    code: 'FORBIDDEN',
  });
});

it('masks what is unexpected, and logs it', () => {
  const lines: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
  const result = { errors: [failed(new TypeError('password=xyzzy of the database'))] };
  expect(formatResult(result, logger).errors).toEqual([
    {
      message: 'Something went wrong on our side.',
      path: ['books', 0],
      extensions: { code: 'INTERNAL_SERVER_ERROR' },
    },
  ]);
  expect(lines.join()).toContain('password=xyzzy');
});

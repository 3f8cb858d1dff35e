import { describe, expect, it } from 'vitest';
import { isJson, negotiate } from './media-type.ts';

const MODERN = 'application/graphql-response+json';
const LEGACY = 'application/json';

describe('negotiate', () => {
  it.each([
    [undefined, LEGACY],
    ['', LEGACY],
    ['*/*', LEGACY],
    ['application/*', LEGACY],
    [MODERN, MODERN],
    [LEGACY, LEGACY],
    [`${MODERN}, ${LEGACY};q=0.9`, MODERN],
    [`${LEGACY}, ${MODERN}`, MODERN],
    [`${LEGACY}, ${MODERN};q=0.9`, LEGACY],
    [`${MODERN}, */*`, MODERN],
    [`${LEGACY};q=0, */*`, undefined],
    [`${LEGACY};q=0, ${MODERN};q=0.1`, MODERN],
    [`${MODERN};q=0, */*;q=0.1`, LEGACY],
    ['APPLICATION/JSON ; CHARSET="UTF-8"', LEGACY],
    ['application/json; charset=latin1', undefined],
    ['text/html', undefined],
    ['text/html, application/xml;q=0.9, */*;q=0.8', LEGACY],
  ])('%s gives %s', (accept, type) => {
    expect(negotiate(accept)).toBe(type);
  });
});

describe('isJson', () => {
  it.each([
    ['application/json', true],
    ['Application/JSON; charset=utf-8', true],
    ['application/json; boundary=x', true],
    ['application/json; charset=utf-16', false],
    ['application/jsonp', false],
    ['text/plain', false],
    [undefined, false],
  ])('%s is %s', (contentType, expected) => {
    expect(isJson(contentType)).toBe(expected);
  });
});

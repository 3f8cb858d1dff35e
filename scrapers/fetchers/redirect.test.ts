import { describe, expect, it } from 'vitest';
import { redirectTarget } from './redirect.ts';

const visited = (...urls: string[]) => urls.map((url) => new URL(url));

describe('redirectTarget', () => {
  it.each([
    ['https://a.example/x/y', '/z', 'https://a.example/z'],
    ['https://a.example/x/y', 'z', 'https://a.example/x/z'],
    ['https://a.example/x', '//b.example/', 'https://b.example/'],
    ['http://a.example/', 'https://a.example/', 'https://a.example/'],
    ['https://a.example/#part', '/z', 'https://a.example/z#part'],
    ['https://a.example/#part', '/z#other', 'https://a.example/z#other'],
  ])('follows from %s to %s', (from, location, to) => {
    expect(redirectTarget(location, visited(from), 5).href).toBe(to);
  });

  it.each<[string, string[], string | undefined, string]>([
    ['nowhere', ['https://a.example/'], undefined, 'HTTP_STATUS'],
    ['to no URL', ['https://a.example/'], 'http://[', 'BAD_CONTENT'],
    ['to a file', ['http://a.example/'], 'file:///etc/passwd', 'ADDRESS_FORBIDDEN'],
    ['to data', ['http://a.example/'], 'data:text/html,x', 'ADDRESS_FORBIDDEN'],
    ['from https to http', ['https://a.example/'], 'http://a.example/', 'ADDRESS_FORBIDDEN'],
    ['to itself', ['https://a.example/'], '/', 'TOO_MANY_REDIRECTS'],
    ['in a circle', ['https://a.example/1', 'https://a.example/2'], '/1', 'TOO_MANY_REDIRECTS'],
    [
      'too far',
      ['http://a.example/1', 'http://a.example/2', 'http://a.example/3'],
      '/4',
      'TOO_MANY_REDIRECTS',
    ],
  ])('does not follow %s', (_, urls, location, code) => {
    expect(() => redirectTarget(location, visited(...urls), 2)).toThrowError(
      expect.objectContaining({ code }),
    );
  });

  it('shows no credentials', () => {
    const follow = () => redirectTarget('/', visited('https://me:secret@a.example/'), 5);
    expect(follow).toThrowError(
      expect.objectContaining({ url: 'https://a.example/', message: expect.not.stringContaining('secret') }),
    );
  });
});

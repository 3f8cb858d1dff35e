import { describe, expect, it } from 'vitest';
import { bearerOf, createCallerCheck, gatewayTokenOf } from './service-tokens.ts';

const TOKEN = 'a token that services share';

describe('Tokens between services', () => {
  it('tell services, gateways and strangers apart', () => {
    const callerOf = createCallerCheck(TOKEN);
    expect(callerOf(`Bearer ${TOKEN}`)).toBe('service');
    expect(callerOf(`Bearer ${gatewayTokenOf(TOKEN)}`)).toBe('gateway');
    const strangers = [
      undefined,
      '',
      TOKEN,
      'Bearer ',
      `Bearer ${TOKEN}x`,
      `Bearer ${gatewayTokenOf('another')}`,
      7,
    ];
    for (const shown of strangers) expect([shown, callerOf(shown)]).toEqual([shown, undefined]);
  });

  it('of gateways are the same wherever they are made, and do not show the service token', () => {
    expect(gatewayTokenOf(TOKEN)).toBe(gatewayTokenOf(TOKEN));
    // Both sides of an update must agree on it.
    expect(gatewayTokenOf(TOKEN)).toMatchInlineSnapshot(`"TagiaxnFh52v6pLmnFR7t7FvJ9_oqBSJgEwCH1uFLnQ"`);
    // A gateway that is taken for a service's holder gets nowhere with what it has.
    expect(createCallerCheck(gatewayTokenOf(TOKEN))(`Bearer ${TOKEN}`)).toBeUndefined();
  });

  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER   abc ', 'abc'],
    ['Bearer with spaces', 'with spaces'],
    ['Bearerabc', undefined],
    ['Basic abc', undefined],
    [undefined, undefined],
    [['Bearer abc'], undefined],
  ])('are read from %j as %j', (authorization, token) => {
    expect(bearerOf(authorization)).toBe(token);
  });
});

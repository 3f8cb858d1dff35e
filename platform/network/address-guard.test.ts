import { describe, expect, it } from 'vitest';
import { createAddressGuard } from './address-guard.ts';

describe('the address guard', () => {
  it.each(['8.8.8.8', '93.184.215.14', '1.1.1.1', '2606:4700:4700::1111', '2a00:1450:4001:829::200e'])(
    'lets %s through',
    (ip) => {
      expect(createAddressGuard('').problem(ip)).toBeUndefined();
    },
  );

  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.1.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '127.1',
    '0x7f.1',
    '2130706433',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::a00:1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '4000::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'fd00:ec2::254',
    'localhost',
    '',
  ])('refuses %s', (ip) => {
    expect(createAddressGuard('').problem(ip)).toMatch(/ is /);
  });

  it('lets through what is allowed, and no more', () => {
    const guard = createAddressGuard('127.0.0.1, 10.1.0.0/16,fd00::/8');
    expect(guard.problem('127.0.0.1')).toBeUndefined();
    expect(guard.problem('::ffff:127.0.0.1')).toBeUndefined();
    expect(guard.problem('10.1.255.1')).toBeUndefined();
    expect(guard.problem('fd00::1')).toBeUndefined();
    expect(guard.problem('127.0.0.2')).toBe('127.0.0.2 is a loopback address');
    expect(guard.problem('10.2.0.1')).toBe('10.2.0.1 is a private address');
    expect(guard.problem('fe80::1')).toBeDefined();
  });

  it('names the setting and every part of it that is no network', () => {
    const open = () => createAddressGuard('10.0.0.0/8,10/8,nonsense,10.0.0.0/40,127.1');
    expect(open).toThrowError(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: ['10/8', 'nonsense', '10.0.0.0/40', '127.1']
          .map((part) => `SCRAPER_ALLOW_NETWORKS: "${part}" is not a network such as 10.1.0.0/16 or fd00::/8`)
          .join('\n'),
      }),
    );
  });
});

import { expect, test } from 'vitest';
import { addressKey, isLoopbackAddress } from '../../src/io/addresses.ts';

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['::1', '0:0:0:0'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0db8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::9', '2001:db8:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['', ''],
])('the address %s is limited as %s', (address, key) => {
  expect(addressKey(address)).toBe(key);
});

test('which addresses are this machine itself', () => {
  expect(['127.0.0.1', '127.3.2.1', '::1', '::ffff:127.0.0.1'].map(isLoopbackAddress)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(['10.0.0.1', '::2', '::ffff:10.0.0.1', '12.7.0.1', ''].map(isLoopbackAddress)).toEqual(Array(5).fill(false));
});

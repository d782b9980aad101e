import { expect, test } from 'vitest';
import { Reader, Writer } from '../../src/base/bytes.ts';
import {
  ADDRESS_WORDS,
  copyAddress,
  formatAddress,
  isLoopback,
  isSameAddress,
  isSameHost,
  parseAddress,
  readAddress,
  writeAddress,
} from '../../src/transport/address.ts';

function written(text: string): number[] {
  const writer = new Writer(new Uint8Array(32));
  writeAddress(writer, parseAddress(text)!, 0);
  return [...writer.copy()];
}

test.each([
  ['127.0.0.1:40000', '127.0.0.1:40000'],
  ['255.255.255.255:65535', '255.255.255.255:65535'],
  ['[::]:1', '[0:0:0:0:0:0:0:0]:1'],
  ['[::1]:7777', '[0:0:0:0:0:0:0:1]:7777'],
  ['[2001:DB8::8:0]:9', '[2001:db8:0:0:0:0:8:0]:9'],
  ['[1:2:3:4:5:6:7:8]:0', '[1:2:3:4:5:6:7:8]:0'],
  ['[::ffff:10.1.2.3]:5', '10.1.2.3:5'],
])('%s is read', (text, canonical) => {
  expect(formatAddress(parseAddress(text)!)).toBe(canonical);
});

test.each(['', '1.2.3:4', '1.2.3.256:4', '1.2.3.4', '1.2.3.4:65536', '[::1]', '[1::2::3]:4', 'localhost:1', '::1:2'])(
  '“%s” is no address',
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);

test('in a token an IPv4 address has 7 bytes and an IPv6 address 19, both little-endian', () => {
  expect(written('1.2.3.4:513')).toEqual([1, 1, 2, 3, 4, 1, 2]);
  expect(written('[102:304::506]:513')).toEqual([2, 2, 1, 4, 3, ...new Array(10).fill(0), 6, 5, 1, 2]);
});

test.each(['9.8.7.6:54321', '[fe80::1:2:3]:7'])('%s is read as it was written, wherever it stands', (text) => {
  const words = new Uint32Array(ADDRESS_WORDS + 2);
  expect(readAddress(new Reader(Uint8Array.from(written(text))), words, 2)).toBe(true);
  expect(isSameAddress(words, 2, parseAddress(text)!, 0)).toBe(true);
  const copy = new Uint32Array(ADDRESS_WORDS);
  copyAddress(words, 2, copy, 0);
  expect(copy).toEqual(parseAddress(text));
  for (let word = 0; word < ADDRESS_WORDS; word++) {
    copy[word]!++;
    expect(isSameAddress(words, 2, copy, 0)).toBe(false);
    copy[word]!--;
  }
});

test('another type is refused', () => {
  const words = new Uint32Array(ADDRESS_WORDS);
  for (const type of [0, 3, 255]) expect(readAddress(new Reader(new Uint8Array(30).fill(type)), words, 0)).toBe(false);
});

test.each([
  ['127.0.0.1:1', true],
  ['127.9.8.7:1', true],
  ['[::1]:1', true],
  ['128.0.0.1:1', false],
  ['10.0.0.1:1', false],
  ['[::2]:1', false],
  ['[fe80::1]:1', false],
])('whether %s is this machine itself: %s', (text, isOwn) => {
  expect(isLoopback(parseAddress(text)!, 0)).toBe(isOwn);
});

test.each([
  ['10.0.0.1:5', '10.0.0.1:6', true],
  ['10.0.0.1:5', '10.0.0.2:5', false],
  ['[2001:db8:1:2::1]:5', '[2001:db8:1:2:ffff::9]:6', true],
  ['[2001:db8:1:2::1]:5', '[2001:db8:1:3::1]:5', false],
  ['[2001:db8:1:2::1]:5', '[2001:db9:1:2::1]:5', false],
  ['[0:0:1::1]:5', '10.0.0.1:5', false],
  ['[::1]:5', '[::2]:5', false],
])('%s and %s are the same host: %s', (a, b, isSame) => {
  expect(isSameHost(Uint32Array.of(7, ...parseAddress(a)!), 1, parseAddress(b)!, 0)).toBe(isSame);
});

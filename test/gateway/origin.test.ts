import { expect, test } from 'vitest';
import { hostName, isOriginAllowed, isOriginOnHost } from '../../src/gateway/origin.ts';

const ALLOWED = ['https://play.example.org'];

test.each<[string | undefined, string | undefined, boolean, string]>([
  [undefined, '127.0.0.1:8080', true, 'a program sends no Origin'],
  ['http://127.0.0.1:8080', '127.0.0.1:8080', true, 'the page itself'],
  ['http://example.org', 'EXAMPLE.org:80', true, 'the default port may be spelled'],
  ['http://[::1]:8080', '[::1]:8080', true, 'IPv6'],
  ['https://play.example.org', '127.0.0.1:8080', true, 'listed'],
  ['http://play.example.org', '127.0.0.1:8080', false, 'listed with another scheme'],
  ['http://127.0.0.1:9090', '127.0.0.1:8080', false, 'another port'],
  ['http://evil.test', '127.0.0.1:8080', false, 'another site'],
  ['http://127.0.0.1:8080.evil.test', '127.0.0.1:8080', false, 'a prefix'],
  ['http://evil.test@127.0.0.1:8080', '127.0.0.1:8080', false, 'user info'],
  ['http://127.0.0.1:8080/path', '127.0.0.1:8080', false, 'a path'],
  ['null', '127.0.0.1:8080', false, 'a sandboxed page'],
  ['', '127.0.0.1:8080', false, 'empty'],
  ['file://', '', false, 'a file'],
  ['http://x', undefined, false, 'no Host'],
  ['not a url', 'not a url', false, 'nonsense on both sides'],
])('origin %s on host %s: %s (%s)', (origin, host, isAllowed) => {
  expect(isOriginAllowed(origin, host, ALLOWED)).toBe(isAllowed);
});

test('an edge takes pages of its own host on any port, and no others', () => {
  expect(isOriginOnHost('http://127.0.0.1:8080', '127.0.0.1:7777', [])).toBe(true);
  expect(isOriginOnHost('http://[::1]:8080', '[::1]:7777', [])).toBe(true);
  expect(isOriginOnHost(undefined, '127.0.0.1:7777', [])).toBe(true);
  expect(isOriginOnHost('http://evil.test:7777', '127.0.0.1:7777', [])).toBe(false);
  expect(isOriginOnHost('null', '127.0.0.1:7777', [])).toBe(false);
});

test.each([
  ['127.0.0.1:8080', '127.0.0.1'],
  ['Example.ORG', 'example.org'],
  ['[::1]:1', '[::1]'],
  ['a/b', undefined],
  ['user@host', undefined],
  ['host:port', undefined],
  ['', undefined],
  ['x'.repeat(300), undefined],
])('the host name in %s is %s', (host, name) => {
  expect(hostName(host)).toBe(name);
});

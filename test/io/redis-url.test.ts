import { describe, expect, test } from 'vitest';
import { readRedisUrl, showRedisAddress } from '../../src/io/redis-url.ts';

const at = (host: string, port: number) => ({ host, port });

describe('where Redis is', () => {
  test.each([
    ['redis://localhost', { kind: 'single', hosts: [at('localhost', 6379)], isTls: false, database: 0 }],
    ['rediss://h.example:1/3', { kind: 'single', hosts: [at('h.example', 1)], isTls: true, database: 3 }],
    ['redis://u:p%40s@[::1]:7', { hosts: [at('::1', 7)], username: 'u', password: 'p@s' }],
    ['redis://:only@h', { username: undefined, password: 'only' }],
    ['redis+cluster://a:1,b:2', { kind: 'cluster', hosts: [at('a', 1), at('b', 2)] }],
    ['rediss+sentinel://u:p@a,b:2/main', { kind: 'sentinel', hosts: [at('a', 26379), at('b', 2)], masterName: 'main' }],
    ['redis+sentinel://a/main/4', { masterName: 'main', database: 4 }],
  ])('%s', (text, address) => expect(readRedisUrl(text)).toMatchObject(address));

  test.each([
    ...[
      '',
      'localhost',
      'http://localhost',
      'redis://',
      'redis://a,b',
      'redis://a:0',
      'redis://a:65536',
      'redis://a/x',
    ],
    ...['redis://a/1/2', 'redis+cluster://a/1', 'redis+sentinel://a', 'redis+sentinel://a/m/x', 'redis://%zz:x@a'],
    ...['redis://a b', 'redis+other://a', 'redis://a@b@c'],
  ])('%s is none', (text) => expect(readRedisUrl(text)).toBeUndefined());

  test('what is shown of it holds no password', () => {
    for (const text of ['redis://u:geheim@h', 'redis+cluster://u:geheim@h:1', 'redis+sentinel://:geheim@h/main']) {
      const shown = showRedisAddress(readRedisUrl(text)!);
      expect(shown).toContain('h:');
      expect(shown).not.toContain('geheim');
    }
  });
});

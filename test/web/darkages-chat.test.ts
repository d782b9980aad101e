import { expect, test } from 'vitest';
import { answerText, readLine } from '../../src/web/darkages-chat.ts';

test.each([
  ['hello all', { request: 'say', values: { text: 'hello all' } }],
  ['  spaced  ', { request: 'say', values: { text: 'spaced' } }],
  ['/w Brynn follow me', { request: 'whisper', values: { to: 'Brynn', text: 'follow me' } }],
  ['/W  Brynn   follow  me', { request: 'whisper', values: { to: 'Brynn', text: 'follow  me' } }],
  ['/p to the trolls', { request: 'partySay', values: { text: 'to the trolls' } }],
  ['/invite Brynn', { request: 'invite', values: { name: 'Brynn' } }],
  ['/kick Brynn', { request: 'kick', values: { name: 'Brynn' } }],
  ['/lead Brynn', { request: 'promote', values: { name: 'Brynn' } }],
  ['/accept', { request: 'accept', values: {} }],
  ['/decline', { request: 'decline', values: {} }],
  ['/ignore Brynn', { deed: 'ignore', name: 'Brynn' }],
  ['/Unignore Brynn', { deed: 'unignore', name: 'Brynn' }],
  ['/leave', { request: 'leaveParty', values: {} }],
])('the line %j is %j', (line, command) => {
  expect(readLine(line)).toEqual(command);
});

test('nothing is nothing, and what is not understood is explained', () => {
  expect(readLine('   ')).toBeUndefined();
  for (const line of ['/w', '/w Brynn', '/p', '/invite', '/kick', '/lead', '/ignore', '/unignore', '/dance', '/'])
    expect(readLine(line)).toMatch(/\/\w/);
});

test('refusals are sentences, those of a newer server too', () => {
  expect(answerText('no_such_player')).toBe('Nobody of that name is here.');
  expect(answerText('too_many_goats')).toBe('Not sent: too many goats.');
});

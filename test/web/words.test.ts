import { expect, test } from 'vitest';
import { CONNECTING, FAILED, IDLE, JOINING, PLAYING, RECONNECTING } from '../../src/client/state.ts';
import { bannerText, byteRate, loadText, reasonText, stateName } from '../../src/web/words.ts';

test('states have a word', () => {
  const names = [FAILED, IDLE, CONNECTING, JOINING, PLAYING, RECONNECTING].map(stateName);
  expect(names).toEqual(['failed', 'idle', 'connecting', 'joining', 'playing', 'reconnecting']);
  expect(stateName(77)).toBe('idle');
});

test('reasons are sentences, those of a newer server too', () => {
  expect(reasonText('')).toBe('');
  expect(reasonText('shutting_down')).toBe('The server is restarting.');
  expect(reasonText('too_many_goats')).toBe('The server says: too many goats.');
});

test('the banner speaks while the connection is being made again, and else is silent', () => {
  expect(bannerText(RECONNECTING, 'lost')).toBe('The connection was lost. Trying again…');
  expect(bannerText(JOINING, 'lost')).toBe('The connection was lost. Connecting again…');
  expect(bannerText(CONNECTING, '')).toBe('');
  expect(bannerText(PLAYING, '')).toBe('');
  expect(bannerText(FAILED, 'replaced')).toBe('');
  expect(bannerText(RECONNECTING, 'shutting_down', true)).toBe('The server is restarting. Coming back…');
  expect(bannerText(PLAYING, '', true)).toBe('');
  expect(bannerText(CONNECTING, 'ticket_refused')).toBe(
    'The server wants to know again who you are. Connecting again…',
  );
});

test('a crowded zone says so, and how fast its time runs', () => {
  expect(loadText({ step: 0, pace: 1 })).toBe('');
  expect(loadText({ step: 2, pace: 1 })).toMatch(/^It is crowded here: .*less often/);
  expect(loadText({ step: 3, pace: 0.55 })).toContain('time runs at 55 % of its pace');
  expect(loadText({ step: 9, pace: 1 })).not.toBe('');
});

test.each([
  [0, '0 B/s'],
  [999, '999 B/s'],
  [1000, '1.0 kB/s'],
  [19_960, '20.0 kB/s'],
])('%d bytes a second are %s', (bytesPerS, text) => {
  expect(byteRate(bytesPerS)).toBe(text);
});

import { expect, test } from 'vitest';
import { game as tag } from '../../examples/tag/game.ts';
import { createClient } from '../../src/client/client.ts';
import { lookOf, shadeOf } from '../../src/web/look.ts';

const client = createClient({
  game: tag,
  requestSession: () => {},
  openSocket: () => ({ send: () => {}, close: () => {} }),
  clock: { now: () => 0 },
  random: () => 0,
});

test('a kind looks as the game says, and an unknown kind like something', () => {
  const { radiusMm } = lookOf(client, tag.kinds.player, { it: 0 }, 'Aldric');
  expect(radiusMm).toBe(tag.view!.kinds.player!.radiusMm);
  expect(lookOf(client, 200, {}, '').colour).toMatch(/^#/);
});

test('a tint means something in the game: no name changes it', () => {
  expect(lookOf(client, tag.kinds.player, { it: 1 }, 'Aldric').colour).toBe('#d04040');
  expect(lookOf(client, tag.kinds.player, { it: 1 }, 'Brynn').colour).toBe('#d04040');
});

test('a name has one shade, names have many different ones, and what is no plain colour stays', () => {
  expect(shadeOf('#4f8fd9', 'Aldric')).toBe(shadeOf('#4f8fd9', 'Aldric'));
  const shades = new Set(Array.from({ length: 50 }, (_, index) => shadeOf('#4f8fd9', `guest-${index * 7919}`)));
  expect(shades.size).toBeGreaterThan(12);
  for (const shade of shades) expect(shade).toMatch(/^hsl\(\d{1,3} \d{1,3}% \d{1,3}%\)$/);
  expect(shadeOf('#4f8fd9', '')).toBe('#4f8fd9');
  expect(shadeOf('tomato', 'Aldric')).toBe('tomato');
  expect(shadeOf('#808080', 'Aldric')).toMatch(/ 0% 50%\)$/);
});

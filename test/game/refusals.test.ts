import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REASONS, SLASH } from '../../src/game/abilities.ts';
import { WOLF } from '../../src/game/kinds.ts';
import { refuse, rules } from '../../src/game/refusals.ts';
import { addCreature, addPlayer, createArena, reasonsOf, step } from './arena.ts';

test('each reason has its rule, in the order of the numbers', () => {
  for (const [name, number] of Object.entries(REASONS)) expect(rules[number - 1]).toBe(name);
});

test('each code with which a request is refused has its rule', () => {
  const guide = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'game.md'), 'utf8');
  const table = guide.slice(guide.indexOf('\n## Requests'), guide.indexOf('\n## Events'));
  const codes: string[] = [];
  for (const [, request, cell] of table.matchAll(/^\| `(\w+)` \|.*\| ([^|]*) \|$/gm)) {
    for (const [, code] of cell!.matchAll(/`(\w+)`/g)) codes.push(`${request}.${code}`);
  }
  expect(codes.length).toBeGreaterThan(15);
  expect(codes.filter((code) => !rules.includes(code))).toEqual([]);
});

test('players are told and counted, creatures neither', () => {
  const arena = createArena();
  const slot = addPlayer(arena, 0, 0);
  const wolf = addCreature(arena, WOLF, 90_000, 0);
  for (const each of [slot, wolf, slot]) refuse(arena.sim, each, SLASH, REASONS.cooldown);
  expect(reasonsOf(arena, slot)).toEqual([REASONS.cooldown]);
  expect(arena.told.length).toBe(1);
  expect(arena.refusals[REASONS.cooldown - 1]).toBe(2);
});

test('the dead who want to go somewhere are counted, a tick each', () => {
  const arena = createArena();
  const slot = addPlayer(arena, 0, 0);
  const { columns, refusals } = arena;
  columns.health[slot] = 0;
  columns.deadUntil[slot] = 1_000_000;
  step(arena, 5);
  expect(refusals[rules.indexOf('deadMoving')]).toBe(0);
  columns.moveX[slot] = 50;
  step(arena, 7);
  expect(refusals[rules.indexOf('deadMoving')]).toBe(7);
  expect(columns.positionX[slot]).toBe(0);
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ABILITIES, INTEREST_RADIUS_MM, MANA_MAX, PLAYER_ABILITIES, REASONS } from '../../src/game/abilities.ts';
import { columns, inputs } from '../../src/game/columns.ts';
import { events } from '../../src/game/events.ts';
import { ARCHER, FIGHTERS, TROLL, WOLF } from '../../src/game/kinds.ts';
import { requests } from '../../src/game/requests.ts';

const reference = readFileSync(new URL('../../docs/game.md', import.meta.url), 'utf8');

function rowOf(firstCell: string): string[] {
  const line = reference.split('\n').find((each) => each.startsWith(`| ${firstCell} |`));
  expect(line, `docs/game.md has a row for ${firstCell}`).toBeDefined();
  return line!.split('|').map((cell) => cell.trim());
}

test('abilities make sense: by their id, within 50 m, payable, each with what its kind needs', () => {
  for (const [id, ability] of ABILITIES.entries()) {
    expect(ability.id).toBe(id);
    if (id === 0) continue;
    const { kind, rangeMm, mana, amount, cooldownTicks } = ability;
    expect(rangeMm).toBeLessThanOrEqual(INTEREST_RADIUS_MM);
    expect(mana).toBeLessThanOrEqual(MANA_MAX);
    expect(Math.min(amount, cooldownTicks, rangeMm)).toBeGreaterThan(0);
    if (kind === 'melee') expect(ability.coneTurn).toBeGreaterThan(0);
    if (kind === 'projectile') expect(Math.min(ability.speedCmPerS, ability.radiusMm)).toBeGreaterThan(0);
    if (kind === 'area') expect(Math.min(ability.delayTicks, ability.radiusMm)).toBeGreaterThan(0);
    if (id > PLAYER_ABILITIES) expect([mana, kind === 'heal']).toEqual([0, false]);
  }
});

test('the reference says what the tables say', () => {
  for (const ability of ABILITIES.slice(1)) {
    const line = reference.split('\n').find((each) => each.startsWith(`| ${ability.id} | ${ability.name} |`));
    expect(line, ability.name).toBeDefined();
    const cells = line!.split('|').map((cell) => cell.trim());
    expect(Number.parseInt(cells[4]!, 10) || 0).toBe(ability.castTicks);
    expect(Number(cells[5])).toBe(ability.cooldownTicks);
    expect(Number.parseInt(cells[6]!, 10) || 0).toBe(ability.mana);
    expect(Number.parseFloat(cells[7]!) * 1000).toBe(ability.rangeMm);
    expect(Number(cells[8])).toBe(ability.amount);
  }
  for (const [name, spec] of Object.entries({ ...inputs, ...requests, ...events })) {
    expect(reference).toContain(`| \`${name}\` | ${spec.field} |`);
  }
  for (const [name, spec] of Object.entries(columns)) {
    if (spec.seenBy !== 'nobody')
      expect(reference).toMatch(new RegExp(`\`${name.replace(/[23]$/, '\\d')}\`|readyTick`));
  }
  expect(Object.values(REASONS)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  for (const kind of [WOLF, ARCHER, TROLL]) {
    const cells = rowOf(String(kind));
    expect([Number(cells[3]), Number.parseFloat(cells[4]!) * 1000]).toEqual([
      FIGHTERS[kind]!.healthMax,
      FIGHTERS[kind]!.radiusMm,
    ]);
  }
});

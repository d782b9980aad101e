import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { columns } from '../../src/game/columns.ts';
import { game } from '../../src/game/game.ts';
import { EQUIPMENT_FIRST, EQUIPMENT_LAST, ITEM_LAST, ITEMS, POTION_LAST, SOLD_LAST } from '../../src/game/items.ts';

test('each item has a column that is an asset, and is told apart by number as the requests take it to be', () => {
  expect(ITEMS.map(({ asset }) => asset).sort()).toEqual([...game.assets].sort());
  for (const { asset } of ITEMS) expect(columns[asset]).toMatchObject({ asset: true, seenBy: 'owner' });
  for (const { id, kind, price, stack } of ITEMS.slice(1)) {
    const isWorn = kind === 'weapon' || kind === 'armour';
    expect(isWorn).toBe(id >= EQUIPMENT_FIRST && id <= EQUIPMENT_LAST);
    expect(kind === 'potion').toBe(id <= POTION_LAST);
    expect(price > 0).toBe(id <= SOLD_LAST);
    expect(stack).toBe(isWorn ? 1 : 20);
  }
  expect(ITEMS.length).toBe(ITEM_LAST + 1);
});

test('the reference says what the table says', () => {
  const reference = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'game.md'), 'utf8');
  for (const { id, label, stack, price, worth } of ITEMS.slice(1)) {
    const line = reference.split('\n').find((each) => each.startsWith(`| ${id} | ${label} |`));
    const cells = line!.split('|').map((cell) => cell.trim());
    expect([Number(cells[3]), Number(cells[4]), Number(cells[5])]).toEqual([stack, price, worth]);
  }
});

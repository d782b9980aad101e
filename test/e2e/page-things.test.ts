// What a player owns, on the page: bought and sold at a vendor, worn, traded with another page.

import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { PURSE_GOLD } from '../../src/game/inventory.ts';
import { HEALTH_POTION, ITEMS } from '../../src/game/items.ts';
import { VENDORS_MM } from '../../src/game/vendor.ts';
import { approach, chromium, column, enter, type Place, usePages, WAIT_MS } from './pages.ts';

const { serve, open } = usePages();

const { price, worth } = ITEMS[HEALTH_POTION]!;

async function goToVendor(page: Page, asideMm: number): Promise<void> {
  const [x, z] = VENDORS_MM[0]!;
  await approach(page, () => Promise.resolve<Place>({ x: x + asideMm, z }), 1_200);
}

async function untilColumn(page: Page, name: string, value: number): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS;
  while ((await column(page, name)) !== value) {
    if (performance.now() > deadlineMs) throw new Error(`${name} is ${await column(page, name)}, not ${value}`);
    await page.waitForTimeout(50);
  }
}

const rowOf = (page: Page, panel: string, text: string) => page.locator(`.${panel} .thing`, { hasText: text }).first();

describe.skipIf(chromium === undefined)('things on the page', () => {
  test('a potion is bought and sold where a vendor stands, and the panel goes when one walks away', async () => {
    await serve();
    const { page, errors } = await open();
    await enter(page, 'Aldric');
    await goToVendor(page, 0);
    await page.locator('.vendor').waitFor({ timeout: WAIT_MS });
    await untilColumn(page, 'gold', PURSE_GOLD);
    for (const count of [1, 2]) {
      await rowOf(page, 'vendor', 'health potion').getByRole('button', { name: 'buy' }).click();
      await untilColumn(page, 'healthPotion', count);
    }
    expect(await column(page, 'gold')).toBe(PURSE_GOLD - 2 * price);
    await page.keyboard.press('KeyI');
    await page.locator('.inventory', { hasText: '1 of 20 places' }).waitFor({ timeout: WAIT_MS });
    await rowOf(page, 'inventory', 'health potion').getByRole('button', { name: 'drink' }).click();
    await page.locator('.notice', { hasText: 'You need none.' }).waitFor({ timeout: WAIT_MS });
    await rowOf(page, 'vendor', 'your health potion').getByRole('button', { name: 'all 2' }).click();
    await untilColumn(page, 'healthPotion', 0);
    expect(await column(page, 'gold')).toBe(PURSE_GOLD - 2 * price + 2 * worth);
    await page.locator('.inventory', { hasText: 'Nothing yet' }).waitFor({ timeout: WAIT_MS });
    await page.keyboard.press('KeyI');
    await page.locator('.inventory').waitFor({ state: 'hidden', timeout: WAIT_MS });
    await goToVendor(page, 9_000);
    await page.locator('.vendor').waitFor({ state: 'hidden', timeout: WAIT_MS });
    expect(errors).toEqual([]);
  });

  test('two trade: each sees what the other gives, both agree, and it has changed hands', async () => {
    await serve();
    const [first, second] = [await open(), await open()];
    await enter(first.page, 'Aldric');
    await enter(second.page, 'Brynn');
    await Promise.all([goToVendor(first.page, 0), goToVendor(second.page, 1500)]);
    await rowOf(second.page, 'vendor', 'mana potion').getByRole('button', { name: 'buy' }).click();
    await untilColumn(second.page, 'manaPotion', 1);
    await first.page.keyboard.press('KeyI');
    await first.page.getByRole('button', { name: 'Trade with Brynn' }).click();
    await second.page.getByRole('button', { name: 'Trade', exact: true }).click();
    await first.page.getByRole('button', { name: '+10 gold' }).click();
    await rowOf(second.page, 'table', 'gold').waitFor({ timeout: WAIT_MS });
    await rowOf(second.page, 'inventory', 'mana potion').getByRole('button', { name: 'give' }).click();
    await rowOf(first.page, 'table', 'mana potion').waitFor({ timeout: WAIT_MS });
    await first.page.getByRole('button', { name: 'Agree' }).click();
    await second.page.locator('.table', { hasText: 'Aldric agrees.' }).waitFor({ timeout: WAIT_MS });
    await second.page.getByRole('button', { name: 'Agree' }).click();
    await untilColumn(first.page, 'manaPotion', 1);
    await untilColumn(first.page, 'gold', PURSE_GOLD - 10);
    const heard = first.page.locator('#chat-lines', { hasText: 'Traded with Brynn: 10 gold for 1 × mana potion.' });
    await heard.waitFor({ timeout: WAIT_MS });
    for (const { page } of [first, second]) await page.locator('.table').waitFor({ state: 'hidden', timeout: WAIT_MS });
    expect([...first.errors, ...second.errors]).toEqual([]);
  });

  test('a trade is called off, and both are told', async () => {
    await serve();
    const [first, second] = [await open(), await open()];
    await enter(first.page, 'Aldric');
    await enter(second.page, 'Brynn');
    await Promise.all([goToVendor(first.page, 0), goToVendor(second.page, 1500)]);
    await second.page.keyboard.press('KeyI');
    await second.page.getByRole('button', { name: 'Trade with Aldric' }).click();
    await first.page.getByRole('button', { name: 'Trade', exact: true }).click();
    await second.page.getByRole('button', { name: 'Call off' }).click();
    for (const { page } of [first, second]) {
      await page.locator('#chat-lines', { hasText: 'No trade: it was called off.' }).waitFor({ timeout: WAIT_MS });
      await page.locator('.table').waitFor({ state: 'hidden', timeout: WAIT_MS });
    }
    expect([...first.errors, ...second.errors]).toEqual([]);
  });
});

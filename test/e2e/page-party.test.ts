// A party on the page: its members are known beyond sight, the lead is handed on, and who leads throws somebody out.

import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import {
  approach,
  chromium,
  enter,
  FIGHT_MS,
  hears,
  own,
  type Place,
  say,
  seen,
  usePages,
  WAIT_MS,
  waitForState,
} from './pages.ts';

const { serve, open } = usePages();

/** No box stands this near the middle; two pages at opposite ends are out of each other's sight. */
const END_MM = 32_000;

async function goTo(page: Page, xMm: number): Promise<void> {
  const { z } = await own(page);
  await approach(page, () => Promise.resolve<Place>({ x: xMm, z }), 1_500);
}

/** Hands the page an event, as if the server had sent it. */
async function tell(page: Page, name: string, values: Record<string, string>): Promise<void> {
  await page.evaluate(([event, sent]) => darkages.client.options.events?.event?.(event, sent, 0), [
    name,
    values,
  ] as const);
}

describe.skipIf(chromium === undefined)('a party on the page', () => {
  test('an invitation goes when it is taken back, and when it is answered in the chat', async () => {
    await serve();
    const [first, second] = [await open(), await open()];
    await enter(first.page, 'Aldric');
    await enter(second.page, 'Brynn');
    const popup = second.page.locator('.invitation');
    await tell(second.page, 'invited', { from: 'Zoe' });
    await popup.waitFor({ timeout: WAIT_MS });
    await tell(second.page, 'invited', { from: '' });
    await popup.waitFor({ state: 'hidden', timeout: 5_000 });
    // One that the server knows nothing of any more.
    await tell(second.page, 'invited', { from: 'Zoe' });
    await second.page.getByRole('button', { name: 'Accept (Y)' }).click();
    await second.page.locator('.notice', { hasText: 'Nobody has invited you.' }).waitFor({ timeout: WAIT_MS });
    expect(await popup.isHidden()).toBe(true);
    await say(first.page, '/invite Brynn');
    await popup.waitFor({ timeout: WAIT_MS });
    await say(second.page, '/accept');
    await first.page.locator('.member', { hasText: 'Brynn' }).waitFor({ timeout: WAIT_MS });
    await popup.waitFor({ state: 'hidden', timeout: 5_000 });
    expect([...first.errors, ...second.errors]).toEqual([]);
  });

  test('who is ignored is neither heard nor asks to a party, from this visit to the next, until it is ended', async () => {
    await serve();
    const [first, second] = [await open(), await open()];
    await enter(first.page, 'Aldric');
    await enter(second.page, 'Brynn');
    const { page } = first;
    await say(second.page, '/w Aldric psst, come here');
    await hears(page, 'whisper', 'psst, come here');
    await page.keyboard.press('Enter');
    await page.locator('#chat-lines li.whisper .ignore').click();
    await page.locator('#chat-lines li.whisper').waitFor({ state: 'detached', timeout: WAIT_MS });
    await page.keyboard.press('Escape');
    await say(second.page, 'hello, is anybody there');
    await say(second.page, '/invite Aldric');
    await say(second.page, '/w Aldric answer me');
    await hears(second.page, 'whisper', 'to Aldric: answer me');
    // Comes after all of that: what was to be shown has been.
    await say(page, 'a quiet day');
    await hears(page, 'zone', 'a quiet day');
    expect(await page.locator('#chat-lines').innerText()).not.toMatch(/anybody|answer me/);
    expect(await page.isHidden('.invitation')).toBe(true);
    await page.reload();
    await page.click('#play');
    await waitForState(page, 'playing');
    await page.getByRole('button', { name: 'menu' }).click();
    await page.getByRole('button', { name: 'Hear Brynn again' }).click();
    expect(await page.locator('.ignored p').count()).toBe(0);
    await page.getByRole('button', { name: 'Back to the game' }).click();
    await say(second.page, 'and now, do you hear me');
    await hears(page, 'zone', 'Brynn: and now');
    expect([...first.errors, ...second.errors]).toEqual([]);
  });

  test('an invitation is ignored together with who sent it', async () => {
    await serve();
    const [first, second] = [await open(), await open()];
    await enter(first.page, 'Aldric');
    await enter(second.page, 'Brynn');
    await say(second.page, '/invite Aldric');
    await first.page.locator('.invitation').getByRole('button', { name: 'Ignore' }).click();
    await first.page.locator('.invitation').waitFor({ state: 'hidden', timeout: 5_000 });
    await say(first.page, '/unignore brynn');
    await hears(first.page, 'page', 'You hear brynn again.');
    expect([...first.errors, ...second.errors]).toEqual([]);
  });

  test(
    'health and distance beyond sight, a crown, a menu for who leads',
    async () => {
      await serve();
      const [first, second] = [await open(), await open()];
      await enter(first.page, 'Aldric');
      await enter(second.page, 'Brynn');
      await say(first.page, '/invite Brynn');
      await second.page.click('.invitation .primary');
      const row = first.page.locator('.member', { hasText: 'Brynn' });
      await row.waitFor({ timeout: WAIT_MS });
      expect(await first.page.locator('.member.leader svg').count()).toBe(1);
      expect(await second.page.locator('.member .more').count()).toBe(0);
      await Promise.all([goTo(first.page, END_MM), goTo(second.page, -END_MM)]);
      await first.page.locator('.member.away', { hasText: /Brynn\d+ · \d{2,3} m/ }).waitFor({ timeout: WAIT_MS });
      expect(await seen(first.page, 'Brynn')).toBeUndefined();

      await row.locator('.more').click();
      await first.page.getByRole('button', { name: 'Hand on the lead' }).click();
      for (const { page } of [first, second]) {
        await page.locator('.member.leader', { hasText: 'Brynn' }).waitFor({ timeout: WAIT_MS });
      }
      await hears(second.page, 'party', 'You lead the party now.');
      expect(await first.page.locator('.member .more').count()).toBe(0);
      await second.page.locator('.member', { hasText: 'Aldric' }).locator('.more').click();
      await second.page.getByRole('button', { name: 'Throw out' }).click();
      await hears(first.page, 'party', 'Brynn threw you out of the party.');
      await hears(second.page, 'party', 'Aldric was thrown out of the party.');
      for (const { page } of [first, second]) expect(await page.locator('.member').count()).toBe(0);
      expect([...first.errors, ...second.errors]).toEqual([]);
    },
    FIGHT_MS + WAIT_MS,
  );
});

// The fight with fingers, on an emulated phone: the stick walks while a second finger uses an ability, every button does
// what it says at the server, and no button lies upon another, upright or across.

import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { BOLT, MEND, SLASH } from '../../src/game/abilities.ts';
import { createCamera } from '../../src/web/camera.ts';
import { placeRadar } from '../../src/web/radar.ts';
import {
  approach,
  chromium,
  column,
  createHand,
  enter,
  FIGHT_MS,
  type Hand,
  hears,
  own,
  PHONE,
  say,
  untilJump,
  usePages,
  WAIT_MS,
} from './pages.ts';

const { serve, open } = usePages();

async function middleOf(page: Page, selector: string): Promise<{ x: number; y: number }> {
  const { x, y, width, height } = (await page.locator(selector).boundingBox())!;
  return { x: x + width / 2, y: y + height / 2 };
}

async function tap(page: Page, hand: Hand, selector: string, ms = 60): Promise<void> {
  const { x, y } = await middleOf(page, selector);
  await hand.put(2, x, y);
  await page.waitForTimeout(ms);
  await hand.lift(2);
}

describe.skipIf(chromium === undefined)('the page under fingers', () => {
  test('one finger walks, another uses abilities, and the server has it so', async () => {
    await serve();
    const { page, errors } = await open(PHONE);
    await enter(page, 'Cato');
    const hand = await createHand(page);
    const before = await own(page);
    const way = before.x > 0 ? -1 : 1;
    await hand.put(1, 100, 640);
    await hand.move(1, 100 + way * 60, 640);
    await page.waitForTimeout(400);
    // Mana and what was done are the server's word: neither is predicted.
    await tap(page, hand, '.ability.a1');
    await page.waitForFunction((slash) => darkages.client.own.columns.actedAbility === slash, SLASH, {
      timeout: WAIT_MS,
    });
    await tap(page, hand, '.ability.a2');
    await page.waitForFunction((bolt) => darkages.client.own.columns.actedAbility === bolt, BOLT, { timeout: WAIT_MS });
    expect(await column(page, 'mana')).toBeLessThan(100);
    await untilJump(page, () => tap(page, hand, '.jump', 120));
    expect(((await own(page)).x - before.x) * way).toBeGreaterThan(1_500);
    const { x, y } = await middleOf(page, '#sprint');
    await hand.put(3, x, y);
    await page.waitForFunction(() => (darkages.client.own.columns.stamina ?? 1_000) < 850, null, { timeout: WAIT_MS });
    await hand.lift(3);
    await hand.lift(1);
    // It can only be called standing still.
    await page.waitForTimeout(900);
    await tap(page, hand, '.ability.a3');
    await page.waitForFunction(
      () =>
        [...darkages.client.interpolation.views.values()].some(({ kind }) => kind === darkages.client.game.kinds.area),
      null,
      { timeout: WAIT_MS },
    );
    expect(errors).toEqual([]);
  });

  test(
    'a tap on a party member makes it the one that mend is for, until the next tap',
    async () => {
      await serve();
      const [phone, other] = [await open(PHONE), await open()];
      const { page } = phone;
      await enter(page, 'Cato');
      await enter(other.page, 'Brynn');
      await say(other.page, '/invite Cato');
      await page.locator('.invitation .primary').tap();
      const row = page.locator('.member', { hasText: 'Brynn' });
      await row.waitFor({ timeout: WAIT_MS });
      await approach(other.page, () => own(page), 6_000);
      await page.waitForFunction(() => darkages.client.interpolation.views.size > 0, null, { timeout: WAIT_MS });
      await row.tap();
      await page.locator('.member.chosen', { hasText: 'Brynn' }).waitFor({ timeout: WAIT_MS });
      const handle = await other.page.evaluate(() => {
        const { slot = 0, generation = 0 } = darkages.client.welcome ?? {};
        return slot + generation * 0x1_0000;
      });
      const hand = await createHand(page);
      const { x, y } = await middleOf(page, '.ability.a4');
      await hand.put(2, x, y);
      await page.waitForFunction((wanted) => darkages.client.intent.inputs.target === wanted, handle, {
        timeout: WAIT_MS,
      });
      // The server has it so as well: one that is not of the party would be refused.
      await page.waitForFunction((mend) => darkages.client.own.columns.actedAbility === mend, MEND, {
        timeout: WAIT_MS,
      });
      await hand.lift(2);
      await row.tap();
      await page.locator('.member.chosen').waitFor({ state: 'detached', timeout: WAIT_MS });
      expect([...phone.errors, ...other.errors]).toEqual([]);
    },
    FIGHT_MS + WAIT_MS,
  );

  test('chat, scores and menu open under a finger, and a tap beside them is the game again', async () => {
    await serve();
    const { page, errors } = await open(PHONE);
    await enter(page, 'Edda');
    const touch = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).tap();
    await touch('chat');
    await page.fill('#chat-input', 'well met');
    await page.keyboard.press('Enter');
    await hears(page, 'zone', 'Edda: well met');
    await touch('scores');
    await page.locator('.scores .row.own').waitFor({ timeout: WAIT_MS });
    await touch('scores');
    expect(await page.isHidden('.scores')).toBe(true);
    await touch('menu');
    await page.getByRole('switch', { name: 'Sound' }).tap();
    await touch('Back to the game');
    expect(await page.isHidden('.settings')).toBe(true);
    expect(errors).toEqual([]);
  });

  test.each([
    [360, 640],
    [390, 844],
    [844, 390],
    [1024, 768],
  ])('on %i × %i nothing lies upon a button, the player or beyond the edge', async (width, height) => {
    await serve();
    const { page } = await open({ ...PHONE, viewport: { width, height } });
    await enter(page, 'Fenn');
    await page.locator('.ability.a1').waitFor();
    const boxes = await page.evaluate(() => {
      const selectors = ['.ability', '.sprint', '.vital', '.icon', '.pill', '#stick', '.party .link', '.chat ol'];
      const all = selectors.flatMap((selector) => [...document.querySelectorAll<HTMLElement>(selector)]);
      return all
        .filter((element) => element.checkVisibility())
        .map((element) => {
          const { left, top, right, bottom } = element.getBoundingClientRect();
          return { name: element.id || element.className, left, top, right, bottom };
        });
    });
    expect(boxes.length).toBeGreaterThan(10);
    const camera = { ...createCamera(), width, height, hasTouch: true };
    const radar = placeRadar(camera);
    boxes.push({
      name: 'radar',
      left: radar.x - radar.radius,
      top: radar.y - radar.radius,
      right: radar.x + radar.radius,
      bottom: radar.y + radar.radius,
    });
    // The own character is to be seen as well.
    const [x, y] = [width / 2, height / 2];
    boxes.push({ name: 'player', left: x - 20, top: y - 40, right: x + 20, bottom: y + 20 });
    for (const a of boxes) {
      expect([a.left >= 0, a.top >= 0, a.right <= width, a.bottom <= height], a.name).toEqual([true, true, true, true]);
      for (const b of boxes) {
        if (a === b) continue;
        const isApart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
        expect(isApart, `${a.name} and ${b.name}`).toBe(true);
      }
    }
  });
});

// The fight on the play page, in a real browser against a real server: two players meet, one kills the other, the dead
// one comes back; they chat, whisper and form a party. With SCREENSHOTS=1 it also renews the pictures in docs/.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { runBots } from '../../bench/server.ts';
import {
  approach,
  chromium,
  column,
  enter,
  FIGHT_MS,
  hears,
  KEYS,
  onScreen,
  own,
  PHONE,
  type Place,
  pointAt,
  say,
  usePages,
  WAIT_MS,
} from './pages.ts';
import { shrinkPng } from './small-png.ts';

const { serve, url, open } = usePages();

describe.skipIf(chromium === undefined)('the fight on the page', () => {
  test(
    'two players meet, one kills the other, the dead one comes back',
    async () => {
      await serve();
      const [first, second] = [await open(), await open()];
      await enter(first.page, 'Aldric');
      await enter(second.page, 'Brynn');
      await approach(first.page, () => own(second.page), 1_600);
      const health = await column(second.page, 'health');
      await second.page.waitForTimeout(3_200);
      await pointAt(first.page, 'Brynn');
      await first.page.mouse.down();
      await second.page.waitForFunction((was) => (darkages.client.own.columns.health ?? 0) < was, health, {
        timeout: WAIT_MS,
      });
      // Whom it strikes may be pushed or healed meanwhile: the cursor stays on it.
      while ((await column(second.page, 'health')) > 0) {
        await pointAt(first.page, 'Brynn');
        await first.page.waitForTimeout(200);
      }
      await first.page.mouse.up();
      await second.page.locator('.death').waitFor({ state: 'visible' });
      expect(await second.page.textContent('.death .by')).toBe('Slain by Aldric.');
      expect(await first.page.locator('.feed li').innerText()).toMatch(/Aldric\s+slash\s+Brynn/);
      expect(await column(first.page, 'kills')).toBe(1);
      const rise = second.page.locator('.rise');
      expect(await rise.isDisabled()).toBe(true);
      await second.page.waitForFunction(
        () => document.querySelector<HTMLButtonElement>('.rise')?.disabled === false,
        null,
        { timeout: WAIT_MS },
      );
      await rise.click();
      await second.page.waitForFunction(() => darkages.client.own.columns.health === 100, null, { timeout: 5_000 });
      expect(await second.page.isHidden('.death')).toBe(true);
      expect(await column(second.page, 'deaths')).toBe(1);
      await first.page.keyboard.down('Tab');
      await first.page.locator('.scores .row.own').waitFor({ state: 'visible', timeout: WAIT_MS });
      expect(await first.page.locator('.scores .row.own').innerText()).toMatch(/1\s+Aldric\s+1\s+0/);
      await first.page.keyboard.up('Tab');
      expect(await first.page.isHidden('.scores')).toBe(true);
      expect([...first.errors, ...second.errors]).toEqual([]);
    },
    FIGHT_MS + WAIT_MS,
  );

  test('they speak to all, to one, and to their party', async () => {
    await serve();
    const [first, second] = [await open(), await open()];
    await enter(first.page, 'Aldric');
    await enter(second.page, 'Brynn');
    await say(first.page, 'well met, everyone');
    await hears(second.page, 'zone', 'Aldric: well met, everyone');
    await say(second.page, '/w aldric follow me');
    await hears(first.page, 'whisper', 'Brynn whispers: follow me');
    await hears(second.page, 'whisper', 'to Aldric: follow me');
    await say(first.page, '/w nobody-here hello');
    await first.page.locator('.notice', { hasText: 'Nobody of that name is here.' }).waitFor({ timeout: WAIT_MS });
    await say(first.page, '/invite Brynn');
    await second.page.click('.invitation .primary');
    await first.page.locator('.member', { hasText: 'Brynn' }).waitFor({ timeout: WAIT_MS });
    await second.page.locator('.member.leader', { hasText: 'Aldric' }).waitFor({ timeout: WAIT_MS });
    await say(second.page, '/p to the trolls');
    await hears(first.page, 'party', 'Brynn: to the trolls');
    await second.page.getByRole('button', { name: 'Leave', exact: true }).click();
    await first.page.locator('.member').first().waitFor({ state: 'detached', timeout: WAIT_MS });
    expect([...first.errors, ...second.errors]).toEqual([]);
  });

  test('scores opened twice in a moment are asked for once, and nobody is scolded', async () => {
    await serve();
    const { page, errors } = await open();
    await enter(page, 'Cato');
    for (let press = 0; press < 3; press++) {
      await page.keyboard.down('Tab');
      await page.locator('.scores .row.own').waitFor({ state: 'visible', timeout: WAIT_MS });
      await page.waitForTimeout(60);
      await page.keyboard.up('Tab');
    }
    await page.waitForTimeout(700);
    expect(await page.locator('.notice.shown').count()).toBe(0);
    const metrics = await (await fetch(`${url()}/metrics`)).text();
    expect(metrics).not.toMatch(/too_soon"\} [1-9]/);
    expect(metrics).toContain('scores.too_soon');
    expect(errors).toEqual([]);
  });

  test('abilities: cooldowns are shown, a bolt flies, what is not possible is said', async () => {
    await serve();
    const { page, errors } = await open();
    await enter(page, 'Cato');
    await page.mouse.move(900, 300);
    await page.keyboard.press('Digit2');
    await page.locator('.ability.a2.cooling').waitFor({ timeout: 5_000 });
    await page.waitForFunction(() => (darkages.client.own.columns.mana ?? 100) < 100, null, { timeout: 5_000 });
    await page.waitForTimeout(1_200);
    await page.keyboard.press('Digit3');
    await page.locator('.cast').waitFor({ state: 'visible', timeout: 5_000 });
    await page.keyboard.down('KeyD');
    await page.locator('.notice', { hasText: 'you moved' }).waitFor({ timeout: 5_000 });
    await page.keyboard.up('KeyD');
    await page.keyboard.press('Space');
    await page.waitForFunction(() => darkages.client.own.y > 300, null, { timeout: 5_000 });
    expect(errors).toEqual([]);
  });

  test('the debug view says where the server has everyone and how far back it judges', async () => {
    await serve();
    const { page, errors } = await open();
    await enter(page, 'Dara');
    await page.keyboard.press('Escape');
    await page.getByRole('switch', { name: 'Debug view' }).click();
    await page.keyboard.press('Escape');
    const row = (place: number) => page.locator('.debug dd').nth(place);
    await row(0)
      .filter({ hasText: /^tick \d+, \d+\.\d m and \d+ ticks behind$/ })
      .waitFor({ timeout: WAIT_MS });
    await row(2)
      .filter({ hasText: /^tick \d+, (\d|1[0-5]) ticks before your input$/ })
      .waitFor({ timeout: WAIT_MS });
    expect(await row(3).innerText()).toContain('up to 50 m');
    await page.getByRole('button', { name: 'menu' }).click();
    await page.getByRole('switch', { name: 'Debug view' }).click();
    await page.locator('.debug').waitFor({ state: 'hidden', timeout: WAIT_MS });
    expect(errors).toEqual([]);
  });

  test('settings are kept, and another game has nothing of this', async () => {
    await serve('--game', 'examples/tag/game.ts');
    const { page, errors } = await open();
    await enter(page, 'Fenn');
    expect(await page.locator('.hud, .chat, .party, .death').count()).toBe(0);
    await page.keyboard.press('Escape');
    await page.getByRole('switch', { name: 'Network graph' }).click();
    expect(await page.isVisible('#graph')).toBe(true);
    await page.reload();
    expect(await page.isVisible('#graph')).toBe(true);
    expect(errors).toEqual([]);
  });
});

// Not a skipped test without SCREENSHOTS: nothing is tested here.
if (chromium !== undefined && process.env.SCREENSHOTS !== undefined) {
  test('pictures for docs/: a fight on a desktop, and on a phone', takePictures, 180_000);
}

async function takePictures(): Promise<void> {
  await serve();
  let stopBots = (): void => {};
  const playing = runBots(['--url', url(), '--bots', '14', '--duration', '600'], undefined, (child) => {
    stopBots = () => void child.kill('SIGINT');
  });
  const desktop = await open();
  await enter(desktop.page, 'Aldric');
  const other = await open({ viewport: { width: 500, height: 400 } });
  await enter(other.page, 'Brynn');
  await say(desktop.page, '/invite Brynn');
  await other.page.click('.invitation .primary');
  await say(desktop.page, 'wolves to the north, careful');
  await say(other.page, '/p meteor on the next one');
  await approach(desktop.page, () => nearestCamp(desktop.page), 8_000, 20_000).catch(() => undefined);
  for (const key of KEYS) await desktop.page.keyboard.up(key);
  await fightOn(desktop.page, 'docs/play.png');
  await other.page.context().close();
  await desktop.page.context().close();
  const { page } = await open(PHONE);
  await enter(page, 'Cato');
  await fightOn(page, 'docs/play-phone.png');
  stopBots();
  await playing;
}

/** Where creatures are to be met. */
function nearestCamp(page: Page): Promise<Place> {
  return page.evaluate(() => {
    const { own: self, map } = darkages.client;
    const { camps } = map as { camps: Int32Array };
    let best = { x: 0, z: 0 };
    let bestMm = Number.POSITIVE_INFINITY;
    for (let camp = 0; camp < camps.length; camp += 2) {
      const [x, z] = [camps[camp]! / 128, camps[camp + 1]! / 128];
      const distance = Math.hypot(x - self.x, z - self.z);
      if (distance < bestMm) {
        best = { x, z };
        bestMm = distance;
      }
    }
    return best;
  });
}

/** Runs at the nearest enemy and uses what it has; takes the picture when enough is going on. */
async function fightOn(page: Page, path: string): Promise<void> {
  const nearest = (): Promise<Place> =>
    page.evaluate(() => {
      const { own: self, interpolation } = darkages.client;
      const foes = [...interpolation.views.values()].filter(
        ({ kind, columns }) =>
          kind <= 4 && (columns.health ?? 0) > 0 && (columns.party ?? 0) !== (self.columns.party || -1),
      );
      foes.sort((a, b) => Math.hypot(a.x - self.x, a.z - self.z) - Math.hypot(b.x - self.x, b.z - self.z));
      return foes[0] === undefined ? { x: 0, z: 0 } : { x: foes[0].x, z: foes[0].z };
    });
  let best = -1;
  for (let round = 0; round < 5; round++) {
    await approach(page, nearest, 4_200).catch(() => undefined);
    for (let shot = 0; shot < 5; shot++) {
      const { x, y } = await onScreen(page, await nearest());
      await page.mouse.move(x, y);
      await page.keyboard.press(shot === 1 ? 'Digit3' : shot % 2 === 0 ? 'Digit2' : 'Digit1');
      await page.waitForTimeout(shot === 1 ? 1_250 : 430);
      const worth = await page.evaluate(() => {
        const { own: self, interpolation } = darkages.client;
        let sum = 0;
        for (const { kind, x, z, columns } of interpolation.views.values()) {
          const metres = Math.hypot(x - self.x, z - self.z) / 1000;
          if (metres > 12) continue;
          sum +=
            (kind === 7 ? 8 : kind === 5 ? 6 : kind === 1 ? 3 : 5) +
            ((columns.castAbility ?? 0) > 0 ? 2 : 0) -
            metres / 6;
        }
        // Not in the moment of a blow, when all is red.
        const pain = Number(document.querySelector<HTMLElement>('.hurt')?.style.getPropertyValue('--hurt'));
        return (self.columns.health ?? 0) > 0 && pain < 0.15 ? sum : 0;
      });
      if (worth < best) continue;
      best = worth;
      const bytes = shrinkPng(await page.screenshot());
      expect(bytes.length).toBeLessThan(300_000);
      writeFileSync(join(import.meta.dirname, '../..', path), bytes);
    }
  }
}

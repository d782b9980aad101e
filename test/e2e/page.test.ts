// The play page in a real browser against a real server: two players see each other, the page outlives a restart of
// the server, another game's page works. The fight is in page-combat.test.ts, with the pictures in docs/.

import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import {
  chromium,
  createHand,
  enter,
  own,
  PHONE,
  seen,
  stopServer,
  usePages,
  WAIT_MS,
  waitForState,
  walk,
} from './pages.ts';

const { serve, url, open } = usePages();

/** New players appear up to 85 m from each other: further than they see. */
async function walkToMiddle(page: Page): Promise<void> {
  for (let step = 0; step < 40; step++) {
    const { x, z } = await own(page);
    if (Math.hypot(x, z) < 15_000) return;
    const key = Math.abs(x) > Math.abs(z) ? (x > 0 ? 'KeyA' : 'KeyD') : z > 0 ? 'KeyW' : 'KeyS';
    await page.keyboard.down(key);
    await page.waitForTimeout(400);
    await page.keyboard.up(key);
  }
}

describe.skipIf(chromium === undefined)('the play page', () => {
  test('?zone=2 joins that zone, though the first is as empty', async () => {
    await serve('--zones', '2');
    const { page, errors } = await open({}, '/?zone=2');
    await enter(page, 'Aldric');
    expect(await page.evaluate(() => darkages.client.welcome?.zoneId)).toBe(2);
    expect(errors).toEqual([]);
  });

  test('two players join and see each other move', async () => {
    await serve();
    const [first, second] = await Promise.all([open(), open()]);
    await enter(first.page, 'Aldric');
    await enter(second.page, 'Brynn');
    await Promise.all([walkToMiddle(first.page), walkToMiddle(second.page)]);
    await second.page.waitForFunction(() => darkages.client.interpolation.views.size > 0, null, { timeout: WAIT_MS });
    const before = (await seen(second.page, 'Aldric'))!;
    await walk(first.page, 1_500);
    const movedMm = async () => Math.abs((await seen(second.page, 'Aldric'))!.x - before.x);
    await expect.poll(movedMm, { timeout: WAIT_MS }).toBeGreaterThan(2_000);
    const missesMm = async (): Promise<number> => {
      const [after, truth] = [(await seen(second.page, 'Aldric'))!, await own(first.page)];
      return Math.hypot(after.x - truth.x, after.z - truth.z);
    };
    await expect.poll(missesMm, { timeout: WAIT_MS }).toBeLessThan(5);
    const back = (await seen(first.page, 'Brynn'))!;
    await walk(second.page, 800);
    const movedBackMm = async () => Math.abs((await seen(first.page, 'Brynn'))!.x - back.x);
    await expect.poll(movedBackMm, { timeout: WAIT_MS }).toBeGreaterThan(1_000);
    for (const { page, errors } of [first, second]) {
      expect(errors).toEqual([]);
      const stats = await page.evaluate(() => darkages.client.stats);
      expect(stats).toMatchObject({ malformed: 0, snapshotsUnusable: 0, reconnects: 0 });
    }
  });

  test('says that the server is away, comes back when it does, as the same player', async () => {
    const server = await serve();
    // The page looks for it where it was.
    const ports = ['--http-port', new URL(url()).port, '--port', new URL(server.zoneUrl()).port];
    const { page, errors } = await open();
    await enter(page, 'Caspian');
    await walk(page, 1_200);
    await page.waitForTimeout(1_500);
    const before = await own(page);
    const { playerId } = (await page.evaluate(() => darkages.client.welcome))!;
    await stopServer(server);
    await page.waitForFunction(() => document.getElementById('banner')?.hidden === false, null, { timeout: WAIT_MS });
    expect(await page.textContent('#banner')).toMatch(/\. (Trying again|Connecting again|Coming back)…$/);
    await serve(...ports);
    await waitForState(page, 'playing');
    expect(await page.isHidden('#banner')).toBe(true);
    await page.waitForTimeout(300);
    const after = await own(page);
    expect((await page.evaluate(() => darkages.client.welcome))!.playerId).toBe(playerId);
    expect(Math.hypot(after.x - before.x, after.z - before.z)).toBeLessThan(1_500);
    await page.reload();
    expect(await page.textContent('#card-text')).toBe('Welcome back, Caspian.');
    await page.click('#play');
    await waitForState(page, 'playing');
    expect((await page.evaluate(() => darkages.client.welcome))!.playerId).toBe(playerId);
    expect(errors).toEqual([]);
  });

  test('says why a name is not taken, and plays on with another', async () => {
    await serve();
    const first = await open();
    await enter(first.page, 'Dara');
    const { page } = await open();
    await page.fill('#name', 'Dara');
    await page.click('#play');
    await waitForState(page, 'failed');
    expect(await page.textContent('#card-error')).toBe('This name is taken. Choose another one.');
    await enter(page, 'Dara2');
  });

  test('the name is changed in the menu; one that is taken is refused, and the player is who it was', async () => {
    await serve();
    await enter((await open()).page, 'Dara');
    const { page, errors } = await open();
    await enter(page, 'Fenn');
    const rename = async (name: string): Promise<void> => {
      await page.getByRole('button', { name: 'menu' }).click();
      await page.fill('#new-name', name);
      await page.getByRole('button', { name: 'Change' }).click();
    };
    await rename('Gwen');
    await page.waitForFunction(() => darkages.client.welcome?.name === 'Gwen', null, { timeout: WAIT_MS });
    await waitForState(page, 'playing');
    expect(await page.isHidden('.settings')).toBe(true);
    const { playerId } = (await page.evaluate(() => darkages.client.welcome))!;
    await rename('Dara');
    await page.locator('.settings .bad', { hasText: 'This name is taken.' }).waitFor({ timeout: WAIT_MS });
    await waitForState(page, 'playing');
    expect(await page.evaluate(() => darkages.client.welcome)).toMatchObject({ name: 'Gwen', playerId });
    // A name that can't be one doesn't even leave the page.
    await page.fill('#new-name', 'a b');
    await page.getByRole('button', { name: 'Change' }).click();
    expect(await page.isVisible('.settings')).toBe(true);
    expect(await page.evaluate(() => document.body.dataset.state)).toBe('playing');
    expect(errors.filter((error) => !error.includes('409'))).toEqual([]);
  });

  test('the net graph opens by key and by button, and fingers move the player', async () => {
    await serve();
    const { page, errors } = await open(PHONE);
    await enter(page, 'Edda');
    await page.keyboard.press('KeyN');
    expect(await page.isVisible('#graph')).toBe(true);
    await page.click('#graph-button');
    expect(await page.isVisible('#graph')).toBe(false);
    const before = await own(page);
    const hand = await createHand(page);
    await hand.put(1, 100, 600);
    await hand.move(1, before.x > 0 ? 40 : 160, 600);
    const movedMm = async () => Math.abs((await own(page)).x - before.x);
    await expect.poll(movedMm, { timeout: WAIT_MS }).toBeGreaterThan(1_500);
    await hand.lift(1);
    const speed = async (): Promise<number> => {
      const { x } = await own(page);
      await page.waitForTimeout(200);
      return (await own(page)).x - x;
    };
    await expect.poll(speed, { timeout: WAIT_MS }).toBeCloseTo(0, 3);
    expect(errors).toEqual([]);
  });

  test('the page of another game plays that game', async () => {
    await serve('--game', 'examples/tag/game.ts');
    const { page, errors } = await open();
    expect(await page.title()).toBe('Tag');
    await enter(page, 'Fenn');
    await walk(page, 1_000);
    const { game, own: shown } = await page.evaluate(() => ({
      game: darkages.client.game.name,
      own: darkages.client.own.columns,
    }));
    expect(game).toBe('tag');
    expect(shown.it).toBe(1);
    expect(errors).toEqual([]);
  });
});

// The play page in a real browser against a real server: two players see each other, the page outlives a restart of
// the server, another game's page works. The fight is in page-combat.test.ts, with the pictures in docs/.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/state.ts';
import { needs } from '../needs.ts';
import { openBrowser, openPage } from './chromium.ts';

declare global {
  /** What the page leaves for its tests: evaluated in the browser. */
  var darkages: { readonly client: Client };
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const chromium = needs('chromium');
const WAIT_MS = 30_000;

let browser: Browser;
let folder: string;
let ports: { http: number; edge: number };
const children: ChildProcess[] = [];

beforeAll(async () => {
  if (chromium !== undefined) browser = await openBrowser(chromium);
});
afterAll(async () => {
  await browser?.close();
});
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-page-'));
  ports = { http: await freePort(), edge: await freePort() };
});
afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
  for (const child of children.splice(0)) await stop(child);
  rmSync(folder, { recursive: true });
});

/** A restarted server must be found where it was, so its ports are fixed: ones that are free now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function startServer(...argv: readonly string[]): Promise<ChildProcess> {
  const args = ['--http-port', String(ports.http), '--port', String(ports.edge), '--data', folder, ...argv];
  const child = spawn(process.execPath, [join(ROOT, 'workers/launch.js'), ...args], { cwd: ROOT });
  children.push(child);
  let output = '';
  child.stderr.on('data', (chunk) => {
    output += String(chunk);
  });
  const deadlineMs = performance.now() + WAIT_MS;
  for (;;) {
    const answer = await fetch(`${url()}/readyz`).catch(() => undefined);
    if (answer?.status === 200) return child;
    if (child.exitCode !== null || performance.now() > deadlineMs)
      throw new Error(`the server did not start: ${output}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

function url(): string {
  return `http://127.0.0.1:${ports.http}`;
}

async function enter(page: Page, name: string): Promise<void> {
  await page.fill('#name', name);
  await page.click('#play');
  await waitForState(page, 'playing');
}

async function waitForState(page: Page, state: string): Promise<void> {
  await page.waitForFunction((wanted) => document.body.dataset.state === wanted, state, { timeout: WAIT_MS });
}

/** Where a page shows a player, mm. */
function seen(page: Page, name: string): Promise<{ x: number; z: number } | undefined> {
  return page.evaluate((wanted) => {
    const view = [...darkages.client.interpolation.views.values()].find((one) => one.name === wanted);
    return view === undefined ? undefined : { x: view.x, z: view.z };
  }, name);
}

function own(page: Page): Promise<{ x: number; z: number }> {
  return page.evaluate(() => ({ x: darkages.client.own.x, z: darkages.client.own.z }));
}

/** A key that leads towards the middle of the field, where there is room to go. */
async function walk(page: Page, ms: number): Promise<void> {
  const { x } = await own(page);
  const key = x > 0 ? 'KeyA' : 'KeyD';
  await page.keyboard.down(key);
  await page.waitForTimeout(ms);
  await page.keyboard.up(key);
}

/** Goes to where the other one is seen: new players appear up to 85 m from each other. */
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
    await startServer('--zones', '2');
    const { page, errors } = await openPage(browser, `${url()}/?zone=2`);
    await enter(page, 'Aldric');
    expect(await page.evaluate(() => darkages.client.welcome?.zoneId)).toBe(2);
    expect(errors).toEqual([]);
  });

  test('two players join and see each other move', async () => {
    await startServer();
    const [first, second] = await Promise.all([openPage(browser, url()), openPage(browser, url())]);
    await enter(first.page, 'Aldric');
    await enter(second.page, 'Brynn');
    await Promise.all([walkToMiddle(first.page), walkToMiddle(second.page)]);
    await second.page.waitForFunction(() => darkages.client.interpolation.views.size > 0, null, { timeout: WAIT_MS });
    const before = (await seen(second.page, 'Aldric'))!;
    await walk(first.page, 1_500);
    await second.page.waitForTimeout(500);
    const after = (await seen(second.page, 'Aldric'))!;
    const truth = await own(first.page);
    expect(Math.abs(after.x - before.x)).toBeGreaterThan(2_000);
    expect(Math.hypot(after.x - truth.x, after.z - truth.z)).toBeLessThan(5);
    const back = (await seen(first.page, 'Brynn'))!;
    await walk(second.page, 800);
    await first.page.waitForTimeout(500);
    expect(Math.abs((await seen(first.page, 'Brynn'))!.x - back.x)).toBeGreaterThan(1_000);
    for (const { page, errors } of [first, second]) {
      expect(errors).toEqual([]);
      const stats = await page.evaluate(() => darkages.client.stats);
      expect(stats).toMatchObject({ malformed: 0, snapshotsUnusable: 0, reconnects: 0 });
    }
  });

  test('says that the server is away, comes back when it does, as the same player', async () => {
    const server = await startServer();
    const { page, errors } = await openPage(browser, url());
    await enter(page, 'Caspian');
    await walk(page, 1_200);
    await page.waitForTimeout(1_500);
    const before = await own(page);
    const { playerId } = (await page.evaluate(() => darkages.client.welcome))!;
    await stop(server);
    await page.waitForFunction(() => document.getElementById('banner')?.hidden === false, null, { timeout: WAIT_MS });
    expect(await page.textContent('#banner')).toMatch(/\. (Trying|Connecting) again…$/);
    await startServer();
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
    await startServer();
    const first = await openPage(browser, url());
    await enter(first.page, 'Dara');
    const { page } = await openPage(browser, url());
    await page.fill('#name', 'Dara');
    await page.click('#play');
    await waitForState(page, 'failed');
    expect(await page.textContent('#card-error')).toBe('This name is taken. Choose another one.');
    await enter(page, 'Dara2');
  });

  test('the net graph opens by key and by button, and fingers move the player', async () => {
    await startServer();
    const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
    const { page, errors } = await openPage(browser, url(), phone);
    await enter(page, 'Edda');
    await page.keyboard.press('KeyN');
    expect(await page.isVisible('#graph')).toBe(true);
    await page.click('#graph-button');
    expect(await page.isVisible('#graph')).toBe(false);
    const before = await own(page);
    const session = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', x: number, y: number): Promise<unknown> =>
      session.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x, y }] });
    await touch('touchStart', 100, 600);
    await touch('touchMove', before.x > 0 ? 40 : 160, 600);
    await page.waitForTimeout(1_000);
    await touch('touchEnd', 0, 0);
    expect(Math.abs((await own(page)).x - before.x)).toBeGreaterThan(1_500);
    await page.waitForTimeout(300);
    const stopped = await own(page);
    await page.waitForTimeout(200);
    expect((await own(page)).x).toBeCloseTo(stopped.x, 3);
    expect(errors).toEqual([]);
  });

  test('the page of another game plays that game', async () => {
    await startServer('--game', 'examples/tag/game.ts');
    const { page, errors } = await openPage(browser, url());
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

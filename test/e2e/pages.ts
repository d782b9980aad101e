// What the tests of the page share: a browser, a server for each test, players who enter, walk, speak and touch.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, CDPSession, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { openBrowser } from '../../bench/chromium.ts';
import type { Client } from '../../src/client/state.ts';
import { needs } from '../needs.ts';
import { kill, type LaunchedServer, startServer } from './server.ts';

declare global {
  /** What the page leaves for its tests: evaluated in the browser. */
  var darkages: { readonly client: Client };
}

export const chromium = needs('chromium');
export const WAIT_MS = 30_000;
/** A fight to the death, on a machine that draws two pages without a graphics card. */
export const FIGHT_MS = 90_000;
const JUMP_PRESSES_MAX = 5;
export const KEYS = ['KeyW', 'KeyA', 'KeyS', 'KeyD'] as const;
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 1.5,
  hasTouch: true,
  isMobile: true,
};

export interface Place {
  readonly x: number;
  readonly z: number;
}

export interface Pages {
  browser(): Browser;
  /** Starts a server on this test's folder; a second one goes on with what the first left. */
  serve(...args: readonly string[]): Promise<LaunchedServer>;
  /** Of the newest server. */
  url(): string;
  /** Another player's browser on the page. */
  open(options?: BrowserContextOptions, path?: string): Promise<OpenPage>;
}

/** Call it once at the top of a file: the browser is the file's, servers and pages are each test's. */
export function usePages(): Pages {
  let browser: Browser;
  let folder: string;
  const servers: LaunchedServer[] = [];
  beforeAll(async () => {
    if (chromium !== undefined) browser = await openBrowser(chromium);
  });
  afterAll(async () => {
    await browser?.close();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'darkages-page-'));
  });
  afterEach(async () => {
    for (const context of browser?.contexts() ?? []) await context.close();
    for (const server of servers.splice(0)) await stopServer(server);
    rmSync(folder, { recursive: true });
  });
  const url = (): string => servers.at(-1)!.url();
  return {
    browser: () => browser,
    async serve(...args) {
      const server = await startServer(folder, args);
      servers.push(server);
      return server;
    },
    url,
    open: (options, path = '/') => openPage(browser, `${url()}${path}`, options),
  };
}

export interface OpenPage {
  readonly page: Page;
  /** What the page logged as an error, or threw. */
  readonly errors: string[];
}

/** A page with storage of its own: another player. */
async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('console', (message) => {
    // What can't be reached while the server is down is logged by the browser itself.
    if (message.type() === 'error' && !/ERR_CONNECTION|WebSocket connection/.test(message.text())) {
      errors.push(message.text());
    }
  });
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(url);
  return { page, errors };
}

export async function stopServer({ launcher, ended }: LaunchedServer): Promise<void> {
  if (launcher.exitCode === null) kill(launcher.pid!, 'SIGTERM');
  await ended;
}

export async function enter(page: Page, name: string): Promise<void> {
  await page.fill('#name', name);
  await page.click('#play');
  await waitForState(page, 'playing');
}

export async function waitForState(page: Page, state: string): Promise<void> {
  await page.waitForFunction((wanted) => document.body.dataset.state === wanted, state, { timeout: WAIT_MS });
}

export function own(page: Page): Promise<Place> {
  return page.evaluate(() => ({ x: darkages.client.own.x, z: darkages.client.own.z }));
}

/** A column of the own character; −1 when it has none of that name. */
export function column(page: Page, name: string): Promise<number> {
  return page.evaluate((wanted) => darkages.client.own.columns[wanted] ?? -1, name);
}

/** Where a page shows a player, mm. */
export function seen(page: Page, name: string): Promise<Place | undefined> {
  return page.evaluate((wanted) => {
    const view = [...darkages.client.interpolation.views.values()].find((one) => one.name === wanted);
    return view === undefined ? undefined : { x: view.x, z: view.z };
  }, name);
}

/** A key that leads towards the middle of the field, where there is room to go. */
export async function walk(page: Page, ms: number): Promise<void> {
  const { x } = await own(page);
  const key = x > 0 ? 'KeyA' : 'KeyD';
  await page.keyboard.down(key);
  await page.waitForTimeout(ms);
  await page.keyboard.up(key);
}

/** Runs to a place that may move. Nothing stands in the way where new players appear. */
export async function approach(page: Page, goal: () => Promise<Place>, withinMm: number, ms = FIGHT_MS): Promise<void> {
  const down = new Set<string>();
  const deadlineMs = performance.now() + ms;
  for (;;) {
    const [at, to] = await Promise.all([own(page), goal()]);
    const x = to.x - at.x;
    const z = to.z - at.z;
    const isThere = Math.hypot(x, z) < withinMm;
    const wanted = new Set<string>();
    if (!isThere && Math.abs(x) > 500) wanted.add(x > 0 ? 'KeyD' : 'KeyA');
    if (!isThere && Math.abs(z) > 500) wanted.add(z > 0 ? 'KeyS' : 'KeyW');
    for (const key of KEYS) {
      if (wanted.has(key) === down.has(key)) continue;
      if (wanted.has(key)) await page.keyboard.down(key);
      else await page.keyboard.up(key);
      down[wanted.has(key) ? 'add' : 'delete'](key);
    }
    if (isThere) return;
    expect(performance.now()).toBeLessThan(deadlineMs);
    await page.waitForTimeout(60);
  }
}

/** Presses until a jump is seen: one may come and go while the page draws nothing. */
export async function untilJump(page: Page, press: () => Promise<void>): Promise<void> {
  for (let presses = 1; ; presses++) {
    await press();
    try {
      await page.waitForFunction(() => darkages.client.own.y > 300, null, { timeout: 3_000 });
      return;
    } catch (error) {
      if (presses === JUMP_PRESSES_MAX) throw error;
    }
  }
}

/** Where a place on the ground is on the screen. */
export function onScreen(page: Page, place: Place): Promise<{ x: number; y: number }> {
  return page.evaluate(({ x, z }) => {
    const { own: self } = darkages.client;
    const pixelsPerMm = Math.max(16, Math.min(Math.min(innerWidth, innerHeight) / 19, 48)) / 1000;
    return { x: innerWidth / 2 + (x - self.x) * pixelsPerMm, y: innerHeight / 2 + (z - self.z) * pixelsPerMm };
  }, place);
}

/** Puts the cursor on another player. */
export async function pointAt(page: Page, name: string): Promise<void> {
  const place = await seen(page, name);
  if (place === undefined) return;
  const { x, y } = await onScreen(page, place);
  await page.mouse.move(x, y);
}

export async function say(page: Page, line: string): Promise<void> {
  await page.keyboard.press('Enter');
  await page.fill('#chat-input', line);
  await page.keyboard.press('Enter');
}

export async function hears(page: Page, channel: string, text: string): Promise<void> {
  const line = page.locator(`#chat-lines li.${channel}`, { hasText: text });
  await line.waitFor({ state: 'visible', timeout: WAIT_MS });
}

/** Fingers on a page, each where it was put until it is lifted: several at once, as on a phone. */
export interface Hand {
  put(id: number, x: number, y: number): Promise<void>;
  move(id: number, x: number, y: number): Promise<void>;
  lift(id: number): Promise<void>;
}

export async function createHand(page: Page): Promise<Hand> {
  const session: CDPSession = await page.context().newCDPSession(page);
  // Each message is of one finger; those it leaves out stay as they are.
  const send = async (type: 'touchStart' | 'touchMove' | 'touchEnd', id: number, x = 0, y = 0): Promise<void> => {
    await session.send('Input.dispatchTouchEvent', { type, touchPoints: [{ id, x, y }] });
  };
  return {
    put: (id, x, y) => send('touchStart', id, x, y),
    move: (id, x, y) => send('touchMove', id, x, y),
    lift: (id) => send('touchEnd', id),
  };
}

// The page of the game in a real browser: how long until the player sees its own character, and what a frame costs with
// a hundred others on the screen. A real server, a mob of real clients (mob.ts), Chromium without a graphics card; all
// of them share the machine's cores, so frames a second say what this machine gives, and the main thread's time a frame
// what the page takes. That time is read from Chromium's own trace; `--trace FILE` keeps it, for the browser's
// performance panel or ui.perfetto.dev.

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import type { Client } from '../../src/client/state.ts';
import { quantileOf } from '../../tools/swarm/statistics.ts';
import { type Bench, type Figure, median } from '../bench.ts';
import { findChromium, openBrowser } from '../chromium.ts';
import { startServer } from '../server.ts';
import { type FrameCosts, readTrace, TRACE_CATEGORIES } from './frame-trace.ts';
import { startMob } from './mob.ts';

declare global {
  /** What the page leaves for whoever looks at it: evaluated in the browser. */
  var darkages: { readonly client: Client };
}

interface Load {
  readonly mob: number;
  /** Seen on the screen before anything is measured. */
  readonly seen: number;
  readonly settleS: number;
  readonly measuredS: number;
  readonly loads: number;
}

/** Some of the mob are always at the edge of the screen, or dead and on their way back. */
const FULL: Load = { mob: 115, seen: 100, settleS: 6, measuredS: 20, loads: 5 };
const SMALL: Load = { mob: 4, seen: 1, settleS: 0, measuredS: 6, loads: 1 };
const SCREEN = { width: 1280, height: 720 };
const WAIT_MS = 60_000;
const STROLL_MS = 700;

export const bench: Bench = {
  figures: [
    'game.page.loadMs',
    'game.page.framesPerSecond',
    'game.page.frameGapMsP99',
    'game.page.entitiesInView',
    'game.page.mainMs',
    'game.page.mainMsP99',
    'game.page.scriptMs',
    'game.page.paintMs',
  ],
  needs: () => (findChromium() === undefined ? 'Chromium' : undefined),
  async run(seed, isSmall, traceFile) {
    const load = isSmall ? SMALL : FULL;
    const server = await startServer({ args: ['--seed', String(seed)] });
    const browser = await openBrowser(findChromium()!);
    try {
      const loadsMs: number[] = [];
      for (let count = 0; count < load.loads; count++) loadsMs.push(await measureLoad(browser, server.url));
      return toFigures(await measureFrames(browser, server.url, load, seed, traceFile), median(loadsMs), seed);
    } finally {
      await browser.close();
      await server.stop();
    }
  },
};

/** Nothing cached, no account: from the navigation until the first frame with the own character. */
async function measureLoad(browser: Browser, url: string): Promise<number> {
  const page = await enter(browser, url);
  const loadMs = await page.evaluate(() => globalThis.firstFrameMs!);
  await page.context().close();
  return loadMs;
}

declare global {
  /** Left by the script below: time since the navigation of the first frame with the own character. */
  var firstFrameMs: number | undefined;
}

/** Plays as soon as the page can be used. */
async function enter(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext({ viewport: SCREEN });
  const page = await context.newPage();
  await page.addInitScript(() => {
    addEventListener('DOMContentLoaded', () => {
      document.querySelector<HTMLButtonElement>('#play')!.click();
      // Asked for after the page's own: what it draws in a frame is drawn when this looks.
      const look = (): void => {
        if ((darkages.client.own.columns.health ?? 0) > 0) globalThis.firstFrameMs = performance.now();
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
  });
  await page.goto(url);
  await page.waitForFunction(() => globalThis.firstFrameMs !== undefined, null, { timeout: WAIT_MS });
  return page;
}

interface Frames {
  readonly costs: FrameCosts;
  /** Between one frame and the next, ms. */
  readonly gaps: readonly number[];
  /** On the screen, of one frame in ten. */
  readonly seen: readonly number[];
}

async function measureFrames(
  browser: Browser,
  url: string,
  load: Load,
  seed: number,
  traceFile: string | undefined,
): Promise<Frames> {
  const page = await enter(browser, url);
  const place = await page.evaluate(() => ({ x: darkages.client.own.x, z: darkages.client.own.z }));
  const mob = startMob(url, load.mob, seed, () => place);
  try {
    await page.mouse.move(SCREEN.width * 0.7, SCREEN.height * 0.3);
    await page.evaluate(countFrames);
    await page.waitForFunction((seen) => globalThis.frameCount!.seen.at(-1)! >= seen, load.seen, { timeout: WAIT_MS });
    await sleep(load.settleS * 1000);
    await browser.startTracing(page, { categories: [...TRACE_CATEGORIES] });
    await page.evaluate(() => {
      globalThis.frameCount!.gaps.length = 0;
      // The last look stays: where frames are few there may be no other.
      globalThis.frameCount!.seen.splice(0, globalThis.frameCount!.seen.length - 1);
    });
    await stroll(page, load.measuredS * 1000);
    const { gaps, seen } = await page.evaluate(() => globalThis.frameCount!);
    const trace = await browser.stopTracing();
    if (traceFile !== undefined) writeFileSync(traceFile, trace);
    return { costs: readTrace(trace.toString()), gaps, seen };
  } finally {
    mob.stop();
  }
}

declare global {
  var frameCount: { readonly gaps: number[]; readonly seen: number[] } | undefined;
}

/** In the browser: notes each frame, and now and then how many others are on the screen. */
function countFrames(): void {
  const count = { gaps: [] as number[], seen: [] as number[] };
  globalThis.frameCount = count;
  const pixelsPerMm = Math.max(16, Math.min(Math.min(innerWidth, innerHeight) / 19, 48)) / 1000;
  let beforeMs = performance.now();
  const note = (nowMs: number): void => {
    count.gaps.push(nowMs - beforeMs);
    beforeMs = nowMs;
    if (count.gaps.length % 10 === 0) {
      const { own, interpolation } = darkages.client;
      let seen = 0;
      for (const { x, z } of interpolation.views.values()) {
        const isOn =
          Math.abs(x - own.x) * pixelsPerMm < innerWidth / 2 && Math.abs(z - own.z) * pixelsPerMm < innerHeight / 2;
        if (isOn) seen++;
      }
      count.seen.push(seen);
    }
    requestAnimationFrame(note);
  };
  requestAnimationFrame(note);
}

/** To and fro, so that ground and obstacles move as well. */
async function stroll(page: Page, ms: number): Promise<void> {
  const endMs = performance.now() + ms;
  for (let step = 0; performance.now() < endMs; step++) {
    const key = step % 2 === 0 ? 'KeyA' : 'KeyD';
    await page.keyboard.down(key);
    await sleep(STROLL_MS);
    await page.keyboard.up(key);
  }
}

function toFigures({ costs, gaps, seen }: Frames, loadMs: number, seed: number): Figure[] {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const checksum = `${gaps.length} frames, ${costs.main.length} in the trace, ${seen.length} looks at the screen`;
  const figure = (name: string, value: number, unit: string): Figure => ({
    figure: `game.page.${name}`,
    value,
    unit,
    seed,
    checksum,
  });
  return [
    figure('loadMs', loadMs, 'ms'),
    figure('framesPerSecond', 1000 / mean(gaps), '1/s'),
    figure('frameGapMsP99', quantileOf(gaps, 0.99), 'ms'),
    figure('entitiesInView', mean(seen), ''),
    figure('mainMs', mean(costs.main), 'ms'),
    figure('mainMsP99', quantileOf(costs.main, 0.99), 'ms'),
    figure('scriptMs', mean(costs.script), 'ms'),
    figure('paintMs', mean(costs.paint), 'ms'),
  ];
}

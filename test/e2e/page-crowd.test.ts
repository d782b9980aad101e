// A hundred others on the page at once: all of them drawn, nothing goes wrong. What a frame costs then is measured by
// the bench game.page.

import { describe, expect, test } from 'vitest';
import { startMob } from '../../bench/game/mob.ts';
import { chromium, enter, own, usePages, WAIT_MS } from './pages.ts';

const SEED = 11;
const { serve, url, open } = usePages();

/** In the browser, after the page has drawn: how many of those who stand on the screen are seen there. */
function lookAtBodies(): Promise<{ standing: number; drawn: number }> {
  const canvas = document.querySelector<HTMLCanvasElement>('#scene')!;
  const context = canvas.getContext('2d')!;
  return new Promise((resolve) => {
    requestAnimationFrame(() => {
      const { own: self, interpolation } = darkages.client;
      const pixelsPerMm = Math.max(16, Math.min(Math.min(innerWidth, innerHeight) / 19, 48)) / 1000;
      const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
      let standing = 0;
      let drawn = 0;
      for (const { kind, x, y, z, columns } of interpolation.views.values()) {
        const left = Math.round(innerWidth / 2 + (x - self.x) * pixelsPerMm);
        const top = Math.round(innerHeight / 2 + (z - self.z) * pixelsPerMm);
        const isIn = left > 0 && top > 0 && left < width && top < height;
        if (kind !== 1 || y > 0 || (columns.health ?? 0) === 0 || !isIn) continue;
        standing++;
        const at = (top * width + left) * 4;
        // Nothing of the ground is as bright.
        if (Math.max(data[at]!, data[at + 1]!, data[at + 2]!) > 70) drawn++;
      }
      resolve({ standing, drawn });
    });
  });
}

/** A quarter of them is in the air at any time. */
function isShown({ standing, drawn }: { standing: number; drawn: number }): boolean {
  return standing >= 75 && drawn > standing * 0.9;
}

describe.skipIf(chromium === undefined)('the page in a crowd', () => {
  test(`shows a hundred others, seed ${SEED}`, async () => {
    await serve();
    const { page, errors } = await open();
    await enter(page, 'Aldric');
    const place = await own(page);
    const mob = startMob(url(), 112, SEED, () => place);
    try {
      await page.waitForFunction(() => darkages.client.interpolation.views.size >= 110, null, {
        timeout: 4 * WAIT_MS,
      });
      // Until they have come together and some have shot, cast and died.
      let most = { standing: 0, drawn: 0 };
      // A hole between hood and shoulder, a fading number: a few are dark just where they are looked at, and in some
      // moments more of them.
      for (let look = 0; look < 60 && !isShown(most); look++) {
        await page.waitForTimeout(1_000);
        const looked = await page.evaluate(lookAtBodies);
        if (isShown(looked) || looked.standing > most.standing) most = looked;
      }
      expect(isShown(most), JSON.stringify(most)).toBe(true);
      expect(errors).toEqual([]);
      expect(await page.evaluate(() => darkages.client.stats)).toMatchObject({ malformed: 0, snapshotsUnusable: 0 });
    } finally {
      mob.stop();
    }
  }, 300_000);
});

// What the page sounds like, heard in a real browser: each sound is a signal, none is too loud, each ends, and the
// switch silences the page.

import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { type createVoice, SOUND_NAMES, type startSound } from '../../src/web/sound.ts';
import { chromium, enter, usePages, WAIT_MS } from './pages.ts';

const { serve, open, browser } = usePages();
/** Longer than any sound. */
const HEARD_S = 2;
const RATE_HZ = 44_100;

interface Heard {
  readonly peak: number;
  /** Root mean square while it sounds. */
  readonly loudness: number;
  /** When the last sample was that anybody would hear. */
  readonly endS: number;
}

declare global {
  /** What src/web/sound.ts exports, once it is on a page. */
  var studio: { readonly createVoice: typeof createVoice; readonly startSound: typeof startSound };
  /** Largest sample that went to the loudspeaker. */
  var heardPeak: number;
}

/** An empty page with the sounds alone. */
async function openStudio(): Promise<Page> {
  const page = await (await browser().newContext()).newPage();
  const code = stripTypeScriptTypes(readFileSync(new URL('../../src/web/sound.ts', import.meta.url), 'utf8'));
  await page.addScriptTag({ type: 'module', content: `${code}\nglobalThis.studio = { createVoice, startSound };` });
  // A module runs when the page has time for it.
  await page.waitForFunction(() => 'studio' in globalThis, null, { timeout: WAIT_MS });
  return page;
}

/** Renders sounds that begin together, in a browser, without a loudspeaker. */
function render(page: Page, names: readonly string[], volume = 1): Promise<Heard> {
  return page.evaluate(
    async ({ names, volume, seconds, rate }) => {
      const context = new OfflineAudioContext(2, seconds * rate, rate);
      const voice = studio.createVoice(context);
      for (const name of names) studio.startSound(voice, name, volume, 0);
      const samples = (await context.startRendering()).getChannelData(0);
      let peak = 0;
      let sum = 0;
      let last = 0;
      for (let index = 0; index < samples.length; index++) {
        const size = Math.abs(samples[index]!);
        peak = Math.max(peak, size);
        sum += size * size;
        if (size > 0.001) last = index;
      }
      return { peak, loudness: Math.sqrt(sum / Math.max(1, last)), endS: last / rate };
    },
    { names, volume, seconds: HEARD_S, rate: RATE_HZ },
  );
}

describe.skipIf(chromium === undefined)('the sounds of the page', () => {
  test('each is heard, none is distorted, each ends; what is far is quiet', async () => {
    const page = await openStudio();
    expect(SOUND_NAMES.length).toBeGreaterThan(10);
    for (const name of SOUND_NAMES) {
      const heard = await render(page, [name]);
      expect(heard.loudness, `${name} is heard`).toBeGreaterThan(0.006);
      expect(heard.peak, `${name} is not distorted`).toBeLessThan(1);
      expect(heard.endS, `${name} is no click`).toBeGreaterThan(0.04);
      expect(heard.endS, `${name} ends`).toBeLessThan(1.5);
      expect((await render(page, [name], 0.1)).peak, `${name} is quiet from afar`).toBeLessThan(heard.peak / 2);
    }
    expect((await render(page, [])).peak).toBe(0);
  });

  test('all of them at once are not distorted either', async () => {
    const page = await openStudio();
    expect((await render(page, SOUND_NAMES)).peak).toBeLessThan(1);
  });

  test('the page sounds when its player strikes, and not after the switch', async () => {
    await serve();
    const { page, errors } = await open();
    await page.addInitScript(listen);
    await page.reload();
    await enter(page, 'Aldric');
    await page.keyboard.press('Digit1');
    await page.waitForFunction(() => globalThis.heardPeak > 0.005, null, { timeout: WAIT_MS });
    await page.keyboard.press('Escape');
    await page.getByRole('switch', { name: 'Sound' }).click();
    await page.keyboard.press('Escape');
    // What was struck before may sound on, and the limiter looks a few milliseconds ahead.
    const hear = async (): Promise<number> => {
      await page.evaluate(() => {
        globalThis.heardPeak = 0;
      });
      await page.waitForTimeout(300);
      return page.evaluate(() => globalThis.heardPeak);
    };
    await expect.poll(hear, { timeout: WAIT_MS }).toBe(0);
    for (let blow = 0; blow < 3; blow++) {
      await page.keyboard.press('Digit1');
      await page.waitForTimeout(500);
    }
    expect(await page.evaluate(() => globalThis.heardPeak)).toBe(0);
    expect(errors).toEqual([]);
  });
});

/** In the browser: listens to whatever is sent to a loudspeaker. */
function listen(): void {
  globalThis.heardPeak = 0;
  const connect = AudioNode.prototype.connect as (this: AudioNode, ...args: unknown[]) => AudioNode;
  const spy = function (this: AudioNode, ...args: unknown[]): AudioNode {
    if (args[0] instanceof AudioDestinationNode) {
      const analyser = this.context.createAnalyser();
      const samples = new Float32Array(analyser.fftSize);
      connect.call(this, analyser);
      setInterval(() => {
        analyser.getFloatTimeDomainData(samples);
        for (const sample of samples) globalThis.heardPeak = Math.max(globalThis.heardPeak, Math.abs(sample));
      }, 10);
    }
    return connect.apply(this, args);
  };
  AudioNode.prototype.connect = spy as typeof AudioNode.prototype.connect;
}

// The same stream gives the same states wherever it runs: in this process, in a worker thread, in a browser. What is
// compared is the 64-bit hash over all state, at every 100th tick and at the end.

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { rolldown } from 'rolldown';
import { describe, expect, test } from 'vitest';
import { openBrowser } from '../../bench/chromium.ts';
import { game as tag } from '../../examples/tag/game.ts';
import { game as darkages } from '../../src/game/game.ts';
import type { AnyGame } from '../../src/sim/game.ts';
import { RECORD_JOIN } from '../../src/wire/zone-records.ts';
import { needs } from '../needs.ts';
import { type Recording, recordZone, replayZone } from './replay/stream.ts';

const SEED = Number(process.env.SEED ?? 77_001);
const TICKS = 10_000;
const PAGE = fileURLToPath(new URL('./replay/page.ts', import.meta.url));
const SHIPPED_GAME = '../../../src/game/game.ts';
/** Nothing listens there: every request of the page is answered by the test. Isolated, so that it has shared memory. */
const ORIGIN = 'http://127.0.0.1:9';
const ISOLATED = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

const chromium = needs('chromium');

const GAMES: readonly [string, AnyGame, URL][] = [
  ['darkages', darkages, new URL('../../src/game/game.ts', import.meta.url)],
  ['tag', tag, new URL('../../examples/tag/game.ts', import.meta.url)],
];

describe.each(GAMES)('%s, ten thousand ticks', (_, game, gameUrl) => {
  const recording = recordZone(game, SEED, TICKS);

  test('is long, and no two of its states are alike', () => {
    console.log(`SEED=${SEED}, ${recording.stream.length} bytes`);
    expect(recording.hashes).toHaveLength(TICKS / 100);
    expect(new Set(recording.hashes).size).toBe(recording.hashes.length);
    expect(recordZone(game, SEED + 1, 500).hashes.at(-1)).not.toBe(recording.hashes[4]);
  });

  test('replayed in this thread', () => {
    expect(replayZone(game, SEED, TICKS, recording.stream).hashes).toEqual(recording.hashes);
  });

  test('replayed in a worker thread', async () => {
    const { stream } = recording;
    const worker = new Worker(new URL('./replay/worker.ts', import.meta.url), {
      workerData: { gameUrl: gameUrl.href, seed: SEED, ticks: TICKS, stream },
    });
    const [hashes] = (await once(worker, 'message')) as [readonly string[]];
    await worker.terminate();
    expect(hashes).toEqual(recording.hashes);
  });

  test.skipIf(chromium === undefined)('replayed in Chromium', async () => {
    const hashes = await replayInBrowser(chromium!, fileURLToPath(gameUrl), recording);
    expect(hashes).toEqual(recording.hashes);
  });
});

test('a stream that differs in one bit is told from its hashes', () => {
  const { stream, hashes } = recordZone(darkages, SEED, 1_000);
  const other = stream.slice();
  // A player's id in the first join: an input may be that of a dead man, and change nothing that lasts.
  // Ids of the stream are below 32, so it is never that of nobody.
  const view = new DataView(other.buffer);
  let at = 0;
  while (other[at + 8] !== RECORD_JOIN) at += 8 + view.getUint32(at + 4, true);
  const playerId = at + 8 + 3;
  other[playerId] = other[playerId]! ^ 0x20;
  expect(replayZone(darkages, SEED, 1_000, other).hashes).not.toEqual(hashes);
});

async function replayInBrowser(path: string, gameFile: string, { stream }: Recording): Promise<readonly string[]> {
  const script = await bundle(gameFile);
  const browser = await openBrowser(path);
  try {
    const page = await browser.newPage();
    await page.route('**/*', async (route) => {
      const name = new URL(route.request().url()).pathname;
      if (name === '/stream') await route.fulfill({ body: Buffer.from(stream.buffer), headers: ISOLATED });
      else if (name === '/page.js') {
        await route.fulfill({ body: script, contentType: 'text/javascript', headers: ISOLATED });
      } else {
        const body = '<!doctype html><script type="module" src="/page.js"></script>';
        await route.fulfill({ body, contentType: 'text/html', headers: ISOLATED });
      }
    });
    await page.goto(`${ORIGIN}/`);
    await page.waitForFunction(() => 'replay' in globalThis);
    return await page.evaluate(([url, seed, ticks]) => globalThis.replay(url, seed, ticks), [
      '/stream',
      SEED,
      TICKS,
    ] as const);
  } finally {
    await browser.close();
  }
}

async function bundle(gameFile: string): Promise<string> {
  const build = await rolldown({
    input: PAGE,
    platform: 'browser',
    plugins: [
      {
        name: 'chosen-game',
        resolveId: (source, importer) => (source === SHIPPED_GAME && importer === PAGE ? gameFile : null),
      },
    ],
  });
  const { output } = await build.generate({ format: 'esm', minify: true, codeSplitting: false });
  await build.close();
  return output[0].code;
}

// One more player, who stands and watches, on a thread of its own: a player's machine has nothing else to do, while the
// crowd's thread has hundreds of them to bring back at once, all of them one step after the other. So this one sees when the
// first of them could be back. Main side and thread; no ledger is asked of it, since it asks for nothing.

import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { systemClock } from '../../src/io/system.ts';
import { type CrowdOptions, openLines } from './crowd.ts';
import { createPlayer, updatePlayer } from './players.ts';

type WitnessOptions = Pick<CrowdOptions, 'url' | 'seed' | 'transport'>;

/** The first snapshot of a process of the server. */
export interface Sighting {
  /** Of the process, as sessions name it. */
  readonly boot: string | undefined;
  /** By the clock of the thread that asks for it. */
  readonly backMs: number;
}

export interface Witness {
  /** The newest. */
  seen(): Sighting;
  stop(): Promise<void>;
}

const IN_MS_MAX = 30_000;

/** Resolves when it plays. */
export async function startWitness(options: WitnessOptions): Promise<Witness> {
  const worker = new Worker(new URL(import.meta.url), { workerData: options });
  let newest: Sighting = { boot: undefined, backMs: Number.NaN };
  worker.on('message', ({ boot, backMs }: Sighting) => {
    newest = { boot, backMs: backMs - performance.timeOrigin };
  });
  // Whoever fails meanwhile must not be held by it.
  worker.unref();
  await once(worker, 'message', { signal: AbortSignal.timeout(IN_MS_MAX) });
  return {
    seen: () => newest,
    async stop() {
      await worker.terminate();
    },
  };
}

const TURN_MS = 4;
/** Not one of those who walk. */
const PLACE = 1;

async function watch({ url, seed, transport }: WitnessOptions): Promise<void> {
  const lines = await openLines(transport, 1);
  const player = createPlayer({ url, seed, transport, pauseMsMax: 0, link: lines.link });
  let told = Number.NaN;
  setInterval(() => {
    updatePlayer(player, PLACE, [player], systemClock.now(), false);
    lines.turn(systemClock.now());
    const { boot, backMs } = player;
    if (Number.isNaN(backMs) || backMs === told) return;
    told = backMs;
    parentPort!.postMessage({ boot, backMs: backMs + performance.timeOrigin } satisfies Sighting);
  }, TURN_MS);
}

if (!isMainThread) await watch(workerData as WitnessOptions);

// Hostile clients beside honest ones: `node tools/hostile/main.ts URL COUNT SEED`. Each does one kind of harm for as long
// as it is let, and comes again when it was thrown out. Goes on until it gets SIGTERM or its time is over, then prints
// what it did as JSON. Loopback only: this is for one's own server on one's own machine.

import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { createRandom } from '../../src/base/random.ts';
import { game } from '../../src/game/game.ts';
import { ATTACKS, hopZones } from './attacks.ts';
import { enter, type RawClient } from './raw-client.ts';

const TIME_MS_MAX = 600_000;
const ACT_MS = 50;
const AGAIN_MS = 500;
/** Where the others play; there may be more. */
const HONEST_ZONE = 1;

const done = { returns: 0, acts: 0 };
let isOver = false;

async function attack(url: string, number: number, seed: number): Promise<void> {
  const act = ATTACKS[number % ATTACKS.length]!;
  if (act === hopZones) return hop(url);
  const random = createRandom(seed + number);
  while (!isOver) {
    const entered = await tryEnter(url, HONEST_ZONE);
    if (entered === undefined) continue;
    const { client } = entered;
    while (!isOver && client.socket.readyState === WebSocket.OPEN) {
      act(client, random);
      done.acts++;
      await sleep(ACT_MS);
    }
    end(client);
  }
}

/** One guest, in one zone after the other. */
async function hop(url: string): Promise<void> {
  let guestSecret: string | undefined;
  let last: RawClient | undefined;
  for (let zone = HONEST_ZONE; !isOver; zone++) {
    const entered = await tryEnter(url, zone, guestSecret);
    if (last !== undefined) end(last);
    last = entered?.client;
    guestSecret ??= entered?.session.guestSecret;
    done.acts++;
    await sleep(ACT_MS);
  }
  if (last !== undefined) end(last);
}

/** Refused for a while, or thrown out while it comes in: part of its life. */
async function tryEnter(
  url: string,
  zone: number,
  guestSecret?: string,
): Promise<Awaited<ReturnType<typeof enter>> | undefined> {
  const entered = await enter(game, url, guestSecret, zone).catch(() => undefined);
  if (entered === undefined) await sleep(AGAIN_MS);
  else done.returns++;
  return entered;
}

function end({ timer, socket }: RawClient): void {
  clearInterval(timer);
  socket.terminate();
}

async function main(): Promise<void> {
  const [url = '', count = '', seed = ''] = process.argv.slice(2);
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(host) || !/^\d+$/.test(count) || !/^\d+$/.test(seed)) {
    console.error('Say where, how many and with which seed: node tools/hostile/main.ts http://127.0.0.1:8080 20 7');
    process.exit(2);
  }
  const finish = (): void => {
    isOver = true;
  };
  process.once('SIGTERM', finish);
  process.once('SIGINT', finish);
  setTimeout(finish, TIME_MS_MAX).unref();
  await Promise.all(Array.from({ length: Number(count) }, (_, number) => attack(url, number, Number(seed))));
  console.log(JSON.stringify(done));
}

await main();

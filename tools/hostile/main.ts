// Hostile clients beside honest ones: `node tools/hostile/main.ts URL COUNT SEED`. Each does one kind of harm for as long
// as it is let, and comes again when it was thrown out. Goes on until it gets SIGTERM or its time is over, then prints
// what it did as JSON. Loopback only: this is for one's own server on one's own machine.
// What is sent again and again is encoded once: on a machine of few cores the attack shall cost the server, not itself.

import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { createRandom, type Random } from '../../src/base/random.ts';
import { game } from '../../src/game/game.ts';
import { encodeToBytes, type WireObject } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { enter, nextTick, play, type RawClient, send } from './raw-client.ts';

const TIME_MS_MAX = 600_000;
const ACT_MS = 50;
const AGAIN_MS = 500;
const PINGS = 300;
const REQUESTS = 60;
const FAR_MM = 190_000;

const { clientMessage } = createMessages(game);
const pings = Array.from({ length: PINGS }, (_, id) =>
  encodeToBytes(clientMessage, { ping: { clientTimeMs: id + 1 } }),
);
const requests = Array.from({ length: REQUESTS }, (_, id) =>
  encodeToBytes(clientMessage, { request: { id: id + 1, say: { text: `buy gold ${id}` } } }),
);
const HANDLES = [0, 1, 65_537, 0x7fff_ffff];

type Attack = (client: RawClient, random: Random) => void;

/** One act each. */
const ATTACKS: readonly Attack[] = [
  // Far more frames than a client has reason to send.
  ({ socket }) => {
    for (const bytes of pings) socket.send(bytes);
  },
  // Bytes that mean nothing.
  ({ socket }, random) => {
    for (let count = 0; count < 20; count++) socket.send(Uint8Array.from({ length: 200 }, () => random.below(256)));
  },
  // It is wherever it likes, as fast as it likes.
  (client, random) => {
    const far = { claimedX: (random.below(3) - 1) * FAR_MM, claimedY: 0, claimedZ: (random.below(3) - 1) * FAR_MM };
    send(client, { inputs: [{ tick: nextTick(client), ackAge: 5, moveX: 127, moveZ: 127, ...far }] });
  },
  // Every ability each tick, at targets that are not there.
  (client, random) => {
    const target = HANDLES[random.below(HANDLES.length)]!;
    play(client, (tick) => ({ ability: 1 + (tick % 4), target, reach: 5000 }));
  },
  // Inputs from another time.
  (client) => {
    const tick = nextTick(client);
    send(client, { inputs: [tick + 500, tick - 500, tick + 30].map((at): WireObject => ({ tick: at, ackAge: 1 })) });
  },
  // Requests without end.
  ({ socket }) => {
    for (const bytes of requests) socket.send(bytes);
  },
];

const done = { returns: 0, acts: 0 };
let isOver = false;

async function attack(url: string, number: number, seed: number): Promise<void> {
  const act = ATTACKS[number % ATTACKS.length]!;
  const random = createRandom(seed + number);
  while (!isOver) {
    // Refused for a while, or thrown out while it comes in: part of its life.
    const entered = await enter(game, url).catch(() => undefined);
    if (entered === undefined) {
      await sleep(AGAIN_MS);
      continue;
    }
    const { client } = entered;
    done.returns++;
    while (!isOver && client.socket.readyState === WebSocket.OPEN) {
      act(client, random);
      done.acts++;
      await sleep(ACT_MS);
    }
    clearInterval(client.timer);
    client.socket.terminate();
  }
}

async function main(): Promise<void> {
  const [url = '', count = '', seed = ''] = process.argv.slice(2);
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(host) || !/^\d+$/.test(count) || !/^\d+$/.test(seed)) {
    console.error('Say where, how many and with which seed: node tools/hostile/main.ts http://127.0.0.1:8080 20 7');
    process.exit(2);
  }
  const end = (): void => {
    isOver = true;
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  setTimeout(end, TIME_MS_MAX).unref();
  await Promise.all(Array.from({ length: Number(count) }, (_, number) => attack(url, number, Number(seed))));
  console.log(JSON.stringify(done));
}

await main();

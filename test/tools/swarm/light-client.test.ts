// What a light bot sends, against the real zone and edge: read back by the server's own reader.

import { expect, test } from 'vitest';
import { INPUTS_PER_FRAME_MAX, TICK_MS } from '../../../src/base/limits.ts';
import { createRandom } from '../../../src/base/random.ts';
import { createClient, startClient, updateClient } from '../../../src/client/client.ts';
import type { OpenSocket } from '../../../src/client/ports.ts';
import { type Client, PLAYING } from '../../../src/client/state.ts';
import { game } from '../../../src/game/game.ts';
import {
  createClientFrame,
  INPUT_ACK_AGE_WORD,
  INPUT_TICK_WORD,
  INPUT_VALUES_WORD,
  readClientFrame,
  VIEW_AGE_WORD,
} from '../../../src/wire/client-frame.ts';
import { DECODED } from '../../../src/wire/codec.ts';
import {
  createLightClient,
  keepLightClient,
  type LightClient,
  sendLightFrame,
  setWanted,
} from '../../../tools/swarm/light-client.ts';
import { createSimulatedServer, openLink, run } from '../../client/simulated-server.ts';
import { PERFECT_LINE } from '../../simulated-network.ts';

const SEED = Number(process.env.SEED ?? 2500);
const REPEAT = 5;
const TURNS = 3;

/** An input as it was sent first. */
interface Sent {
  readonly words: readonly number[];
  readonly ackedTick: number;
}

test.each([1, 2])(
  'a light client sends each tick once, acknowledges what it applied, and repeats what was news: %i in a frame',
  (inputsPerFrame) => {
    console.log(`SEED=${SEED}`);
    const random = createRandom(SEED);
    const server = createSimulatedServer(game, SEED, PERFECT_LINE);
    server.inputsPerFrame = inputsPerFrame;
    const frames: Uint8Array[] = [];
    let sent = 0;
    const openSocket: OpenSocket = (_, events) => {
      const socket = openLink(server, events, () => 0);
      return {
        ...socket,
        send(bytes, isReliable) {
          if (client.state === PLAYING) frames.push(bytes.slice());
          socket.send(bytes, isReliable);
        },
      };
    };
    const client: Client = createClient({
      game,
      requestSession: (done) => done({ token: '101', url: 'ws://simulated' }),
      openSocket,
      clock: server.clock,
      random: () => random.fraction(),
      interpolate: false,
      isLight: true,
      repeatInputs: REPEAT,
    });
    const light = createLightClient(client);
    startClient(client, server.clock.now());
    const frame = createClientFrame(game);
    const firsts = new Map<number, Sent>();
    let repeated = 0;
    const takeFrames = (): void => {
      for (const bytes of frames.splice(0)) {
        expect(readClientFrame(frame, bytes)).toBe(DECODED);
        expect(frame.inputCount).toBeLessThanOrEqual(INPUTS_PER_FRAME_MAX);
        if (frame.inputCount > 0) sent++;
        let before = 0;
        for (let index = 0; index < frame.inputCount; index++) {
          const words = [...frame.inputs.subarray(index * frame.layout.words, (index + 1) * frame.layout.words)];
          const tick = words[INPUT_TICK_WORD]!;
          expect(tick).toBeGreaterThan(before);
          before = tick;
          const first = firsts.get(tick);
          if (first === undefined) {
            if (firsts.size > 0) expect(firsts.has(tick - 1)).toBe(true);
            firsts.set(tick, { words, ackedTick: client.replicas.tick });
          } else {
            repeated++;
            expect(words).toEqual(first.words);
            expect(changes(firsts.get(tick - 1)?.words, words)).toBe(true);
          }
        }
      }
    };
    for (let turn = 0; turn < 1200; turn++) {
      run(server, Math.round(TICK_MS * (turn + 1)) - Math.round(TICK_MS * turn));
      takeTurn(light, server.clock.now(), turn, random);
      takeFrames();
    }
    expect(firsts.size).toBeGreaterThan(1000);
    // A ping takes with it what there is.
    expect(firsts.size / sent).toBeGreaterThan(0.9 * inputsPerFrame);
    expect(repeated).toBeGreaterThan(300 / inputsPerFrame);
    expect(client.replicas.inputTick).toBeGreaterThan(Math.max(...firsts.keys()) - 20);
    expect(client.stats.snapshotsUnusable).toBe(0);
    for (const [tick, { words, ackedTick }] of firsts) {
      expect(words[INPUT_ACK_AGE_WORD]).toBe(tick - ackedTick);
      expect(words[VIEW_AGE_WORD]).toBe(tick - ackedTick);
    }
  },
);

function takeTurn(light: LightClient, nowMs: number, turn: number, random: ReturnType<typeof createRandom>): void {
  const { client } = light;
  if (client.state !== PLAYING) {
    updateClient(client, nowMs);
    return;
  }
  if (turn % TURNS === 0) {
    keepLightClient(light, nowMs);
    client.intent.aim = random.below(0x1_0000);
    if (random.below(3) === 0) client.intent.moveX = random.below(255) - 127;
    setWanted(light);
  }
  sendLightFrame(light, nowMs, TURNS - (turn % TURNS));
}

/** Beside aim and what is said of the tick. */
function changes(before: readonly number[] | undefined, words: readonly number[]): boolean {
  return words.some((word, index) => {
    const isOfTick = index < INPUT_VALUES_WORD || index === VIEW_AGE_WORD || index === INPUT_VALUES_WORD + 2;
    return !isOfTick && word !== before?.[index];
  });
}

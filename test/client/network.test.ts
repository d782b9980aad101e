// The client against the real zone and edge over a bad network: what a player sees of it.

import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { predictedAt } from '../../src/client/prediction.ts';
import { type Client, PLAYING } from '../../src/client/state.ts';
import { game } from '../../src/game/game.ts';
import { BUTTON_SPRINT } from '../../src/game/movement.ts';
import type { LineOptions } from '../simulated-network.ts';
import { addClient, createSimulatedServer, run, type SimulatedServer } from './simulated-server.ts';

const SEED = Number(process.env.SEED ?? 20_240_117);
const UNITS_PER_MM = 128;

/** Walks, sprints, stands and turns at random moments; sometimes in circles. */
function wander(client: Client, seed: number): () => void {
  const random = createRandom(seed);
  return () => {
    if (random.fraction() < 0.03) {
      const angle = random.fraction() * 2 * Math.PI;
      const speed = random.below(5) === 0 ? 0 : 127;
      client.intent.moveX = Math.cos(angle) * speed;
      client.intent.moveZ = Math.sin(angle) * speed;
      client.intent.buttons = random.below(2) === 0 ? BUTTON_SPRINT : 0;
    }
    client.intent.aim = (client.intent.aim + random.below(4000)) & 0xffff;
  };
}

interface Watch {
  frames: number;
  wrong: number;
}

/** Compares what the client had predicted for a tick, when it first did, with where the server put the player. */
function watchPrediction(server: SimulatedServer, client: Client): Watch {
  const watch: Watch = { frames: 0, wrong: 0 };
  const predicted = new Map<number, { x: number; z: number }>();
  let seen = 0;
  const host = server.clients.find((one) => one.client === client)!;
  const before = host.eachFrame;
  host.eachFrame = () => {
    before?.();
    const { prediction } = client;
    if (client.state !== PLAYING || prediction === undefined) return;
    for (let tick = Math.max(seen + 1, prediction.tick - 8); tick <= prediction.tick; tick++) {
      const x = predictedAt(prediction, tick, 'positionX');
      const z = predictedAt(prediction, tick, 'positionZ');
      if (x !== undefined && z !== undefined) predicted.set(tick, { x, z });
    }
    seen = prediction.tick;
  };
  server.afterTick = (tick) => {
    const at = predicted.get(tick);
    predicted.delete(tick);
    if (at === undefined || client.welcome === undefined) return;
    const { positionX, positionZ } = server.zone.world.columns;
    const { slot } = client.welcome;
    const mm = Math.hypot(positionX[slot]! - at.x, positionZ[slot]! - at.z) / UNITS_PER_MM;
    watch.frames++;
    if (mm > 100) watch.wrong++;
  };
  return watch;
}

const LINES: readonly [string, LineOptions, number][] = [
  ['as datagrams', { kind: 'datagrams', latencyMs: 100, jitterMs: 30, loss: 0.05 }, 3],
  ['as a stream', { kind: 'stream', latencyMs: 100, jitterMs: 30, loss: 0.05 }, 0],
];

test.each(LINES)('200 ms round trip, 30 ms jitter, 5 %% loss %s: the own position is right', (_, line, repeatInputs) => {
  console.log(`SEED=${SEED}`);
  const server = createSimulatedServer(game, SEED, line);
  const client = addClient(server, { repeatInputs, interpolate: false });
  server.clients[0]!.eachFrame = wander(client, SEED + 1);
  const watch = watchPrediction(server, client);
  run(server, 180_000);
  expect(watch.frames).toBeGreaterThan(10_000);
  expect(watch.wrong / watch.frames).toBeLessThan(0.01);
});

// A server that has many players asks them to put two inputs into a frame: half the frames, and nothing else changes.

import { expect, test } from 'vitest';
import { PLAYING } from '../../src/client/state.ts';
import { BUTTON_SPRINT } from '../../src/game/movement.ts';
import { quietGame } from '../game/quiet-game.ts';
import { addClient, createSimulatedServer, hostOf, run } from './simulated-server.ts';

const SEED = Number(process.env.SEED ?? 20_240_118);

test.each([16, 1000 / 60, 1000 / 144])('by request two inputs go in a frame, at %s ms a picture', (frameMs) => {
  const server = createSimulatedServer(quietGame, SEED, { kind: 'stream', latencyMs: 40, jitterMs: 5, loss: 0 });
  const client = addClient(server, {}, frameMs);
  let frame = 0;
  hostOf(server, client).eachFrame = () => {
    frame++;
    client.intent.moveX = Math.round(127 * Math.cos(frame / 40));
    client.intent.moveZ = Math.round(127 * Math.sin(frame / 40));
    client.intent.buttons = frame % 90 < 30 ? BUTTON_SPRINT : 0;
    client.intent.aim = (frame * 500) & 0xffff;
  };
  const { words, index } = server.edge.counters;
  const zone = server.zone.counters;
  const count = () => ({
    frames: words[index.frames]!,
    inputs: zone.words[zone.index.inputs]!,
    corrections: client.stats.corrections,
  });
  /** Of ten seconds. */
  const play = () => {
    const before = count();
    run(server, 10_000);
    const after = count();
    return {
      frames: after.frames - before.frames,
      inputs: after.inputs - before.inputs,
      corrections: after.corrections - before.corrections,
      lead: client.stats.inputLead,
    };
  };
  run(server, 5_000);
  expect(client.state).toBe(PLAYING);
  // A picture seldom falls on a tick: some frames carry two, and pings come between.
  const single = play();
  expect(single.frames).toBeGreaterThan(560);
  server.inputsPerFrame = 2;
  run(server, 5_000);
  const paired = play();
  expect(paired.frames).toBeGreaterThanOrEqual(300);
  expect(paired.frames).toBeLessThanOrEqual(325);
  expect(paired.inputs).toBeGreaterThanOrEqual(595);
  expect(paired.inputs).toBeLessThanOrEqual(605);
  expect(paired.lead).toBeGreaterThanOrEqual(1);
  expect(paired.corrections).toBe(0);
  expect(single.corrections).toBe(0);
  // Nobody is held to it for ever.
  server.inputsPerFrame = 1;
  run(server, 1_000);
  expect(play().frames).toBeGreaterThan(560);
  // And no server can make a client fall silent.
  server.inputsPerFrame = 1_000_000;
  run(server, 1_000);
  expect(play().frames).toBeGreaterThan(140);
});

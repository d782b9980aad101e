// A server and clients over a network that loses, doubles, delays and reorders, drawn from a seed: whoever tries gets in,
// nothing comes twice or changed, and both sides agree on who is there.

import { expect, test } from 'vitest';
import type { Random } from '../../src/base/random.ts';
import { leaveServer, sendToServer, updateClient } from '../../src/transport/client.ts';
import { sendToClient, updateServer } from '../../src/transport/server.ts';
import { CLIENT_CONNECTED } from '../../src/transport/server-state.ts';
import { CLIENT_STATES, CLIENT_STEPS, CONNECTED, DISCONNECTED, STRANGER } from '../../src/transport/states.ts';
import { createLine, type Line } from '../simulated-network.ts';
import { createLab, type LabClient, type LabServer, START_MS } from './lab.ts';

const LINE = { kind: 'datagrams', latencyMs: 40, jitterMs: 40, loss: 0.2 } as const;
const DOUBLED = 0.05;
const STEP_MS = 10;
const PERMITTED = new Set(CLIENT_STEPS.map(({ from, to }) => `${from} ${to}`));

interface Player {
  readonly client: LabClient;
  readonly up: Line;
  readonly down: Line;
  /** Numbers of payloads that came, either way; each side numbers its own. */
  readonly gotDown: Set<number>;
  readonly gotUp: Set<number>;
  sent: number;
  state: number;
}

interface World {
  readonly random: Random;
  readonly server: LabServer;
  readonly players: Player[];
  /** Slot → player, as the server has said. */
  readonly bySlot: Map<number, Player>;
  nowMs: number;
}

function createWorld(seed: number, players: number): World {
  const lab = createLab(seed);
  const { random } = lab;
  const server = lab.startServer({ clientsMax: players, handshakesMax: players, tokensMax: 64 });
  const world: World = { random, server, players: [], bySlot: new Map(), nowMs: START_MS };
  for (let index = 0; index < players; index++) {
    const lines = { up: createLine(random, LINE), down: createLine(random, LINE) };
    const sets = { gotDown: new Set<number>(), gotUp: new Set<number>() };
    world.players.push({ client: lab.startClient(), ...lines, ...sets, sent: 0, state: 1 });
  }
  return world;
}

function send(world: World, line: Line, bytes: Uint8Array): void {
  line.send(world.nowMs, bytes);
  if (world.random.fraction() < DOUBLED) line.send(world.nowMs, bytes);
}

function numbered(number: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(number, number ^ 0x5a5a_5a5a).buffer);
}

/** The number; fails when it is no payload of ours, or came before. */
function note(seen: Set<number>, bytes: Uint8Array): void {
  const [number, check] = new Uint32Array(bytes.slice().buffer);
  if (check !== (number! ^ 0x5a5a_5a5a) >>> 0) throw new Error('a payload was changed');
  if (seen.has(number!)) throw new Error(`payload ${number} came twice`);
  seen.add(number!);
}

/** Ten milliseconds of everything. Players send and get a payload each 50 ms when `isBusy`. */
function advance(world: World, isBusy: boolean): void {
  const { server, players, bySlot } = world;
  world.nowMs += STEP_MS;
  updateServer(server.server, world.nowMs);
  for (const player of players) {
    const { client } = player;
    updateClient(client.client, world.nowMs);
    player.up.deliver(world.nowMs, (bytes) => {
      const payload = server.receive(world.nowMs, client.address, bytes);
      if (payload !== undefined) note(player.gotUp, payload);
      for (const [kind, slot] of server.happened()) {
        if (kind === CLIENT_CONNECTED) bySlot.set(slot, player);
        else bySlot.delete(slot);
      }
    });
    player.down.deliver(world.nowMs, (bytes) => {
      const payload = client.receive(world.nowMs, bytes);
      if (payload !== undefined) note(player.gotDown, payload);
    });
    const { state } = client.client;
    if (state !== player.state && !PERMITTED.has(`${player.state} ${state}`)) {
      throw new Error(`from ${CLIENT_STATES.get(player.state)} to ${CLIENT_STATES.get(state)}`);
    }
    player.state = state;
    if (isBusy && world.nowMs % 50 === 0 && state === CONNECTED) {
      sendToServer(client.client, world.nowMs, numbered(player.sent++), 0, 8);
    }
  }
  for (const [kind, slot] of server.happened()) {
    expect(kind).not.toBe(CLIENT_CONNECTED);
    bySlot.delete(slot);
  }
  if (isBusy && world.nowMs % 50 === 0) {
    for (const [slot] of bySlot) sendToClient(server.server, world.nowMs, slot, numbered(world.nowMs - START_MS), 0, 8);
  }
  for (const player of players) for (const { bytes } of player.client.take()) send(world, player.up, bytes);
  for (const { bytes, address } of server.take()) {
    const player = players.find(({ client }) => client.address.every((word, index) => word === address[index]));
    send(world, player!.down, bytes);
  }
}

function run(world: World, ms: number, isBusy: boolean): void {
  for (let passed = 0; passed < ms; passed += STEP_MS) advance(world, isBusy);
}

test('through loss, doubles and reordering everyone gets in, and payloads come at most once', () => {
  for (let seed = 1; seed <= 25; seed++) {
    const world = createWorld(seed, 6);
    try {
      run(world, 4000, true);
      for (const { client, gotUp, gotDown, sent } of world.players) {
        expect(client.client.state).toBe(CONNECTED);
        // A fifth is lost; half of them would be something else.
        expect(gotUp.size).toBeGreaterThan(sent * 0.5);
        expect(gotDown.size).toBeGreaterThan(20);
      }
      expect(world.bySlot.size).toBe(6);
      for (const [slot, { client }] of world.bySlot) expect(client.client.slot).toBe(slot);
    } catch (error) {
      throw new Error(`SEED=${seed}`, { cause: error });
    }
  }
});

test('whoever leaves or falls silent is gone on the other side too, and both agree in the end', () => {
  for (let seed = 1; seed <= 15; seed++) {
    const world = createWorld(seed, 5);
    try {
      run(world, 3000, true);
      const [leaving, silent, unheard, ...staying] = world.players as [Player, Player, Player, ...Player[]];
      leaveServer(leaving.client.client, world.nowMs);
      // From now on nothing of the one gets through, and nothing to the other.
      for (let passed = 0; passed < 14_000; passed += STEP_MS) {
        silent.up.cut();
        unheard.down.cut();
        advance(world, passed < 5000);
      }
      expect(leaving.client.client.state).toBe(DISCONNECTED);
      // Either it was told, or it noticed by itself that nobody answers.
      expect(silent.client.client.state).toBeLessThanOrEqual(DISCONNECTED);
      expect(unheard.client.client.state).toBeLessThan(DISCONNECTED);
      for (const { client } of staying) expect(client.client.state).toBe(CONNECTED);
      expect(world.bySlot.size).toBe(staying.length);
      expect([...world.server.server.slots.states].filter((state) => state !== STRANGER)).toHaveLength(staying.length);
    } catch (error) {
      throw new Error(`SEED=${seed}`, { cause: error });
    }
  }
});

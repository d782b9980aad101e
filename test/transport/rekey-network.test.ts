// Clients that renew their keys again and again and change their addresses, over a network that loses, doubles, delays and
// reorders, with somebody on it who sends again from elsewhere what was recorded; drawn from a seed. Nothing comes twice
// or changed, no nonce is used twice, and in the end both sides have the same keys and agree on where everyone is.

import { expect, test } from 'vitest';
import type { Random } from '../../src/base/random.ts';
import { type Address, isSameAddress } from '../../src/transport/address.ts';
import { moveClient, sendToServer, updateClient } from '../../src/transport/client.ts';
import { COUNT } from '../../src/transport/counts.ts';
import { findKey } from '../../src/transport/key-table.ts';
import { sendToClient, updateServer } from '../../src/transport/server.ts';
import { CLIENT_CONNECTED } from '../../src/transport/server-state.ts';
import { CONNECTED, CONTENT, FADING, PROVEN, SETTLED } from '../../src/transport/states.ts';
import { FEATURE_REKEY } from '../../src/transport/token.ts';
import { createLine, type Line } from '../simulated-network.ts';
import { clientAddress, createLab, type Lab, type LabClient, type LabServer, START_MS } from './lab.ts';
import { keyExchange, startRekeyServer } from './rekey-lab.ts';

const LINE = { kind: 'datagrams', latencyMs: 40, jitterMs: 40, loss: 0.2 } as const;
const DOUBLED = 0.05;
const STEP_MS = 10;
const PLAYERS = 3;
const BUSY_MS = 60_000;
const QUIET_MS = 20_000;
const SEEDS = [1, 2, 3, 4, 5, 6];
/** Of each player: places in an array of addresses, the first 100 a player's own in turn. */
const ADDRESSES = 100;
const STRANGER = clientAddress(999);

interface Player {
  readonly client: LabClient;
  readonly up: Line;
  readonly down: Line;
  readonly gotDown: Set<number>;
  readonly gotUp: Set<number>;
  readonly addresses: Address[];
  /** Which of them is its own now. */
  place: number;
  slot: number;
  sent: number;
}

interface World {
  readonly random: Random;
  readonly lab: Lab;
  readonly server: LabServer;
  readonly players: Player[];
  /** Packets on their way to the server that somebody has written down. */
  readonly recorded: Uint8Array[];
  /** By address as text: what came from it and went to it while it was nobody's. */
  readonly unproven: Map<string, { bytesIn: number; bytesOut: number }>;
  nowMs: number;
}

function createWorld(seed: number): World {
  const lab = createLab(seed);
  const { random } = lab;
  const server = startRekeyServer(lab, { clientsMax: PLAYERS, handshakesMax: PLAYERS });
  const players = Array.from({ length: PLAYERS }, (_, player) => ({
    client: lab.startClient({ token: lab.mint({ features: FEATURE_REKEY, timeoutS: 8 }), keyExchange }),
    up: createLine(random, LINE),
    down: createLine(random, LINE),
    gotDown: new Set<number>(),
    gotUp: new Set<number>(),
    addresses: Array.from({ length: ADDRESSES }, (_, place) => clientAddress(player * ADDRESSES + place)),
    place: 0,
    slot: -1,
    sent: 0,
  }));
  return { random, lab, server, players, recorded: [], unproven: new Map(), nowMs: START_MS };
}

function numbered(number: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(number, number ^ 0x5a5a_5a5a).buffer);
}

/** Fails when it is no payload of ours, or came before. */
function note(seen: Set<number>, bytes: Uint8Array): void {
  const [number, check] = new Uint32Array(bytes.slice().buffer);
  if (check !== (number! ^ 0x5a5a_5a5a) >>> 0) throw new Error('a payload was changed');
  if (seen.has(number!)) throw new Error(`payload ${number} came twice`);
  seen.add(number!);
}

function receive(world: World, from: Address, bytes: Uint8Array): Uint8Array | undefined {
  const { server, unproven } = world;
  const text = from.join();
  if (findKey(server.server.slots.byAddress, from, 0) >= 0) unproven.delete(text);
  else {
    const traffic = unproven.get(text) ?? { bytesIn: 0, bytesOut: 0 };
    traffic.bytesIn += bytes.length;
    unproven.set(text, traffic);
  }
  const payload = server.receive(world.nowMs, from, bytes);
  collect(world);
  return payload;
}

/** What the server sends goes to whoever has the address now; of an unproven one its bytes are counted. */
function collect(world: World): void {
  const { server, players, unproven, random, nowMs } = world;
  for (const { bytes, address } of server.take()) {
    const traffic = unproven.get(address.join());
    if (traffic !== undefined && findKey(server.server.slots.byAddress, address, 0) < 0) {
      traffic.bytesOut += bytes.length;
      if (traffic.bytesOut > traffic.bytesIn * 0.31) {
        throw new Error(`${traffic.bytesOut} bytes to an unproven address for ${traffic.bytesIn}`);
      }
    }
    const player = players.find(({ addresses, place }) => isSameAddress(addresses[place]!, 0, address, 0));
    player?.down.send(nowMs, bytes);
    if (random.fraction() < DOUBLED) player?.down.send(nowMs, bytes);
  }
}

/** Into the line; where it is sent from goes with it. */
function sendUp(world: World, player: Player, bytes: Uint8Array): void {
  const packet = Uint8Array.of(player.place, ...bytes);
  player.up.send(world.nowMs, packet);
  if (world.random.fraction() < DOUBLED) player.up.send(world.nowMs, packet);
}

/** Ten milliseconds of everything. */
function advance(world: World, isBusy: boolean): void {
  const { server, players, random, recorded } = world;
  world.nowMs += STEP_MS;
  updateServer(server.server, world.nowMs);
  collect(world);
  for (const player of players) {
    const { client, up, down } = player;
    updateClient(client.client, world.nowMs);
    for (const { bytes } of client.take()) sendUp(world, player, bytes);
    up.deliver(world.nowMs, (packet) => {
      const payload = receive(world, player.addresses[packet[0]!]!, packet.subarray(1));
      if (payload !== undefined) note(player.gotUp, payload);
      for (const [kind, slot] of server.happened()) {
        if (kind !== CLIENT_CONNECTED) throw new Error('the server let go of a client');
        player.slot = slot;
      }
      if (random.below(20) === 0) recorded[random.below(200)] = packet.subarray(1);
    });
    down.deliver(world.nowMs, (bytes) => {
      const payload = client.receive(world.nowMs, bytes);
      if (payload !== undefined) note(player.gotDown, payload);
    });
    if (world.nowMs % 50 !== 0 || player.slot < 0 || client.client.state !== CONNECTED) continue;
    sendToServer(client.client, world.nowMs, numbered(player.sent++), 0, 8);
    sendToClient(server.server, world.nowMs, player.slot, numbered(world.nowMs - START_MS), 0, 8);
  }
  if (isBusy) disturb(world);
}

/** Addresses change, keys are wanted before their time, and what was recorded comes again. */
function disturb(world: World): void {
  const { random, players, recorded } = world;
  const player = players[random.below(PLAYERS)]!;
  const { client } = player.client;
  const { rekey } = client;
  if (client.state !== CONNECTED) return;
  if (random.below(300) === 0 && rekey!.current.id !== 0) {
    player.place = (player.place + 1) % ADDRESSES;
    if (random.below(2) === 0) moveClient(client, world.nowMs);
  }
  if (random.below(400) === 0 && rekey!.state === CONTENT) rekey!.settledMs = Number.NEGATIVE_INFINITY;
  if (random.below(3) === 0 && recorded.length > 0) {
    const bytes = recorded[random.below(recorded.length)];
    if (bytes === undefined) return;
    const places = players[random.below(PLAYERS)]!;
    const from = random.below(3) === 0 ? STRANGER : places.addresses[places.place]!;
    if (receive(world, from, bytes) !== undefined) throw new Error('what was recorded was taken again');
  }
}

test('through loss, doubles, reordering, replays, new keys and new addresses: all arrives once, both sides agree', () => {
  let moves = 0;
  let rekeys = 0;
  for (const seed of SEEDS) {
    const world = createWorld(seed);
    const { server, players } = world;
    try {
      for (let passed = 0; passed < BUSY_MS; passed += STEP_MS) advance(world, true);
      for (let passed = 0; passed < QUIET_MS; passed += STEP_MS) advance(world, false);
      const { slots, rekeys: state, counts } = server.server;
      for (const { client, slot, place, addresses, sent, gotUp, gotDown } of players) {
        const { rekey } = client.client;
        expect(client.client.state).toBe(CONNECTED);
        expect(slots.addresses.slice(slot * 5, slot * 5 + 5)).toEqual(addresses[place]);
        expect(state!.paths.states[slot]).toBe(PROVEN);
        expect([SETTLED, FADING]).toContain(state!.states[slot]);
        const pair = state!.keySets.current[slot]!;
        expect(state!.keySets.ids[pair]).toBe(rekey!.current.id);
        expect(state!.keySets.clientKeys[pair]).toEqual(rekey!.current.clientKey);
        expect(gotUp.size).toBeGreaterThan(sent * 0.6);
        // What goes to an address that has just changed is lost until the new one is proven.
        expect(gotDown.size).toBeGreaterThan(sent * 0.5);
      }
      moves += counts[COUNT.moves]!;
      rekeys += counts[COUNT.rekeys]!;
    } catch (error) {
      throw new Error(`SEED=${seed}`, { cause: error });
    }
  }
  console.log(`SEEDS=${SEEDS.join()}: ${moves} moves, ${rekeys} exchanges`);
  expect(moves).toBeGreaterThan(SEEDS.length * 10);
  expect(rekeys).toBeGreaterThan(SEEDS.length * PLAYERS * 3);
});

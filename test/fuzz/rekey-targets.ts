// What is fuzzed of re-keying and moves: packets of types 8 and 9 as they come, and, behind the seal, control messages,
// sealed here with the right key: of a client that has new keys, from its own address and from another one, of one that
// has none yet, and of a server.

import { createBoundCodec, TOKEN_ID, writeBoundPacket } from '../../src/transport/bound-packet.ts';
import { updateClient } from '../../src/transport/client.ts';
import { CONTROL_BYTES } from '../../src/transport/control.ts';
import { COUNT, DROP_REASONS } from '../../src/transport/counts.ts';
import { findKey } from '../../src/transport/key-table.ts';
import { BOUND_CONTROL, BOUND_PAYLOAD, PACKET_BYTES_MAX, PAYLOAD_BYTES_MAX } from '../../src/transport/layout.ts';
import { CLIENT_STATES, KEY_STATES, OFFER_STATES, PATH_STATES, SERVER_STATES } from '../../src/transport/states.ts';
import {
  clientAddress,
  createLab,
  type Lab,
  type LabClient,
  type LabServer,
  PROTOCOL_ID,
  START_MS,
} from '../transport/lab.ts';
import { connectRekeyClient, passTime, payloadPacket, startRekeyServer } from '../transport/rekey-lab.ts';
import { type FuzzTarget, hold } from './target.ts';

/** A world in which something has happened is given up after so many runs. */
const RUNS_PER_WORLD = 300;
const ELSEWHERE = clientAddress(700);
const NOW = START_MS + 5000;
const PROTOCOL_BYTES = new Uint8Array(BigUint64Array.of(PROTOCOL_ID).buffer);

interface World {
  readonly lab: Lab;
  readonly server: LabServer;
  /** Has new keys; and one that has those of its token and makes an offer. */
  readonly settled: LabClient;
  readonly fresh: LabClient;
  /** From and to ELSEWHERE, while it is nobody's. */
  bytesIn: number;
  bytesOut: number;
  sequence: number;
}

function createWorld(): World {
  const lab = createLab(15);
  const server = startRekeyServer(lab, { clientsMax: 3 });
  const settled = connectRekeyClient(lab, server);
  passTime(server, settled, 0, 4900);
  const fresh = connectRekeyClient(lab, server, { nowMs: NOW });
  updateClient(fresh.client, NOW);
  fresh.take();
  return { lab, server, settled, fresh, bytesIn: 0, bytesOut: 0, sequence: 1000 };
}

function worldOf(runs: number, before: World): World {
  return runs % RUNS_PER_WORLD === 0 ? createWorld() : before;
}

/** Hands it over and holds what holds for any bytes. */
function receive(world: World, address: Uint32Array, bytes: Uint8Array): Uint8Array | undefined {
  const { server } = world;
  const { counts, slots, rekeys } = server.server;
  const before = counts.slice();
  const payload = server.receive(NOW, address, bytes);
  const moved = DROP_REASONS.reduce((sum, reason) => sum + counts[COUNT[reason]]! - before[COUNT[reason]]!, 0);
  hold(moved <= 1, `${moved} counts moved`);
  hold(moved === 0 || payload === undefined, 'dropped and taken');
  noteTraffic(world, address, bytes.length);
  hold(slots.byAddress.count + slots.freeCount === slots.capacity, 'a slot is lost');
  const { keySets, states, paths } = rekeys!;
  hold(keySets.byId.count === keySets.ids.filter((id) => id !== TOKEN_ID).length, 'an id is lost');
  hold(
    slots.states.every((state) => SERVER_STATES.has(state)) &&
      states.every((state) => KEY_STATES.has(state)) &&
      paths.states.every((state) => PATH_STATES.has(state)),
    'a state that there is not',
  );
  server.happened();
  return payload;
}

/** Never more than 0.31 of its bytes back to an address that is nobody's. */
function noteTraffic(world: World, address: Uint32Array, bytes: number): void {
  const { slots } = world.server.server;
  const isElsewhere = address === ELSEWHERE && findKey(slots.byAddress, ELSEWHERE, 0) < 0;
  if (isElsewhere) world.bytesIn += bytes;
  for (const packet of world.server.take()) {
    if (isElsewhere && packet.address.join() === ELSEWHERE.join()) world.bytesOut += packet.bytes.length;
  }
  hold(world.bytesOut <= world.bytesIn * 0.31, `${world.bytesOut} bytes out for ${world.bytesIn}`);
}

function sealed(world: World, type: number, id: number, key: Uint8Array, data: Uint8Array): Uint8Array {
  const codec = createBoundCodec(world.lab.aead, PROTOCOL_BYTES);
  const target = new Uint8Array(PACKET_BYTES_MAX + data.length);
  const length = writeBoundPacket(codec, type, id, key, world.sequence++, 0, data, 0, data.length, target, 0);
  return target.subarray(0, length);
}

/** One of each kind, as long as it has to be, some numbers in it. */
function seedMessages(): Uint8Array[] {
  return CONTROL_BYTES.map((length, kind) => {
    const message = new Uint8Array(length).fill(1, 1, 8);
    message[0] = kind;
    return message;
  });
}

function packetTarget(): FuzzTarget {
  let world = createWorld();
  let runs = 0;
  const { settled, server } = world;
  const forged = payloadPacket(settled, NOW, 1, 2, 3, 4);
  forged[10]! ^= 1;
  server.take();
  return {
    name: 'rekey: packets at the server and at the client',
    seeds: [
      forged,
      Uint8Array.of(0x19, 5, 0, 0, 0, 0, ...new Uint8Array(40)),
      Uint8Array.of(0x88, ...new Uint8Array(60)),
    ],
    run(bytes) {
      world = worldOf(runs++, world);
      for (const address of [ELSEWHERE, world.settled.address, world.fresh.address]) {
        hold(receive(world, address, bytes) === undefined, 'a forged payload');
      }
      for (const { receive: take } of [world.settled, world.fresh])
        hold(take(NOW, bytes) === undefined, 'a forged payload');
    },
  };
}

function serverTarget(): FuzzTarget {
  let world = createWorld();
  let runs = 0;
  return {
    name: 'rekey server: what is sealed',
    seeds: seedMessages(),
    run(bytes) {
      world = worldOf(runs++, world);
      const data = bytes.subarray(0, PAYLOAD_BYTES_MAX + 1);
      const { settled, fresh } = world;
      const { id, clientKey } = settled.client.rekey!.current;
      const tokenKey = fresh.client.token!.clientKey;
      const isLong = data.length >= 1 && data.length <= PAYLOAD_BYTES_MAX;
      for (const address of [ELSEWHERE, settled.address]) {
        const payload = receive(world, address, sealed(world, BOUND_CONTROL, id, clientKey, data));
        hold(payload === undefined, 'a control message is no payload');
      }
      const payload = receive(world, settled.address, sealed(world, BOUND_PAYLOAD, id, clientKey, data));
      hold(payload === undefined || (isLong && Buffer.from(payload).equals(data)), 'another payload');
      for (const type of [BOUND_CONTROL, BOUND_PAYLOAD]) {
        const early = receive(world, fresh.address, sealed(world, type, TOKEN_ID, tokenKey, data));
        hold(early === undefined, 'a payload under the keys of the token');
      }
    },
  };
}

function clientTarget(): FuzzTarget {
  let world = createWorld();
  let runs = 0;
  return {
    name: 'rekey client: what is sealed',
    seeds: seedMessages(),
    run(bytes) {
      world = worldOf(runs++, world);
      const data = bytes.subarray(0, PAYLOAD_BYTES_MAX + 1);
      for (const player of [world.settled, world.fresh]) {
        const { rekey, counts } = player.client;
        const { id, serverKey } = rekey!.current;
        const before = counts.slice();
        player.receive(NOW, sealed(world, BOUND_CONTROL, id, serverKey, data));
        const moved = DROP_REASONS.reduce((sum, reason) => sum + counts[COUNT[reason]]! - before[COUNT[reason]]!, 0);
        hold(moved <= 1, `${moved} counts moved`);
        hold(player.take().length <= 1, 'more than one answer');
        hold(CLIENT_STATES.has(player.client.state), `state ${player.client.state}`);
        hold(OFFER_STATES.has(rekey!.state), `state ${rekey!.state} of its offer`);
      }
    },
  };
}

export function rekeyTargets(): FuzzTarget[] {
  return [packetTarget(), serverTarget(), clientTarget()];
}

// What is fuzzed of netcode: packets as they come, and, since no fuzzer gets past a tag, what is behind the seals: the
// private token, the challenge and the data of each type, sealed here with the right key.

import { Reader } from '../../src/base/bytes.ts';
import { COUNT, DROP_REASONS } from '../../src/transport/counts.ts';
import { PACKET_BYTES_MAX, PACKET_TYPES, PAYLOAD, REQUEST_BYTES, RESPONSE } from '../../src/transport/layout.ts';
import { createPacketCodec, writePacket } from '../../src/transport/packet.ts';
import { CLIENT_STATES, SERVER_STATES } from '../../src/transport/states.ts';
import { createPrivateToken, readPrivateToken, readPublicToken } from '../../src/transport/token.ts';
import {
  clientAddress,
  connect,
  createLab,
  KEY,
  type Lab,
  type LabClient,
  type LabServer,
  PROTOCOL_ID,
  START_MS,
} from '../transport/lab.ts';
import { type FuzzTarget, hold } from './target.ts';

/** A world in which something has happened is given up after so many runs. */
const RUNS_PER_WORLD = 300;
const TEXT_BYTES = 1008;
const PROTOCOL_BYTES = new Uint8Array(BigUint64Array.of(PROTOCOL_ID).buffer);

interface World {
  readonly lab: Lab;
  readonly server: LabServer;
  /** Connected; and one that was challenged and has not responded. */
  readonly insider: LabClient;
  readonly asking: LabClient;
  sequence: number;
}

function createWorld(): World {
  const lab = createLab(5);
  const server = lab.startServer({ clientsMax: 3 });
  const insider = connect(lab, server);
  const asking = lab.startClient();
  server.receive(START_MS, asking.address, asking.take()[0]!.bytes);
  asking.receive(START_MS, server.take()[0]!.bytes);
  asking.take();
  server.happened();
  return { lab, server, insider, asking, sequence: 1000 };
}

/** A new world now and then, so that what one run has done is not all that the others see. */
function worldOf(runs: number, before: World): World {
  return runs % RUNS_PER_WORLD === 0 ? createWorld() : before;
}

/** Hands it over and holds what holds for any bytes: one count or an answer, and no more than 0.31 of it to a stranger. */
function receive(
  { server }: World,
  address: Uint32Array,
  bytes: Uint8Array,
  isProven: boolean,
): Uint8Array | undefined {
  const { counts, slots, handshakes } = server.server;
  const before = counts.slice();
  const payload = server.receive(START_MS, address, bytes);
  const out = server.take().reduce((sum, packet) => sum + packet.bytes.length, 0);
  const moved = DROP_REASONS.reduce((sum, reason) => sum + counts[COUNT[reason]]! - before[COUNT[reason]]!, 0);
  hold(moved <= 1, `${moved} counts moved`);
  hold(moved === 0 || (out === 0 && payload === undefined), 'dropped and answered');
  hold(isProven || out <= bytes.length * 0.31, `${out} bytes out for ${bytes.length}`);
  hold(handshakes.byAddress.count + handshakes.freeCount === handshakes.capacity, 'a handshake is lost');
  hold(slots.byAddress.count + slots.freeCount === slots.capacity, 'a slot is lost');
  hold(
    slots.states.every((state) => SERVER_STATES.has(state)),
    'a state that there is not',
  );
  server.happened();
  return payload;
}

function sealed(world: World, type: number, key: Uint8Array, data: Uint8Array): Uint8Array {
  const codec = createPacketCodec(world.lab.aead, PROTOCOL_BYTES);
  const target = new Uint8Array(PACKET_BYTES_MAX + data.length);
  const length = writePacket(codec, type, key, world.sequence++, 0x7000_0000, data, 0, data.length, target, 0);
  return target.subarray(0, length);
}

function seedPackets(): Uint8Array[] {
  const { lab, insider } = createWorld();
  const client = lab.startClient();
  return [
    client.take()[0]!.bytes,
    ...[1, 2, 3, 4, 5, 6].map((type) => Uint8Array.of(0x10 | type, ...insider.client.payload)),
  ];
}

function serverTarget(): FuzzTarget {
  let world = createWorld();
  let runs = 0;
  return {
    name: 'netcode server: packets',
    seeds: seedPackets(),
    run(bytes) {
      world = worldOf(runs++, world);
      const { insider, asking } = world;
      receive(world, clientAddress(700), bytes, false);
      receive(world, asking.address, bytes, false);
      hold(receive(world, insider.address, bytes, true) === undefined, 'a forged payload');
    },
  };
}

/** The text of a private token, sealed as an issuer does. */
function privateTokenTarget(): FuzzTarget {
  let world = createWorld();
  let runs = 0;
  const token = createPrivateToken();
  const request = world.lab.startClient().take()[0]!.bytes;
  const text = world.server.server.opener.text.slice();
  return {
    name: 'netcode server: private tokens',
    seeds: [text, new Uint8Array(TEXT_BYTES)],
    run(bytes) {
      world = worldOf(runs++, world);
      text.fill(0);
      text.set(bytes.subarray(0, TEXT_BYTES));
      const isRead = readPrivateToken(new Reader(bytes), token);
      hold(!isRead || (token.addressCount >= 1 && token.addressCount <= 32), `${token.addressCount} addresses`);
      new DataView(request.buffer, request.byteOffset).setUint32(30, runs);
      world.lab.aead.seal(KEY, request.subarray(30, 54), request.subarray(1, 30), text, 0, TEXT_BYTES, request, 54);
      hold(request.length === REQUEST_BYTES, 'a request of another length');
      receive(world, clientAddress(1 + (runs % 900)), request, false);
    },
  };
}

/** Any data in any type, authentic, from a connected client and from one that was challenged. */
function sealedTarget(): FuzzTarget {
  let world = createWorld();
  let runs = 0;
  const { response } = world.asking.client;
  return {
    name: 'netcode server: what is sealed',
    seeds: [0, 1, 2, 3, 4, 5, 6, 7, 15].map((type) => Uint8Array.of(type, ...response)),
    run(bytes) {
      world = worldOf(runs++, world);
      const type = (bytes[0] ?? 0) & 15;
      const data = bytes.subarray(1, 1 + 1300);
      const { insider, asking } = world;
      const payload = receive(world, insider.address, sealed(world, type, insider.client.token!.clientKey, data), true);
      const isPayload = type === PAYLOAD && data.length >= 1 && data.length <= 1200;
      hold(payload === undefined || (isPayload && Buffer.from(payload).equals(data)), 'another payload');
      receive(world, asking.address, sealed(world, type, asking.client.token!.clientKey, data), false);
      // The length of a response, so that more of them get to the challenge.
      const padded = new Uint8Array(PACKET_TYPES[RESPONSE]!.bytesMax);
      padded.set(data.subarray(0, padded.length));
      receive(world, asking.address, sealed(world, RESPONSE, asking.client.token!.clientKey, padded), false);
    },
  };
}

function clientTarget(): FuzzTarget {
  let world = createWorld();
  let runs = 0;
  const { client } = world.insider;
  return {
    name: 'netcode client: packets and what is sealed',
    seeds: [...seedPackets(), ...[1, 2, 4, 5, 6, 9].map((type) => Uint8Array.of(type, ...client.response))],
    run(bytes) {
      world = worldOf(runs++, world);
      const asking = world.lab.startClient();
      const type = (bytes[0] ?? 0) & 15;
      for (const player of [world.insider, world.asking, asking]) {
        hold(player.receive(START_MS, bytes) === undefined, 'a forged payload');
        const { serverKey } = player.client.token!;
        player.receive(START_MS, sealed(world, type, serverKey, bytes.subarray(1, 1300)));
        player.take();
        hold(CLIENT_STATES.has(player.client.state), `state ${player.client.state}`);
      }
    },
  };
}

function publicTokenTarget(): FuzzTarget {
  return {
    name: 'readPublicToken',
    seeds: [createLab(6).mint(), new Uint8Array(2048)],
    run(bytes) {
      const token = readPublicToken(bytes);
      hold(token === undefined || bytes.length === 2048, 'a token of another length');
      hold(token === undefined || (token.addresses.length >= 1 && token.addresses.length <= 32), 'no address');
    },
  };
}

export function netcodeTargets(): FuzzTarget[] {
  return [serverTarget(), privateTokenTarget(), sealedTarget(), clientTarget(), publicTokenTarget()];
}

// What is fuzzed of a rendezvous: packets as they come to a point, a host and a guest, and, since no fuzzer gets past a
// tag, the bodies behind the seals, sealed here with the right key; invitations, which a client is given as they are.

import { parseAddress } from '../../src/transport/address.ts';
import { RENDEZVOUS_COUNT, RENDEZVOUS_DROPS } from '../../src/transport/rendezvous/counts.ts';
import {
  ANSWER_BODY_BYTES,
  ASK,
  ASK_BODY_BYTES,
  FROM_GUEST,
  FROM_HOST,
  FROM_POINT,
  INTRODUCE,
  INTRODUCE_BODY_BYTES,
  PUNCH,
  PUNCH_BODY_BYTES,
  REGISTER,
  REGISTER_BODY_BYTES,
  REQUEST_BYTES,
  SEAL_BYTES,
  TICKET_BYTES,
} from '../../src/transport/rendezvous/layout.ts';
import { createSealer, readInvitation, sealBody } from '../../src/transport/rendezvous/messages.ts';
import { GUEST_STATES } from '../../src/transport/rendezvous/states.ts';
import {
  addGuest,
  addHost,
  addPoint,
  createWorld,
  KEY,
  lastParty,
  POINT_ADDRESS,
} from '../transport/rendezvous/lab.ts';
import { type FuzzTarget, hold } from './target.ts';

const STRANGER = parseAddress('203.0.113.77:4321')!;
const RUNS_PER_SCENE = 300;

type Scene = ReturnType<typeof createScene>;

function createScene() {
  const world = createWorld(11);
  const point = addPoint(world);
  const host = addHost(world);
  world.run(500);
  const guest = addGuest(world);
  world.run(200);
  // What they would have sent next is no answer.
  for (const party of world.parties) party.take();
  const [pointParty, hostParty, guestParty] = world.parties;
  return { world, point, host, guest, pointParty: pointParty!, hostParty: hostParty!, guestParty: guestParty! };
}

/** One count at most says why it was dropped; what was dropped is not answered. */
function tell({ world }: Scene, party: Scene['pointParty'], counts: Uint32Array, from: Uint32Array, bytes: Uint8Array) {
  const before = counts.slice();
  party.receive(world.nowMs, from, bytes);
  const out = party.take();
  const movedBy = (name: (typeof RENDEZVOUS_DROPS)[number]): number =>
    counts[RENDEZVOUS_COUNT[name]]! - before[RENDEZVOUS_COUNT[name]]!;
  const moved = RENDEZVOUS_DROPS.reduce((sum, name) => sum + movedBy(name), 0);
  hold(moved <= 1, `${moved} counts moved`);
  hold(moved === 0 || out.length === 0, 'dropped and answered');
  hold(out.length <= 2, `${out.length} packets for one`);
  return out;
}

function packetOf(
  type: number,
  key: Uint8Array,
  sender: number,
  body: Uint8Array,
  length: number,
  ticket?: Uint8Array,
) {
  const sealer = createSealer(createWorld(12).aead);
  sealer.body.set(body.subarray(0, length));
  const head = 1 + (ticket?.length ?? 0);
  const packet = new Uint8Array(head + length + SEAL_BYTES);
  packet[0] = type;
  if (ticket !== undefined) packet.set(ticket, 1);
  sealBody(sealer, key, type, sender, length, packet, head);
  return packet;
}

function pointTarget(): FuzzTarget {
  let scene = createScene();
  let runs = 0;
  const sent = scene.world.sent.map(({ bytes }) => bytes);
  return {
    name: 'rendezvous point: packets and what is sealed',
    seeds: [...sent.slice(0, 6), new Uint8Array(REQUEST_BYTES).fill(ASK)],
    run(bytes) {
      if (runs++ % RUNS_PER_SCENE === 0) scene = createScene();
      const { pointParty, point, guest } = scene;
      const registration = packetOf(REGISTER, KEY, FROM_HOST, bytes, REGISTER_BODY_BYTES);
      const ask = packetOf(ASK, guest.asking.key, FROM_GUEST, bytes, ASK_BODY_BYTES, guest.ticket);
      hold(ask.length === REQUEST_BYTES && guest.ticket.length === TICKET_BYTES, 'an ask of another length');
      for (const packet of [bytes, registration, ask]) {
        const out = tell(scene, pointParty, point.counts, STRANGER, packet);
        const outBytes = out.reduce((sum, one) => sum + one.bytes.length, 0);
        hold(outBytes <= packet.length * 0.31, `${outBytes} bytes out for ${packet.length}`);
      }
      hold(point.hosts.byId.count + point.hosts.freeCount === point.hosts.known.length, 'a host is lost');
    },
  };
}

function askersTarget(): FuzzTarget {
  let scene = createScene();
  let runs = 0;
  const sent = scene.world.sent.map(({ bytes }) => bytes);
  return {
    name: 'rendezvous host and guest: packets and what is sealed',
    seeds: [...sent.slice(-8), new Uint8Array(ANSWER_BODY_BYTES).fill(2)],
    run(bytes) {
      if (runs++ % RUNS_PER_SCENE === 0) scene = createScene();
      const { host, guest, hostParty, guestParty } = scene;
      const { key } = guest.asking;
      // With the right echo, so that more of it is read.
      const echoed = (echo: Uint8Array): Uint8Array => Uint8Array.from([...echo, ...bytes.subarray(0, 150)]);
      const toHost = [
        bytes,
        packetOf(REGISTER, KEY, FROM_POINT, echoed(host.asking.echo), ANSWER_BODY_BYTES),
        packetOf(INTRODUCE, KEY, FROM_POINT, echoed(host.asking.echo), INTRODUCE_BODY_BYTES),
        packetOf(PUNCH, key, FROM_GUEST, bytes, PUNCH_BODY_BYTES),
      ];
      const toGuest = [
        bytes,
        packetOf(ASK, key, FROM_POINT, echoed(guest.asking.echo), ANSWER_BODY_BYTES),
        packetOf(PUNCH, key, FROM_HOST, bytes, PUNCH_BODY_BYTES),
      ];
      for (const from of [POINT_ADDRESS, hostParty.address, guestParty.address]) {
        for (const packet of toHost) tell(scene, hostParty, host.asking.counts, from, packet);
        for (const packet of toGuest) tell(scene, guestParty, guest.asking.counts, from, packet);
      }
      hold(GUEST_STATES.has(guest.state), `state ${guest.state}`);
    },
  };
}

function invitationTarget(): FuzzTarget {
  const world = createWorld(13);
  return {
    name: 'readInvitation',
    seeds: [world.invite(), new Uint8Array(140)],
    run(bytes) {
      const invitation = readInvitation(bytes);
      hold(invitation === undefined || bytes.length === 140, 'an invitation of another length');
      hold(invitation === undefined || invitation.ticket.length === TICKET_BYTES, 'a ticket of another length');
      addGuest(world, { invitation: bytes });
      const sent = lastParty(world).take();
      world.parties.length = 0;
      hold(sent.length === (invitation === undefined ? 0 : 1), 'asks without an invitation');
    },
  };
}

export function rendezvousTargets(): FuzzTarget[] {
  return [pointTarget(), askersTarget(), invitationTarget()];
}

import { expect, test } from 'vitest';
import { type Address, formatAddress, parseAddress } from '../../../src/transport/address.ts';
import type { RendezvousCount } from '../../../src/transport/rendezvous/counts.ts';
import type { Host } from '../../../src/transport/rendezvous/host.ts';
import {
  ADDRESS_BYTES,
  ECHO_BYTES,
  FROM_POINT,
  INTRODUCE,
  INTRODUCE_BODY_BYTES,
  MEETING_MS,
  MEETINGS_MAX,
  MEETINGS_PER_GUEST_HOST_MAX,
  PUNCHES_MAX,
  packetBytes,
  REGISTER_MS,
} from '../../../src/transport/rendezvous/layout.ts';
import { createSealer, sealBody, writeWords } from '../../../src/transport/rendezvous/messages.ts';
import { writeWord } from '../../../src/transport/u64.ts';
import { addGuest, addHost, addPoint, countOf, createWorld, KEY, lastParty, POINT_ADDRESS, type World } from './lab.ts';

const STRANGER = parseAddress('192.0.2.99:9000')!;

interface Scene {
  readonly world: World;
  readonly host: Host;
  tell(bytes: Uint8Array, from?: Address): Uint8Array[];
  count(name: RendezvousCount): number;
  /** The newest packet of this type from the point to the host. */
  newest(type: number): Uint8Array;
}

function createScene(seed: number, options: Parameters<typeof addHost>[1] = {}): Scene {
  const world = createWorld(seed);
  addPoint(world);
  const host = addHost(world, options);
  const party = lastParty(world);
  world.run(500);
  const isHosts = (address: Address): boolean => formatAddress(address) === formatAddress(party.address);
  return {
    world,
    host,
    tell(bytes, from = POINT_ADDRESS) {
      party.receive(world.nowMs, from, bytes);
      return party.take().map((packet) => packet.bytes);
    },
    count: (name) => countOf(host.asking.counts, name),
    newest: (type) => world.sent.findLast(({ bytes, address }) => bytes[0] === type && isHosts(address))!.bytes,
  };
}

test('it registers again before a NAT forgets it', () => {
  const { world, count } = createScene(1);
  expect(count('registrations')).toBe(1);
  world.run(REGISTER_MS * 3);
  expect(count('registrations')).toBe(4);
  expect(count('challenges'), 'its cookie stays fresh').toBe(1);
});

test('an answer counts once, from the point alone, and unchanged', () => {
  const { tell, count, newest } = createScene(2);
  const answer = newest(12);
  tell(answer);
  expect(count('dropStale')).toBe(1);
  tell(answer, STRANGER);
  expect(count('dropStranger')).toBe(1);
  const forged = answer.slice();
  forged[60]! ^= 1;
  tell(forged);
  expect(count('dropForged')).toBe(1);
  tell(answer.subarray(1));
  expect(count('dropType') + count('dropSize')).toBe(1);
  expect(count('registrations')).toBe(1);
});

test('an introduction of a guest that never answers brings a few punches; the same again brings no more', () => {
  const { world, tell, count, newest } = createScene(3);
  addGuest(world);
  world.run(200);
  world.parties.pop();
  const introduction = newest(14);
  world.run(PUNCHES_MAX * 100 + 500);
  expect(count('punches')).toBe(PUNCHES_MAX);
  expect(tell(introduction)).toEqual([]);
  world.run(3_000);
  expect(count('punches')).toBe(PUNCHES_MAX);
  expect(tell(introduction, STRANGER)).toEqual([]);
  expect(count('dropStranger')).toBe(1);
  // When the meeting is forgotten, the introduction is old.
  world.run(MEETING_MS);
  expect(tell(introduction)).toEqual([]);
  expect(count('dropStale')).toBe(1);
});

test('a junk introduction is none', () => {
  const { tell, count } = createScene(4);
  tell(new Uint8Array(117).fill(14));
  expect(count('dropForged')).toBe(1);
  tell(new Uint8Array(90).fill(14));
  expect(count('dropSize')).toBe(1);
  tell(new Uint8Array(90).fill(13));
  expect(count('dropType')).toBe(1);
});

test('more guests at a time than it has room for are dropped', () => {
  const { world, count } = createScene(5);
  for (let index = 1; index <= 5; index++) addGuest(world, { address: `203.0.113.${index}:5000`, hasNat: false });
  world.run(200);
  expect(count('introductions')).toBe(3);
  expect(count('dropFull')).toBe(2);
});

/** Introduces a guest with this ticket, as the point would; answers how many punches leave at once. */
function introduce({ world, host, tell }: Scene, address: string, ticket: number): number {
  const sealer = createSealer(world.aead);
  sealer.body.set(host.asking.echo);
  writeWords(sealer.body, ECHO_BYTES, parseAddress(address)!, 0);
  writeWord(sealer.body, ECHO_BYTES + ADDRESS_BYTES, ticket);
  const bytes = new Uint8Array(packetBytes(INTRODUCE_BODY_BYTES)).fill(INTRODUCE);
  sealBody(sealer, KEY, INTRODUCE, FROM_POINT, INTRODUCE_BODY_BYTES, bytes, 1);
  return tell(bytes).length;
}

const REAL = { meetingsMax: MEETINGS_MAX, meetingsPerGuestHostMax: MEETINGS_PER_GUEST_HOST_MAX };
const guestAddress = (index: number): string => `203.0.${index >> 8}.${index & 255}:5000`;

test('a thousand guests at once, and a thousand more two seconds later', () => {
  const scene = createScene(7, REAL);
  const { world, host, count } = scene;
  const join = (from: number, to: number): void => {
    for (let index = from; index < to; index++) introduce(scene, guestAddress(index), index);
  };
  join(0, 1030);
  expect([count('introductions'), count('dropFull')]).toEqual([1024, 6]);
  expect(count('punches')).toBe(1024);
  world.run(2_500);
  expect(count('punches'), 'each has as many as another').toBe(1024 * PUNCHES_MAX);
  expect(introduce(scene, guestAddress(5), 5), 'what is over is remembered').toBe(0);
  join(2000, 3024);
  expect([count('introductions'), count('dropFull')]).toEqual([2048, 6]);
  expect(host.meetings.byTag.count).toBe(1024);
});

test('one guest host has a share, however many tickets it shows; others come in beside it', () => {
  const scene = createScene(8, REAL);
  const { world, count } = scene;
  for (let ticket = 1; ticket <= 200; ticket++) introduce(scene, `203.0.113.1:${ticket}`, ticket);
  expect([count('introductions'), count('dropShare'), count('dropFull')]).toEqual([64, 136, 0]);
  expect(introduce(scene, '203.0.113.2:1', 201)).toBe(1);
  world.run(2_500);
  expect(introduce(scene, '203.0.113.1:201', 202), 'and again, once its own are over').toBe(1);
});

test('a newer ticket of an address takes the place of an older, which brings no more punches', () => {
  const scene = createScene(9);
  const { world, count } = scene;
  expect(introduce(scene, guestAddress(1), 1)).toBe(1);
  expect(introduce(scene, guestAddress(1), 2)).toBe(1);
  expect(introduce(scene, guestAddress(1), 1)).toBe(0);
  world.run(3_000);
  expect(count('punches')).toBe(1 + PUNCHES_MAX);
});

test('punches count from who was introduced, with its key', () => {
  const { world, host, tell, count } = createScene(6);
  const guest = addGuest(world);
  world.run(1_000);
  const punches = world.sent.filter(({ bytes, from }) => bytes[0] === 15 && formatAddress(from).startsWith('203'));
  const punch = punches.at(-1)!;
  expect(tell(punch.bytes, STRANGER)).toEqual([]);
  expect(count('dropStranger')).toBe(1);
  const forged = punch.bytes.slice();
  forged[20]! ^= 4;
  expect(tell(forged, punch.from)).toEqual([]);
  expect(count('dropForged')).toBe(1);
  expect(tell(punch.bytes.subarray(0, 41), punch.from)).toEqual([]);
  expect(count('dropSize')).toBe(1);
  expect(guest.state).toBe(3);
  expect([...host.meetings.isOver]).toEqual([1, 1, 1]);
});

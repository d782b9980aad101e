import { expect, test } from 'vitest';
import { type Address, formatAddress, parseAddress } from '../../../src/transport/address.ts';
import type { RendezvousCount } from '../../../src/transport/rendezvous/counts.ts';
import type { Host } from '../../../src/transport/rendezvous/host.ts';
import { MEETING_MS, PUNCHES_MAX, REGISTER_MS } from '../../../src/transport/rendezvous/layout.ts';
import { addGuest, addHost, addPoint, countOf, createWorld, lastParty, POINT_ADDRESS, type World } from './lab.ts';

const STRANGER = parseAddress('192.0.2.99:9000')!;

interface Scene {
  readonly world: World;
  readonly host: Host;
  tell(bytes: Uint8Array, from?: Address): Uint8Array[];
  count(name: RendezvousCount): number;
  /** The newest packet of this type from the point to the host. */
  newest(type: number): Uint8Array;
}

function createScene(seed: number): Scene {
  const world = createWorld(seed);
  addPoint(world);
  const host = addHost(world);
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
  expect(host.meetings.filter(({ isOver }) => isOver).length).toBe(3);
});

import { expect, test } from 'vitest';
import { type Address, parseAddress } from '../../../src/transport/address.ts';
import type { RendezvousCount } from '../../../src/transport/rendezvous/counts.ts';
import type { Guest } from '../../../src/transport/rendezvous/guest.ts';
import { ASK_MS, GIVE_UP_MS, PUNCHES_MAX } from '../../../src/transport/rendezvous/layout.ts';
import { INVALID_INVITATION, OPEN, PUNCHING, UNREACHED } from '../../../src/transport/rendezvous/states.ts';
import { addGuest, addHost, addPoint, countOf, createWorld, lastParty, POINT_ADDRESS, type World } from './lab.ts';

const STRANGER = parseAddress('192.0.2.99:9000')!;

interface Scene {
  readonly world: World;
  readonly guest: Guest;
  tell(bytes: Uint8Array, from?: Address): Uint8Array[];
  count(name: RendezvousCount): number;
}

function createScene(seed: number, hasHost: boolean): Scene {
  const world = createWorld(seed);
  addPoint(world);
  const host = addHost(world);
  world.run(500);
  // It stays known for a while.
  if (!hasHost) world.parties.pop();
  const guest = addGuest(world);
  const party = lastParty(world);
  expect(host.isRegistered).toBe(true);
  return {
    world,
    guest,
    tell(bytes, from = POINT_ADDRESS) {
      party.receive(world.nowMs, from, bytes);
      return party.take().map((packet) => packet.bytes);
    },
    count: (name) => countOf(guest.asking.counts, name),
  };
}

test('what is no invitation fails at once and sends nothing', () => {
  const world = createWorld(1);
  for (const invitation of [new Uint8Array(0), new Uint8Array(140), world.invite().subarray(1)]) {
    const guest = addGuest(world, { invitation });
    expect(guest.state).toBe(INVALID_INVITATION);
  }
  world.run(1_000);
  expect(world.sent).toEqual([]);
});

test('a host that does not punch: it asks, punches a few times, and gives up', () => {
  const { world, guest, count } = createScene(2, false);
  world.run(1_000);
  expect(guest.state).toBe(PUNCHING);
  world.run(GIVE_UP_MS);
  expect(guest.state).toBe(UNREACHED);
  expect(count('punches')).toBe(PUNCHES_MAX);
  const before = count('packetsOut');
  expect(before).toBeLessThanOrEqual(PUNCHES_MAX + GIVE_UP_MS / ASK_MS + 2);
  world.run(5_000);
  expect(count('packetsOut')).toBe(before);
});

test('a point that takes none of its cookies is asked twice a second', () => {
  const { world, count } = createScene(3, true);
  const point = world.parties[0]!;
  // Every packet comes from elsewhere, as through a NAT that draws a port for each.
  let port = 1;
  world.parties[0] = {
    ...point,
    receive: (nowMs, _, bytes) => {
      const from = parseAddress(`203.0.113.3:${port++}`)!;
      point.receive(nowMs, from, bytes);
    },
    take: () => point.take().map((packet) => ({ ...packet, address: lastParty(world).address })),
  };
  world.run(2_000);
  expect(count('challenges')).toBeGreaterThan(2);
  expect(count('packetsOut')).toBeLessThanOrEqual(2 * (2_000 / ASK_MS) + 2);
});

test('punches of anybody but the host are nothing', () => {
  const { world, guest, tell, count } = createScene(4, true);
  const junk = new Uint8Array(42).fill(15);
  tell(junk, STRANGER);
  expect(count('dropStranger')).toBe(1);
  world.run(1_000);
  expect(guest.state).toBe(OPEN);
  const punch = world.sent.findLast(({ bytes, from }) => bytes[0] === 15 && from[3] === guest.hostAddress[3])!.bytes;
  const before = count('punches');
  tell(punch, STRANGER);
  tell(junk, guest.hostAddress);
  tell(punch.subarray(1), guest.hostAddress);
  tell(punch.subarray(0, 41), guest.hostAddress);
  expect(count('dropStranger')).toBe(2);
  expect(count('dropForged')).toBe(1);
  expect(count('dropType') + count('dropSize')).toBe(2);
  expect(count('punches')).toBe(before);
});

test('answers count while it asks, from the point, with what was asked last', () => {
  const { world, guest, tell, count } = createScene(5, true);
  const other = createScene(5, true);
  world.run(100);
  other.guest.asking.echo[0]! ^= 1;
  const answer = world.sent.findLast(({ bytes }) => bytes[0] === 13 && bytes.length < 200)!.bytes;
  other.tell(answer, STRANGER);
  expect(other.count('dropStranger')).toBe(1);
  other.tell(answer);
  expect(other.count('dropStale')).toBe(1);
  world.run(1_000);
  expect(guest.state).toBe(OPEN);
  tell(answer);
  expect(count('dropStale')).toBe(1);
});

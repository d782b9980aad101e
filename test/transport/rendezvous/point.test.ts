import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ADDRESS_WORDS, type Address, isSameAddress, parseAddress } from '../../../src/transport/address.ts';
import { findKey } from '../../../src/transport/key-table.ts';
import type { RendezvousCount } from '../../../src/transport/rendezvous/counts.ts';
import {
  ASK,
  COOKIE_MS,
  INTRODUCE,
  INTRODUCTION_MS,
  INTRODUCTIONS_MAX,
  REGISTER,
  REGISTER_MS,
  REQUEST_BYTES,
  SILENCE_MS,
  TICKET_LIFETIME_S,
} from '../../../src/transport/rendezvous/layout.ts';
import type { Point } from '../../../src/transport/rendezvous/point.ts';
import {
  addGuest,
  addHost,
  addPoint,
  countOf,
  createWorld,
  HOST_ID,
  lastParty,
  type Sent,
  START_MS,
  type World,
} from './lab.ts';

const HERE = parseAddress('203.0.113.9:5000')!;
const ELSEWHERE = parseAddress('203.0.113.10:5000')!;
const SHARE_MAX = 0.31;

interface Scene {
  readonly world: World;
  readonly point: Point;
  /** Hands the point a packet; answers what it sends back. */
  tell(bytes: Uint8Array, from?: Address, nowMs?: number): Uint8Array[];
  /** How often this count has moved. */
  count(name: RendezvousCount): number;
}

function createScene(seed: number, options: Parameters<typeof addPoint>[1] = {}): Scene {
  const world = createWorld(seed);
  const point = addPoint(world, options);
  const party = lastParty(world);
  return {
    world,
    point,
    tell(bytes, from = HERE, nowMs = world.nowMs) {
      party.receive(nowMs, from, bytes);
      return party.take().map((packet) => packet.bytes);
    },
    count: (name) => countOf(point.counts, name),
  };
}

/** The first ask of a guest, and the one with the cookie. */
function askOf({ world, tell }: Scene, invitation = world.invite()): { first: Uint8Array; second: Uint8Array } {
  addGuest(world, { invitation });
  const party = world.parties.pop()!;
  const first = party.take()[0]!.bytes;
  const [challenge] = tell(first);
  party.receive(world.nowMs, world.parties[0]!.address, challenge!);
  return { first, second: party.take()[0]!.bytes };
}

function registrationOf({ world, tell }: Scene, hostId = HOST_ID): { first: Uint8Array; second: Uint8Array } {
  addHost(world, { hostId });
  const party = world.parties.pop()!;
  const first = party.take()[0]!.bytes;
  const [challenge] = tell(first);
  party.receive(world.nowMs, world.parties[0]!.address, challenge!);
  return { first, second: party.take()[0]!.bytes };
}

test('what asks is 512 bytes, and the answer to an unproven address less than 0.31 of it', () => {
  const scene = createScene(1);
  for (const { first } of [askOf(scene), registrationOf(scene)]) {
    expect(first.length).toBe(REQUEST_BYTES);
    const answers = scene.tell(first, ELSEWHERE);
    expect(answers.length).toBe(1);
    expect(answers[0]!.length).toBeLessThanOrEqual(REQUEST_BYTES * SHARE_MAX);
  }
  expect(scene.count('challenges')).toBe(4);
  expect(scene.point.hosts.byId.count + scene.point.meetings.byTag.count, 'nothing is kept of them').toBe(0);
});

test('a cookie is for one address and a while', () => {
  const scene = createScene(2);
  const ask = askOf(scene);
  const registration = registrationOf(scene);
  for (const { second } of [ask, registration]) {
    scene.tell(second, ELSEWHERE);
    scene.tell(second, HERE, START_MS + COOKIE_MS + 1);
  }
  expect(scene.count('challenges')).toBe(2 + 4);
  expect(scene.count('registrations') + scene.count('unknownHosts')).toBe(0);
  scene.tell(registration.second);
  scene.tell(ask.second);
  expect(scene.count('registrations')).toBe(1);
  expect(scene.count('introductions')).toBe(1);
});

test('a cookie of another start of the point is none', () => {
  const scene = createScene(3);
  const other = createScene(3);
  // Another start of the point has another key of its own.
  other.point.cookieKey[0]! ^= 1;
  const { second } = registrationOf(scene);
  other.tell(second);
  expect(other.count('challenges')).toBe(1);
  expect(other.count('registrations')).toBe(0);
});

test.each<[string, RendezvousCount, (scene: Scene) => Uint8Array]>([
  ['nothing', 'dropType', () => new Uint8Array(0)],
  ['a packet of netcode', 'dropType', () => new Uint8Array(1078)],
  ['an introduction', 'dropType', () => new Uint8Array(REQUEST_BYTES).fill(14)],
  ['one byte too few', 'dropSize', (scene) => askOf(scene).second.subarray(0, REQUEST_BYTES - 1)],
  ['a junk registration', 'dropForged', () => new Uint8Array(REQUEST_BYTES).fill(12)],
  ['a junk ask', 'dropTicketForged', () => new Uint8Array(REQUEST_BYTES).fill(ASK)],
  [
    'a good ticket without its key',
    'dropForged',
    (scene) => {
      const { second } = askOf(scene);
      second[400]! ^= 1;
      return second;
    },
  ],
  [
    'a ticket that comes too late',
    'dropTicketExpired',
    (scene) => {
      const { second } = askOf(scene);
      scene.point.unixOffsetMs += 66_000;
      return second;
    },
  ],
  [
    'a ticket from the future',
    'dropTicketFuture',
    (scene) => {
      const { second } = askOf(scene);
      scene.point.unixOffsetMs -= 66_000;
      return second;
    },
  ],
])('%s: silence, and %s', (_, reason, make) => {
  const scene = createScene(4);
  const bytes = make(scene);
  expect(scene.tell(bytes)).toEqual([]);
  expect(scene.count(reason)).toBe(1);
});

test('every bit of what asks counts, but the one that says what it is', () => {
  const scene = createScene(5);
  const packets = [askOf(scene), registrationOf(scene)];
  for (const { second } of packets) {
    for (let bit = 8; bit < second.length * 8; bit += 7) {
      const bytes = second.slice();
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      expect(scene.tell(bytes)).toEqual([]);
    }
  }
  expect(scene.count('registrations') + scene.count('unknownHosts')).toBe(0);
});

test('a ticket brings a few introductions, not faster than some a second, and from one address', () => {
  const scene = createScene(6);
  scene.tell(registrationOf(scene).second);
  const { first, second } = askOf(scene);
  expect(scene.tell(second).length, 'the guest and the host are told').toBe(2);
  expect(scene.tell(second)).toEqual([]);
  expect(scene.count('dropSoon')).toBe(1);
  expect(scene.tell(first, ELSEWHERE)).toEqual([]);
  expect(scene.count('dropTicketElsewhere')).toBe(1);
  for (let count = 1; count <= 20; count++) scene.tell(second, HERE, START_MS + count * INTRODUCTION_MS);
  expect(scene.count('introductions')).toBe(INTRODUCTIONS_MAX);
  expect(scene.count('dropTicketSpent')).toBe(21 - INTRODUCTIONS_MAX);
});

test('a registration that is played again sets no host back; one that is sent again is answered again', () => {
  const scene = createScene(11);
  const { world, point, tell, count } = scene;
  const host = addHost(world, { hasNat: false });
  const hostAddress = lastParty(world).address;
  const isRegistration = ({ bytes, from }: Sent): boolean =>
    bytes[0] === REGISTER && isSameAddress(from, 0, hostAddress, 0);
  const newest = (): Uint8Array => world.sent.findLast(isRegistration)!.bytes;
  world.run(500);
  const old = newest();
  expect(tell(old, hostAddress).length, 'its answer may have been lost').toBe(1);
  world.run(REGISTER_MS);
  const current = newest();
  expect(current).not.toEqual(old);
  expect(tell(old, hostAddress)).toEqual([]);
  expect(count('dropStale')).toBe(1);
  expect(tell(current, hostAddress).length).toBe(1);
  // With another one of the host's echoes in between, introductions would be stale to it.
  world.run(REGISTER_MS);
  for (const bytes of [old, current]) tell(bytes, hostAddress);
  addGuest(world);
  world.run(500);
  expect(countOf(host.asking.counts, 'introductions')).toBe(1);
  expect(count('dropStale')).toBe(3);
  expect(point.hosts.byId.count).toBe(1);
});

test('nor back to the address it had before', () => {
  const scene = createScene(12);
  const { point, tell, count, world } = scene;
  const { second } = registrationOf(scene);
  tell(second);
  world.nowMs += 1_000;
  // The same host, as if its NAT had given it another port.
  const party = world.parties[0]!;
  addHost(world);
  const moved = world.parties.pop()!;
  party.receive(world.nowMs, ELSEWHERE, moved.take()[0]!.bytes);
  moved.receive(world.nowMs, party.address, party.take()[0]!.bytes);
  tell(moved.take()[0]!.bytes, ELSEWHERE);
  expect(tell(second)).toEqual([]);
  expect([count('registrations'), count('dropStale')]).toEqual([2, 1]);
  const host = findKey(point.hosts.byId, Uint32Array.of(0x0403_0201, 0x0807_0605), 0);
  expect(isSameAddress(point.hosts.addresses, host * ADDRESS_WORDS, ELSEWHERE, 0)).toBe(true);
});

test('on all addresses of a machine it answers from the one that was asked, and speaks to a host from the one it asked', () => {
  const scene = createScene(13);
  const { world, point } = scene;
  const party = world.parties[0]!;
  const [hosts, guests] = ['192.0.2.1:0', '192.0.2.2:0'].map((text) => parseAddress(text)!);
  const tellAt = (own: Address, bytes: Uint8Array, from: Address): [type: number, local: Address][] => {
    point.localAtHand.set(own);
    party.receive(world.nowMs, from, bytes);
    return party.take().map((packet) => [packet.bytes[0]!, packet.local]);
  };
  const registration = registrationOf(scene);
  const ask = askOf(scene);
  expect(tellAt(hosts!, registration.first, HERE)).toEqual([[REGISTER, hosts]]);
  expect(tellAt(hosts!, registration.second, HERE)).toEqual([[REGISTER, hosts]]);
  expect(tellAt(guests!, ask.second, HERE)).toEqual([
    [INTRODUCE, hosts],
    [ASK, guests],
  ]);
});

test('there is room for so many hosts, and again when one has fallen silent', () => {
  const scene = createScene(7, { hostsMax: 2 });
  const ids = [1, 2, 3].map((index) => new Uint8Array(8).fill(index));
  const registrations = ids.map((id) => registrationOf(scene, id).second);
  for (const registration of registrations) scene.tell(registration);
  expect(scene.count('registrations')).toBe(2);
  expect(scene.count('dropFull')).toBe(1);
  scene.tell(registrations[0]!);
  expect(scene.count('registrations'), 'who is there stays').toBe(3);
  scene.world.nowMs += SILENCE_MS + 1;
  scene.world.parties[0]!.update(scene.world.nowMs);
  expect(scene.count('hostsLost')).toBe(2);
  scene.tell(registrationOf(scene, ids[2]).second);
  expect(scene.count('registrations')).toBe(4);
});

test('tickets beyond the bound push out the oldest, which is counted while it is good', () => {
  const scene = createScene(8, { meetingsMax: 2 });
  for (let index = 0; index < 3; index++) scene.tell(askOf(scene).second);
  expect(scene.count('meetingsEvicted')).toBe(1);
  scene.world.nowMs += (TICKET_LIFETIME_S + 10) * 1000;
  for (let index = 0; index < 2; index++) scene.tell(askOf(scene).second);
  expect(scene.count('meetingsEvicted')).toBe(1);
  expect(scene.point.meetings.byTag.count).toBe(2);
});

test('a ticket is for its host alone', () => {
  const scene = createScene(9);
  scene.tell(registrationOf(scene).second);
  const other = scene.world.invite({ hostId: new Uint8Array(8).fill(9) });
  scene.tell(askOf(scene, other).second);
  expect(scene.count('unknownHosts')).toBe(1);
  expect(scene.count('introductions')).toBe(0);
});

test('whatever a stranger sends: no answer, one count', () => {
  const scene = createScene(10);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.constantFrom(12, 13, 14, 15, 0), (bytes, type) => {
      if (bytes.length > 0) bytes[0] = type;
      const before = scene.point.counts.slice();
      expect(scene.tell(bytes)).toEqual([]);
      const moved = scene.point.counts.reduce((sum, count, index) => sum + count - before[index]!, 0);
      expect(moved - bytes.length).toBe(2);
    }),
  );
});

// A rendezvous without a network: a point, hosts and guests, each behind a NAT if it likes, packets handed from one to the
// other or lost as a seed has it, and every nonce watched. A NAT here is the usual one of a home: one public port for an
// inner one, and in comes only what was sent to before.

import { createRandom, type Random } from '../../../src/base/random.ts';
import { createSodiumAead } from '../../../src/io/aead-sodium.ts';
import { type Address, formatAddress, parseAddress } from '../../../src/transport/address.ts';
import type { Aead } from '../../../src/transport/aead.ts';
import type { Outbox } from '../../../src/transport/outbox.ts';
import { RENDEZVOUS_COUNT, type RendezvousCount } from '../../../src/transport/rendezvous/counts.ts';
import { createGuest, type Guest, receiveAsGuest, updateGuest } from '../../../src/transport/rendezvous/guest.ts';
import { createHost, type Host, receiveAsHost, updateHost } from '../../../src/transport/rendezvous/host.ts';
import { TICKET_LIFETIME_S } from '../../../src/transport/rendezvous/layout.ts';
import { type InvitationTerms, mintInvitation } from '../../../src/transport/rendezvous/messages.ts';
import {
  createPoint,
  type Point,
  type PointOptions,
  receiveAtPoint,
  updatePoint,
} from '../../../src/transport/rendezvous/point.ts';
import { createMailbox, KEY, type Packet, START_MS } from '../lab.ts';
import { createNonceChecker } from '../nonce-checker.ts';

export { KEY, START_MS };
export const POINT_ADDRESS = parseAddress('192.0.2.1:9000')!;
export const HOST_ID = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const STEP_MS = 50;

/** One with an address. */
interface Party {
  /** As others see it. */
  readonly address: Address;
  /** Whom it has sent to, if there is a NAT before it. */
  readonly flows: Set<string> | undefined;
  take(): Packet[];
  receive(nowMs: number, from: Address, bytes: Uint8Array): void;
  update(nowMs: number): void;
}

export interface Sent extends Packet {
  readonly from: Address;
}

export interface World {
  readonly random: Random;
  readonly aead: Aead;
  readonly parties: Party[];
  readonly sent: Sent[];
  nowMs: number;
  /** Of a packet, before its NATs. */
  loss: number;
  /** Of the guests that come. */
  invite(terms?: Partial<InvitationTerms>): Uint8Array;
  /** Hands packets on, 50 ms a hop, for so long. */
  run(ms: number): void;
}

export function createWorld(seed: number): World {
  const random = createRandom(seed);
  const randomize = (target: Uint8Array): void => {
    for (let index = 0; index < target.length; index++) target[index] = random.u32() & 255;
  };
  const aead = createNonceChecker().watch({ ...createSodiumAead(), randomize });
  const world: World = {
    random,
    aead,
    parties: [],
    sent: [],
    nowMs: START_MS,
    loss: 0,
    invite: (terms = {}) =>
      mintInvitation(aead, KEY, {
        point: POINT_ADDRESS,
        hostId: HOST_ID,
        expiresS: Math.floor(world.nowMs / 1000) + TICKET_LIFETIME_S,
        ...terms,
      }),
    run(ms) {
      for (const endMs = world.nowMs + ms; world.nowMs < endMs; ) stepWorld(world);
    },
  };
  return world;
}

function stepWorld(world: World): void {
  const { parties, sent } = world;
  const hop: Sent[] = [];
  for (const { take, address, flows } of parties) {
    for (const packet of take()) {
      flows?.add(formatAddress(packet.address));
      hop.push({ ...packet, from: address });
    }
  }
  sent.push(...hop);
  world.nowMs += STEP_MS;
  for (const { address, from, bytes } of hop) {
    if (world.random.fraction() < world.loss) continue;
    const to = parties.find((party) => formatAddress(party.address) === formatAddress(address));
    if (to?.flows === undefined || to.flows.has(formatAddress(from))) to?.receive(world.nowMs, from, bytes);
  }
  for (const party of parties) party.update(world.nowMs);
}

type Receive<T> = (
  state: T,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
) => void;

function addParty<T>(
  world: World,
  address: string,
  hasNat: boolean,
  create: (outbox: Outbox) => T,
  receive: Receive<T>,
  update: (state: T, nowMs: number) => void,
): T {
  const { outbox, take } = createMailbox();
  const state = create(outbox);
  world.parties.push({
    address: parseAddress(address)!,
    flows: hasNat ? new Set() : undefined,
    take,
    receive(nowMs, from, bytes) {
      // At an odd place in a longer buffer, as in a batch.
      const batch = new Uint8Array(bytes.length + 20).fill(0xa5);
      batch.set(bytes, 7);
      receive(state, nowMs, from, 0, batch, 7, 7 + bytes.length);
    },
    update: (nowMs) => update(state, nowMs),
  });
  return state;
}

export function addPoint(world: World, options: Partial<PointOptions> = {}): Point {
  const create = (outbox: Outbox): Point =>
    createPoint({ aead: world.aead, key: KEY, hostsMax: 4, meetingsMax: 8, outbox, ...options });
  return addParty(world, '192.0.2.1:9000', false, create, receiveAtPoint, updatePoint);
}

export function addHost(
  world: World,
  { address = '198.51.100.2:7777', hasNat = true, hostId = HOST_ID, meetingsMax = 3, meetingsPerGuestHostMax = 3 } = {},
): Host {
  const { aead, nowMs } = world;
  const create = (outbox: Outbox): Host =>
    createHost({ aead, key: KEY, point: POINT_ADDRESS, hostId, meetingsMax, meetingsPerGuestHostMax, outbox }, nowMs);
  return addParty(world, address, hasNat, create, receiveAsHost, updateHost);
}

export function addGuest(
  world: World,
  { address = '203.0.113.3:40000', hasNat = true, invitation = world.invite() } = {},
): Guest {
  const create = (outbox: Outbox): Guest => createGuest(world.aead, invitation, outbox, world.nowMs);
  return addParty(world, address, hasNat, create, receiveAsGuest, updateGuest);
}

/** Whoever was added last. */
export function lastParty(world: World): Party {
  return world.parties.at(-1)!;
}

/** How often a count has moved so far. */
export function countOf(counts: Uint32Array, name: RendezvousCount): number {
  return counts[RENDEZVOUS_COUNT[name]]!;
}

/** What went from one address to another so far. */
export function between(world: World, from: Address, to: Address): Sent[] {
  const [source, target] = [formatAddress(from), formatAddress(to)];
  return world.sent.filter(
    (packet) => formatAddress(packet.from) === source && formatAddress(packet.address) === target,
  );
}

// A node behind a NAT and its rendezvous point: what main and edge threads share of it. The main thread reads the key,
// gives each UDP edge an id, and invites players; the edge registers from the socket of the game (transport/rendezvous)
// and says under which address the point sees it, in shared memory, since tokens are minted in the other thread.

import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import type { CounterRow } from '../base/counters.ts';
import { ServerError } from '../base/errors.ts';
import { ADDRESS_WORDS, type Address, copyAddress, parseAddress } from '../transport/address.ts';
import type { Aead } from '../transport/aead.ts';
import type { Outbox } from '../transport/outbox.ts';
import {
  createRendezvousCounts,
  RENDEZVOUS_COUNT,
  RENDEZVOUS_DROPS,
  type RendezvousCount,
} from '../transport/rendezvous/counts.ts';
import { createHost, type Host, receiveAsHost, updateHost } from '../transport/rendezvous/host.ts';
import {
  HOST_ID_BYTES,
  isRendezvous,
  MEETINGS_MAX,
  MEETINGS_PER_GUEST_HOST_MAX,
  TICKET_LIFETIME_S,
} from '../transport/rendezvous/layout.ts';
import { mintInvitation } from '../transport/rendezvous/messages.ts';
import type { BlockSource } from './block-series.ts';
import { joinHost } from './connect-tokens.ts';
import { readKey } from './keys.ts';

/** Of one UDP edge; the same for main and edge thread. */
export interface RendezvousSeat {
  /** Of the point, with its port. */
  readonly point: Address;
  readonly key: Uint8Array;
  readonly hostId: Uint8Array;
  /** A word that is 1 while the edge is registered, and the address the point sees it at. */
  readonly place: SharedArrayBuffer;
  readonly counts: SharedArrayBuffer;
}

export interface RendezvousOptions {
  /** '': none. */
  readonly rendezvous: string;
  readonly rendezvousKeyFile: string;
  readonly zones: number;
  /** UDP edges of each zone. */
  readonly edges: number;
}

/** One for each UDP edge, zone by zone, or none at all. Throws a ServerError when the point has no address or there is no key. */
export async function readSeats(
  options: RendezvousOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly RendezvousSeat[]> {
  const { rendezvous, rendezvousKeyFile, zones, edges } = options;
  if (rendezvous === '') return [];
  const point = await resolvePoint(rendezvous);
  const key = await readRendezvousKey(rendezvousKeyFile, '--rendezvous-key-file', environment);
  return Array.from({ length: zones * edges }, () => ({
    point,
    key,
    hostId: new Uint8Array(randomBytes(HOST_ID_BYTES)),
    place: new SharedArrayBuffer((1 + ADDRESS_WORDS) * 4),
    counts: new SharedArrayBuffer(createRendezvousCounts().byteLength),
  }));
}

/** The key that the point and its hosts share: never made up, since each of them needs the same. */
export async function readRendezvousKey(
  file: string,
  flag: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Uint8Array> {
  const variable = 'DARKAGES_RENDEZVOUS_KEY';
  const key = await readKey({ variable, text: environment[variable], flag, file });
  if (key !== undefined) return key;
  throw new ServerError('DARKAGES_KEY_INVALID', `A rendezvous needs the key of its point: set ${variable} or ${flag}.`);
}

async function resolvePoint(text: string): Promise<Address> {
  const at = text.lastIndexOf(':');
  const host = text.slice(0, at).replace(/^\[|\]$/g, '');
  const found = await lookup(host).catch(() => undefined);
  const point = found && parseAddress(joinHost(found.address, Number(text.slice(at + 1))));
  if (point !== undefined) return point;
  throw new ServerError('DARKAGES_CONFIG_INVALID', `--rendezvous names ${text}, which has no IP address.`);
}

// --- main thread

/** Where the world sees the edge; undefined while it isn't registered. */
export function publicAddressOf({ place }: RendezvousSeat): Address | undefined {
  const words = new Uint32Array(place);
  return Atomics.load(words, 0) === 1 ? words.slice(1) : undefined;
}

/** Base64 of what a player's client needs to be introduced to this edge. */
export function mintInvite(aead: Aead, { point, key, hostId }: RendezvousSeat, nowS: number): string {
  const expiresS = Math.floor(nowS) + TICKET_LIFETIME_S;
  return Buffer.from(mintInvitation(aead, key, { point, hostId, expiresS })).toString('base64');
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const DROPS: ReadonlySet<string> = new Set(RENDEZVOUS_DROPS);

export const RENDEZVOUS_ROWS: readonly CounterRow[] = (Object.keys(RENDEZVOUS_COUNT) as RendezvousCount[]).map(
  (name) => ({
    metric: DROPS.has(name) ? 'rendezvous_packets_dropped_total' : `rendezvous_${snake(name)}_total`,
    kind: 'counter',
    help: DROPS.has(name)
      ? 'Packets of a rendezvous dropped, by reason'
      : `Rendezvous: ${snake(name).replaceAll('_', ' ')}`,
    ...(DROPS.has(name) && { labels: { reason: snake(name).replace(/^drop_/, '') } }),
  }),
);

/** By zone; the edges of one are added up. */
export function rendezvousSources(seats: readonly RendezvousSeat[], zones: number): readonly BlockSource[] {
  const edges = seats.length / zones;
  return Array.from({ length: seats.length === 0 ? 0 : zones }, (_, zone) => ({
    kind: RENDEZVOUS_ROWS,
    labels: { zone_id: String(zone + 1) },
    blocks: seats.slice(zone * edges, (zone + 1) * edges).map(({ counts }) => counts),
  }));
}

// --- edge thread

export interface SeatedHost {
  /** Takes a packet if it is one of a rendezvous. */
  take(nowMs: number, address: Uint32Array, at: number, bytes: Uint8Array, from: number, end: number): boolean;
  /** To be called ten times a second. */
  update(nowMs: number): void;
}

/**
 * Registers with the point, if there is one.
 * @param addresses those under which tokens name the edge: the one that the point sees it at becomes the last of them.
 */
export function takeSeat(
  seat: RendezvousSeat | undefined,
  aead: Aead,
  outbox: Outbox,
  addresses: Address[],
  nowMs: number,
): SeatedHost {
  if (seat === undefined) return { take: () => false, update: () => {} };
  const { key, point, hostId } = seat;
  const host = createHost(
    {
      aead,
      key,
      point,
      hostId,
      meetingsMax: MEETINGS_MAX,
      meetingsPerGuestHostMax: MEETINGS_PER_GUEST_HOST_MAX,
      outbox,
    },
    nowMs,
  );
  addresses.push(host.publicAddress);
  const counts = new Uint32Array(seat.counts);
  return {
    take(atMs, address, at, bytes, from, end) {
      if (end <= from || !isRendezvous(bytes[from])) return false;
      receiveAsHost(host, atMs, address, at, bytes, from, end);
      return true;
    },
    update(atMs) {
      updateHost(host, atMs);
      tellPlace(host, seat.place);
      counts.set(host.asking.counts);
    },
  };
}

/** Whoever reads an address that is just being changed mints a token that connects nowhere, once. */
function tellPlace({ isRegistered, publicAddress }: Host, place: SharedArrayBuffer): void {
  const words = new Uint32Array(place);
  copyAddress(publicAddress, 0, words, 1);
  Atomics.store(words, 0, isRegistered ? 1 : 0);
}

import { expect, test } from 'vitest';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { createConnectTokens } from '../../src/io/connect-tokens.ts';
import {
  mintInvite,
  publicAddressOf,
  type RendezvousSeat,
  readSeats,
  rendezvousSources,
  takeSeat,
} from '../../src/io/rendezvous.ts';
import { type Address, formatAddress, parseAddress } from '../../src/transport/address.ts';
import { createOutbox } from '../../src/transport/outbox.ts';
import { readInvitation } from '../../src/transport/rendezvous/messages.ts';
import { createPoint, receiveAtPoint } from '../../src/transport/rendezvous/point.ts';
import { readPublicToken } from '../../src/transport/token.ts';
import { createMailbox } from '../transport/lab.ts';

const KEY = 'ab'.repeat(32);
const OPTIONS = { rendezvous: '127.0.0.1:9000', rendezvousKeyFile: '', zones: 2, edges: 1 };
const OUTSIDE = parseAddress('198.51.100.2:7777')!;
const aead = createSodiumAead();

test('without a point there are no seats; with one each zone has its own, and the key of the environment', async () => {
  expect(await readSeats({ ...OPTIONS, rendezvous: '' }, {})).toEqual([]);
  const seats = await readSeats(OPTIONS, { DARKAGES_RENDEZVOUS_KEY: KEY });
  expect(seats.map(({ point }) => formatAddress(point))).toEqual(['127.0.0.1:9000', '127.0.0.1:9000']);
  expect(seats[0]!.key).toEqual(new Uint8Array(32).fill(0xab));
  expect(seats[0]!.hostId).not.toEqual(seats[1]!.hostId);
  expect(seats.map(publicAddressOf)).toEqual([undefined, undefined]);
});

test('a key that is missing, or a point that has no address, stops the start with a sentence', async () => {
  await expect(readSeats(OPTIONS, {})).rejects.toThrow('set DARKAGES_RENDEZVOUS_KEY or --rendezvous-key-file');
  const lost = readSeats({ ...OPTIONS, rendezvous: 'no-such-host.invalid:9000' }, { DARKAGES_RENDEZVOUS_KEY: KEY });
  await expect(lost).rejects.toThrow('--rendezvous names no-such-host.invalid:9000');
});

/** Hands packets between an edge's seat and a point until both are silent. */
function register(seat: RendezvousSeat, addresses: Address[]): void {
  const edge = createMailbox();
  const there = createMailbox();
  const host = takeSeat(seat, aead, edge.outbox, addresses, 0);
  const point = createPoint({ aead, key: seat.key, hostsMax: 4, meetingsMax: 4, outbox: there.outbox });
  for (let round = 0; round < 3; round++) {
    for (const { bytes } of edge.take()) receiveAtPoint(point, 0, OUTSIDE, 0, bytes, 0, bytes.length);
    for (const { bytes } of there.take()) expect(host.take(0, seat.point, 0, bytes, 0, bytes.length)).toBe(true);
  }
  expect(host.take(0, OUTSIDE, 0, new Uint8Array(1078), 0, 1078), 'what is netcode’s is not for it').toBe(false);
  expect(host.take(0, OUTSIDE, 0, new Uint8Array(0), 0, 0)).toBe(false);
  host.update(0);
}

test('an edge that is registered is known by its public address: to itself, in tokens, to who is invited', async () => {
  const [, seat] = await readSeats(OPTIONS, { DARKAGES_RENDEZVOUS_KEY: KEY });
  const addresses = [parseAddress('10.0.0.2:7777')!];
  register(seat!, addresses);
  expect(addresses.map((address) => formatAddress(address))).toEqual(['10.0.0.2:7777', '198.51.100.2:7777']);
  const publicAddress = publicAddressOf(seat!);
  expect(formatAddress(publicAddress!)).toBe('198.51.100.2:7777');
  const token = createConnectTokens(aead, seat!.key)(7, '10.0.0.2', 7777, 1_700_000_000, publicAddress);
  expect(readPublicToken(token)!.addresses.map((address) => formatAddress(address))).toEqual([
    '198.51.100.2:7777',
    '10.0.0.2:7777',
  ]);
  const invite = Buffer.from(mintInvite(aead, seat!, 1_700_000_000.5), 'base64');
  expect(formatAddress(readInvitation(new Uint8Array(invite))!.point)).toBe('127.0.0.1:9000');
});

test('what it counts is for /metrics, by zone', async () => {
  const seats = await readSeats(OPTIONS, { DARKAGES_RENDEZVOUS_KEY: KEY });
  register(seats[0]!, []);
  const [first, second] = rendezvousSources(seats, 2);
  expect([first!.labels, second!.labels]).toEqual([{ zone_id: '1' }, { zone_id: '2' }]);
  const rows = first!.kind as readonly { metric: string }[];
  const place = rows.findIndex(({ metric }) => metric === 'rendezvous_registrations_total');
  expect(new Uint32Array(first!.blocks[0]!)[place]).toBe(1);
  expect(rows.length * 4).toBe(seats[0]!.counts.byteLength);
});

test('each edge of a zone has a seat; in /metrics those of a zone are added up', async () => {
  const seats = await readSeats({ ...OPTIONS, edges: 2 }, { DARKAGES_RENDEZVOUS_KEY: KEY });
  expect(new Set(seats.map(({ hostId }) => Buffer.from(hostId).toString('hex'))).size).toBe(4);
  expect(rendezvousSources(seats, 2).map(({ labels, blocks }) => [labels.zone_id, blocks])).toEqual([
    ['1', [seats[0]!.counts, seats[1]!.counts]],
    ['2', [seats[2]!.counts, seats[3]!.counts]],
  ]);
  expect(rendezvousSources([], 2)).toEqual([]);
});

test('an edge without a seat takes nothing for a rendezvous', () => {
  const outbox = createOutbox(1, () => {});
  const host = takeSeat(undefined, aead, outbox, [], 0);
  host.update(0);
  expect(host.take(0, OUTSIDE, 0, new Uint8Array(512).fill(12), 0, 512)).toBe(false);
  expect(outbox.count).toBe(0);
});

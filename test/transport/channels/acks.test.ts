// Acknowledgements against a naive model: sets of plain numbers, in place of words of bits and numbers that wrap.

import { expect, test } from 'vitest';
import { createRandom } from '../../../src/base/random.ts';
import {
  checkAcks,
  checkSequence,
  createReceivedPackets,
  createSentPackets,
  fillAcks,
  noteReceived,
  noteSent,
  numberOf,
  oweAck,
  takeAcks,
  takeOutcome,
} from '../../../src/transport/channels/acks.ts';
import {
  BAD_ACK,
  createPacketHeader,
  DUPLICATE,
  type PacketHeader,
  STALE,
  TAKEN,
} from '../../../src/transport/channels/packet.ts';
import { createReliableSender } from '../../../src/transport/channels/reliable-sender.ts';
import { createStats } from '../../../src/transport/channels/stats.ts';

const sender = createReliableSender(64, 1000, 4096);

function acking(newest: number, bits: number, delayTenths = 0): PacketHeader {
  return { ...createPacketHeader(), newest: newest & 0xffff, bits: bits | 0, delayTenths };
}

function sendPackets(count: number): {
  sent: ReturnType<typeof createSentPackets>;
  stats: ReturnType<typeof createStats>;
} {
  const sent = createSentPackets();
  const stats = createStats();
  for (let packet = 0; packet < count; packet++) noteSent(sent, stats, packet * 10, 0, 0, 0);
  return { sent, stats };
}

test('what was received is what a set says, over two wraps of the sequence, with loss, jumps and repetition', () => {
  const SEED = 5;
  const random = createRandom(SEED);
  const received = createReceivedPackets();
  const stats = createStats();
  const model = new Set<number>();
  let newest = -1;
  for (let step = 0; step < 150_000; step++) {
    const isJump = random.below(500) === 0;
    const packet = Math.max(0, newest + (isJump ? random.below(400) : random.below(12)) - 5 - (isJump ? 200 : 0));
    const isOld = newest - packet >= 32;
    const expected = isOld ? STALE : model.has(packet) ? DUPLICATE : TAKEN;
    expect([SEED, step, checkSequence(received, packet & 0xffff)]).toEqual([SEED, step, expected]);
    if (expected !== TAKEN) continue;
    expect(numberOf(received, packet & 0xffff)).toBe(packet);
    noteReceived(received, stats, packet, step);
    model.add(packet);
    newest = Math.max(newest, packet);
    const header = createPacketHeader();
    fillAcks(received, header, step);
    expect(header.newest).toBe(newest & 0xffff);
    for (let back = 0; back < 32; back++) {
      if ((header.bits >>> back) % 2 !== (model.has(newest - back) ? 1 : 0))
        throw new Error(`SEED=${SEED} step ${step}`);
    }
  }
  expect(newest).toBeGreaterThan(2 * 65_536);
});

test('the share of lost packets that came is what is missing behind the window, and the first ones miss too', () => {
  const received = createReceivedPackets();
  const stats = createStats();
  // The first packet to come is number 3, then every fourth is missing.
  for (let packet = 3; packet < 4000; packet++) {
    if (packet % 4 !== 0) noteReceived(received, stats, packet, 0);
  }
  expect(received.loss.lost / received.loss.seen).toBeCloseTo(0.25, 1);
  expect(stats.lossInShare).toBeCloseTo(0.25, 1);
});

test('the first packet has a number from 0 up: what would be before 0 is old', () => {
  const received = createReceivedPackets();
  expect(checkSequence(received, 65_535)).toBe(STALE);
  expect(checkSequence(received, 32_768)).toBe(STALE);
  expect(checkSequence(received, 0)).toBe(TAKEN);
  noteReceived(received, createStats(), 0, 0);
  expect(checkSequence(received, 65_535)).toBe(STALE);
});

test.each<[string, number, number, number, number]>([
  ['nothing, of nothing sent', 0, 0, 0, TAKEN],
  ['a packet, of nothing sent', 0, 0, 1, BAD_ACK],
  ['the only one', 1, 0, 1, TAKEN],
  ['the next one', 1, 1, 1, BAD_ACK],
  ['one before the first', 1, 0, 0b11, BAD_ACK],
  ['all of 31', 31, 30, 0x7fff_ffff, TAKEN],
  ['32 of 31', 31, 30, -1, BAD_ACK],
  ['32 of 32', 32, 31, -1, TAKEN],
  ['half the circle ahead', 32, 32_800, 1, BAD_ACK],
  ['the one before the first', 32, 65_535, 1, BAD_ACK],
  ['one forgotten long ago', 300, 5, 0b11_1111, TAKEN],
  ['half the circle behind, which was sent', 40_000, 39_999 - 32_000, 1, TAKEN],
  ['more than half the circle behind', 40_000, 39_999 - 32_768, 1, BAD_ACK],
])('an acknowledgement of %s', (_, count, newest, bits, code) => {
  const { sent, stats } = sendPackets(count);
  const header = acking(newest, bits);
  expect(checkAcks(sent, header)).toBe(code);
  if (code === TAKEN) takeAcks(sent, sender, stats, header, 1e6);
});

test('a header that acknowledges nothing says nothing of the packet whose sequence is 0', () => {
  const { sent, stats } = sendPackets(65_600);
  takeAcks(sent, sender, stats, acking(0, 0), 1e6);
  expect([sent.newestAcked, sent.decided]).toEqual([-1, 65_600 - 128]);
});

test('each packet has one outcome: arrived when first acknowledged, lost when it can’t be any more', () => {
  const { sent, stats } = sendPackets(40);
  takeAcks(sent, sender, stats, acking(3, 0b1011), 500);
  takeAcks(sent, sender, stats, acking(3, 0b1011), 500);
  expect([takeOutcome(sent), takeOutcome(sent), takeOutcome(sent), takeOutcome(sent)]).toEqual([
    0x1_0003, 0x1_0002, 0x1_0000, -1,
  ]);
  takeAcks(sent, sender, stats, acking(32, 1), 500);
  expect([takeOutcome(sent), takeOutcome(sent)]).toEqual([0x1_0020, -1]);
  takeAcks(sent, sender, stats, acking(33, 0b11), 500);
  // Packet 1 is 32 behind: lost, and stays so.
  expect([takeOutcome(sent), takeOutcome(sent), takeOutcome(sent)]).toEqual([0x1_0021, 1, -1]);
  takeAcks(sent, sender, stats, acking(3, 0b1111), 500);
  expect(takeOutcome(sent)).toBe(-1);
  expect(stats.packetsLost).toBe(1);
});

test('a packet of which nothing is heard is lost when its place is needed', () => {
  const { sent } = sendPackets(200);
  const lost: number[] = [];
  for (let outcome = takeOutcome(sent); outcome !== -1; outcome = takeOutcome(sent)) lost.push(outcome);
  expect(lost).toEqual(Array.from({ length: 200 - 128 }, (_, packet) => packet));
});

test('who never asks for outcomes loses the oldest, and nothing else', () => {
  const { sent, stats } = sendPackets(1000);
  takeAcks(sent, sender, stats, acking(999, 1), 1e6);
  const told: number[] = [];
  for (let outcome = takeOutcome(sent); outcome !== -1; outcome = takeOutcome(sent)) told.push(outcome);
  expect(told).toHaveLength(128);
  expect(told.at(-1)).toBe(967);
  expect(new Set(told).size).toBe(128);
});

test.each<[string, number, number, number]>([
  ['is the time since it left, less what the peer waited', 400, 1000, 300],
  ['has no sample when the peer waited longer than it took', 90, 1000, -1],
  ['has no sample when the peer waited longer than it can say', 90_000, 65_535, -1],
])('a round trip %s', (_, elapsedMs, delayTenths, rttMs) => {
  const { sent, stats } = sendPackets(1);
  takeAcks(sent, sender, stats, acking(0, 1, delayTenths), elapsedMs);
  expect(stats.rttMs).toBe(rttMs);
});

test('a packet acknowledged again, or behind the newest, is no round trip', () => {
  const { sent, stats } = sendPackets(3);
  takeAcks(sent, sender, stats, acking(1, 1), 30);
  expect(stats.rttMs).toBe(20);
  takeAcks(sent, sender, stats, acking(1, 1), 3000);
  takeAcks(sent, sender, stats, acking(2, 0b111), 20);
  expect(stats.rttMs).toBe(17.5);
});

test('the delay in a header is since the newest packet came, in tenths, and says when it is too long to say', () => {
  const received = createReceivedPackets();
  const header = createPacketHeader();
  fillAcks(received, header, 99);
  expect(header).toMatchObject({ newest: 0, bits: 0, delayTenths: 0 });
  noteReceived(received, createStats(), 2, 100);
  noteReceived(received, createStats(), 1, 103);
  fillAcks(received, header, 104.5);
  expect(header).toMatchObject({ newest: 2, bits: 0b11, delayTenths: 45 });
  fillAcks(received, header, 1e6);
  expect(header.delayTenths).toBe(65_535);
  fillAcks(received, header, 50);
  expect(header.delayTenths).toBe(0);
});

test('an acknowledgement waits for company: shorter for segments, not at all for the sixteenth packet', () => {
  const received = createReceivedPackets();
  oweAck(received, 1000, false);
  expect(received.ackDueMs).toBe(1100);
  oweAck(received, 1010, true);
  expect(received.ackDueMs).toBe(1035);
  oweAck(received, 1020, false);
  expect(received.ackDueMs).toBe(1035);
  for (let packet = 3; packet < 16; packet++) oweAck(received, 1021, false);
  expect(received.ackDueMs).toBe(1021);
  fillAcks(received, createPacketHeader(), 1022);
  expect(received.ackDueMs).toBe(Infinity);
});

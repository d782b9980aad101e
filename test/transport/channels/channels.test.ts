import { expect, test } from 'vitest';
import { createRandom } from '../../../src/base/random.ts';
import { createTokenBucket } from '../../../src/transport/channels/budget.ts';
import {
  beginPacket,
  type Channels,
  createChannels,
  endPacket,
  heldBytes,
  isBroken,
  isPacketDue,
  messageRoom,
  nextOutcome,
  receivePacket,
  writeMessage,
} from '../../../src/transport/channels/channels.ts';
import { DOWN, UP } from '../../../src/transport/channels/directions.ts';
import {
  BAD_ACK,
  BAD_LAYOUT,
  BAD_SEGMENT,
  BAD_SIZE,
  BROKEN,
  DUPLICATE,
  RELIABLE,
  SEQUENCED,
  STALE,
  TAKEN,
  UNRELIABLE,
} from '../../../src/transport/channels/packet.ts';
import {
  bytesOf,
  createEnds,
  createPair,
  FAST_UP,
  forge,
  messageOf,
  packetOf,
  queue,
  segment,
  TICK_MS,
  take,
  withAcks,
} from './harness.ts';

const BAD_LINE = { latencyMs: 60, jitterMs: 50, loss: 0.2 };

function write(channels: Channels, kind: typeof UNRELIABLE | typeof SEQUENCED, ...content: number[]): boolean {
  return writeMessage(channels, kind, Uint8Array.from(content), 0, content.length);
}

test('10⁵ reliable messages through loss, jitter, duplication and reordering: all, in order, exactly once', () => {
  const SEED = 11;
  const MESSAGES = 100_000;
  const ends = createEnds();
  const pair = createPair(ends, { seed: SEED, line: BAD_LINE, duplication: 0.02 });
  let sent = 0;
  let got = 0;
  while (got < MESSAGES && pair.nowMs < 3_600_000) {
    // One a tick, so that there are nearly as many segments: ids and sequences wrap.
    const length = pair.random.below(400) === 0 ? 4 + pair.random.below(8000) : 4 + pair.random.below(40);
    if (sent < MESSAGES && queue(pair.server, messageOf(sent, length))) sent++;
    pair.tick((end, { kind, bytes }) => {
      const expected = messageOf(got, bytes.length);
      if (end !== 'client' || kind !== RELIABLE || Buffer.compare(bytes, expected) !== 0) {
        throw new Error(`SEED=${SEED} message ${got} is ${bytes.subarray(0, 8)}`);
      }
      got++;
    });
  }
  const { stats } = pair.server;
  expect({ seed: SEED, got, sent }).toEqual({ seed: SEED, got: MESSAGES, sent: MESSAGES });
  expect(stats.packetsOut).toBeGreaterThan(65_536);
  expect(stats.segmentsOut - stats.segmentsResent).toBeGreaterThan(65_536);
  // What was lost left again, and not much of what was not.
  expect(stats.segmentsResent / stats.segmentsOut).toBeGreaterThan(0.15);
  expect(stats.segmentsResent / stats.segmentsOut).toBeLessThan(0.35);
  expect([stats.reliableRefused, pair.client.stats.dropped[-BAD_SEGMENT], isBroken(pair.client)]).toEqual([
    0,
    0,
    false,
  ]);
});

test('four messages of 256 KiB over that line, whole, at the rate of the budget and no faster', () => {
  const SEED = 12;
  const ends = createEnds(DOWN, FAST_UP);
  const pair = createPair(ends, { seed: SEED, line: BAD_LINE, duplication: 0.02 });
  const messages = Array.from({ length: 4 }, (_, index) => messageOf(index + 1000, 262_144));
  let queued = 0;
  let got = 0;
  let bytesLastSecond = 0;
  while (got < messages.length && pair.nowMs < 600_000) {
    while (queued < messages.length && queue(pair.server, messages[queued]!)) queued++;
    const second = Math.floor(pair.nowMs / 1000);
    pair.tick((end, { bytes }) => {
      expect([SEED, end, Buffer.compare(bytes, messages[got]!)]).toEqual([SEED, 'client', 0]);
      got++;
    });
    if (Math.floor(pair.nowMs / 1000) === second) continue;
    // Burst and one segment beyond the rate, and headers.
    expect(pair.server.stats.bytesOut - bytesLastSecond).toBeLessThan((20_000 + 4_000 + 1024) * 1.1);
    bytesLastSecond = pair.server.stats.bytesOut;
  }
  expect({ seed: SEED, got }).toEqual({ seed: SEED, got: 4 });
  // One in five is lost, a few leave in vain: a megabyte at 20 KB/s takes a little over a minute.
  expect(pair.nowMs).toBeLessThan((4 * 262_144 * 1000) / (20_000 * 0.6));
  expect(heldBytes(pair.client)).toBeLessThanOrEqual(64 * 1024 + 262_144);
});

interface Sent {
  readonly packet: Uint8Array;
  readonly sequence: number;
  readonly messages: readonly [kind: number, value: number][];
}

test('any kinds in any order over any line: what a naive model of the receiver says, packet by packet', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = createRandom(seed);
    const { server, client } = createEnds();
    const arrived = new Set<number>();
    const onTheWay: Sent[] = [];
    let value = 0;
    let number = 0;
    let newest = -1;
    let newestSequenced = -1;
    let reliableSent = 0;
    let reliableGot = 0;
    const arrive = (nowMs: number, { packet, sequence, messages }: Sent): void => {
      const expectedCode = newest - sequence >= 32 ? STALE : arrived.has(sequence) ? DUPLICATE : TAKEN;
      const { code, messages: got } = take(client, packet, nowMs);
      expect([seed, sequence, code]).toEqual([seed, sequence, expectedCode]);
      if (code !== TAKEN) return;
      arrived.add(sequence);
      newest = Math.max(newest, sequence);
      const expected = messages.filter(([kind]) => kind === UNRELIABLE || sequence >= newestSequenced);
      if (messages.some(([kind]) => kind === SEQUENCED)) newestSequenced = Math.max(newestSequenced, sequence);
      const others = got.filter(({ kind }) => kind !== RELIABLE);
      expect(others.map(({ kind, bytes }) => [kind, bytes[0]! | (bytes[1]! << 8)])).toEqual(expected);
      for (const { kind, bytes } of got) {
        if (kind === RELIABLE) expect(Buffer.compare(bytes, messageOf(reliableGot++, bytes.length))).toBe(0);
      }
    };
    for (let nowMs = 0; nowMs < 30_000; nowMs += 20) {
      const messages: [number, number][] = [];
      if (random.below(3) === 0 && queue(server, messageOf(reliableSent, 4 + random.below(300)))) reliableSent++;
      const packet = packetOf(server, nowMs, () => {
        for (let count = random.below(4); count > 0; count--) {
          const kind = random.below(2) === 0 ? UNRELIABLE : SEQUENCED;
          value = (value + 1) & 0xffff;
          if (write(server, kind, value & 255, value >> 8)) messages.push([kind, value]);
        }
      });
      if (packet !== undefined) onTheWay.push({ packet, sequence: number++, messages });
      while (onTheWay.length > 0 && random.below(5) !== 0) {
        const index = random.below(Math.min(onTheWay.length, random.below(40) === 0 ? 60 : 6));
        const chosen = onTheWay[index]!;
        if (random.below(10) !== 0) onTheWay.splice(index, 1);
        if (random.below(6) !== 0) arrive(nowMs, chosen);
      }
      const answer = packetOf(client, nowMs);
      if (answer !== undefined && random.below(6) !== 0) take(server, answer, nowMs);
    }
    expect([seed, reliableGot > 0.9 * reliableSent && reliableSent > 300]).toEqual([seed, true]);
  }
});

test('each packet’s outcome is told once, and one that is told to have arrived has', () => {
  const SEED = 13;
  const random = createRandom(SEED);
  const { server, client } = createEnds();
  const arrived = new Set<number>();
  const told = new Map<number, boolean>();
  for (let packet = 0; packet < 5000; packet++) {
    const nowMs = packet * TICK_MS;
    const bytes = packetOf(server, nowMs, () => write(server, UNRELIABLE, 1))!;
    if (random.below(5) !== 0) {
      take(client, bytes, nowMs);
      arrived.add(packet);
    }
    const answer = packet % 4 === 0 ? packetOf(client, nowMs) : undefined;
    if (answer !== undefined && random.below(5) !== 0) take(server, answer, nowMs);
    for (let outcome = nextOutcome(server); outcome !== -1; outcome = nextOutcome(server)) {
      expect(told.has(outcome & 0xffff)).toBe(false);
      told.set(outcome & 0xffff, outcome > 0xffff);
    }
  }
  let wrong = 0;
  for (const [packet, hasArrived] of told) {
    if (hasArrived) expect([SEED, arrived.has(packet)]).toEqual([SEED, true]);
    else if (arrived.has(packet)) wrong++;
  }
  expect(told.size).toBeGreaterThan(4850);
  // Lost, though it came: only when every packet that said so was lost too.
  expect(wrong).toBeLessThan(50);
  expect(server.stats.lossOutShare).toBeCloseTo(0.2, 0);
  expect(server.stats.packetsLost).toBe([...told.values()].filter((hasArrived) => !hasArrived).length);
});

test('both ends measure the line: round trip without what was held back, jitter, loss each way', () => {
  const measure = (jitterMs: number, loss: number): { server: Channels; client: Channels } => {
    const ends = createEnds();
    const pair = createPair(ends, { seed: 14, line: { latencyMs: 60, jitterMs, loss }, duplication: 0 });
    while (pair.nowMs < 60_000) {
      // The server answers at the rate of snapshots, the client at 60 a second.
      if (Math.round(pair.nowMs / TICK_MS) % 3 === 0) queue(pair.server, bytesOf(1));
      queue(pair.client, bytesOf(1));
      pair.tick(() => {});
    }
    return ends;
  };
  for (const { stats } of Object.values(measure(0, 0))) {
    // To the next tick, at both ends.
    expect(stats.rttMs).toBeGreaterThanOrEqual(120);
    expect(stats.rttMs).toBeLessThan(120 + 2 * TICK_MS);
    expect(stats.jitterMs).toBeLessThan(5);
    expect([stats.lossInShare, stats.lossOutShare]).toEqual([0, 0]);
  }
  for (const { stats } of Object.values(measure(40, 0.2))) {
    expect(stats.rttMs).toBeGreaterThan(90);
    expect(stats.rttMs).toBeLessThan(190);
    expect(stats.jitterMs).toBeGreaterThan(10);
    expect(Math.abs(stats.lossInShare - 0.2)).toBeLessThan(0.08);
    expect(Math.abs(stats.lossOutShare - 0.2)).toBeLessThan(0.08);
  }
});

test('who has nothing to say acknowledges within its time, and a bare acknowledgement is not answered', () => {
  const { server, client } = createEnds();
  take(server, packetOf(client, 0, () => write(client, UNRELIABLE, 1))!, 10);
  expect(isPacketDue(server, 109)).toBe(false);
  expect(packetOf(server, 109)).toBeUndefined();
  expect(isPacketDue(server, 110)).toBe(true);
  const acknowledgement = packetOf(server, 110)!;
  expect(acknowledgement).toHaveLength(10);
  expect(take(client, acknowledgement, 120)).toEqual({ code: TAKEN, messages: [] });
  expect(client.stats.rttMs).toBe(20);
  for (let nowMs = 120; nowMs < 10_000; nowMs += 50)
    expect([packetOf(client, nowMs), packetOf(server, nowMs)]).toEqual([undefined, undefined]);
});

test('a packet without anything to say takes no sequence', () => {
  const { server, client } = createEnds();
  expect(packetOf(server, 0)).toBeUndefined();
  expect(take(client, packetOf(server, 0, () => write(server, UNRELIABLE, 7))!, 0).messages).toEqual([
    { kind: UNRELIABLE, bytes: bytesOf(7) },
  ]);
  expect(client.received.newest).toBe(0);
});

test('packets are written and read in the middle of a buffer, as they lie in a batch', () => {
  const { server, client } = createEnds();
  const buffer = new Uint8Array(2000).fill(0xee);
  queue(server, messageOf(1, 40));
  beginPacket(server, buffer, 700, 0);
  write(server, SEQUENCED, 1, 2, 3);
  const end = endPacket(server, 0);
  expect(buffer.subarray(0, 700).every((byte) => byte === 0xee)).toBe(true);
  expect(buffer.subarray(end).every((byte) => byte === 0xee)).toBe(true);
  expect(receivePacket(client, buffer, 700, end, 0)).toBe(TAKEN);
});

test('a message has the room that was said, and one byte more is refused', () => {
  const { server } = createEnds();
  packetOf(server, 0, () => {
    const room = messageRoom(server);
    expect(room).toBe(1188);
    expect(writeMessage(server, UNRELIABLE, new Uint8Array(1189), 0, 1189)).toBe(false);
    expect(writeMessage(server, UNRELIABLE, new Uint8Array(1000), 0, 1000)).toBe(true);
    expect(messageRoom(server)).toBe(186);
    expect(writeMessage(server, UNRELIABLE, new Uint8Array(186), 0, 186)).toBe(true);
    expect(messageRoom(server)).toBe(0);
  });
  expect([server.stats.messagesRefused, server.stats.bytesOut]).toEqual([1, 1200]);
});

test('unreliable messages beyond the budget are refused and counted, the node’s among them; reliable ones wait', () => {
  const node = createTokenBucket(40_000, 8_000, 0);
  const server = createChannels(DOWN, UP, node, 0);
  let written = 0;
  const snapshot = new Uint8Array(1000);
  for (let packet = 0; packet < 10; packet++) {
    packetOf(server, 0, () => {
      if (writeMessage(server, SEQUENCED, snapshot, 0, 1000)) written++;
    });
  }
  expect([written, server.stats.messagesRefused]).toEqual([4, 6]);
  packetOf(server, 0, () => expect(messageRoom(server)).toBe(0));
  queue(server, new Uint8Array(5000));
  let segments = 0;
  for (; isPacketDue(server, 0); segments++) packetOf(server, 0);
  expect(segments).toBe(2);
  expect(isPacketDue(server, 10)).toBe(true);
  node.bytes = -1e6;
  expect(node.refused).toBe(0);
  packetOf(server, 1000, () => expect(messageRoom(server)).toBe(0));
  expect(node.refused).toBe(1);
});

test.each<[string, (client: Channels) => Uint8Array, number]>([
  ['a packet too short', () => new Uint8Array(9), BAD_SIZE],
  ['the same packet again', () => forge(0), DUPLICATE],
  ['a packet of before the first', () => forge(65_500), STALE],
  ['an acknowledgement of what was never sent', () => withAcks(forge(1), 1, 1), BAD_ACK],
  ['an acknowledgement of more than was sent', () => withAcks(forge(1), 0, 0b11), BAD_ACK],
  ['acknowledgements half the circle ahead', () => withAcks(forge(1), 32_760, -1), BAD_ACK],
  ['an unknown kind', () => forge(1, [7, 0, 1]), BAD_LAYOUT],
  ['an empty message', () => forge(1, [4, 0, 1], [0, 0]), BAD_LAYOUT],
  ['a message that ends behind the packet', () => forge(1, [4, 0, 1], [0xfc, 0xff]), BAD_LAYOUT],
  ['a segment far ahead', () => forge(1, segment(1, [1]), segment(64, [1])), BAD_SEGMENT],
])('hostile: %s is dropped whole, counted, not acknowledged, and changes nothing', (_, packetFor, code) => {
  const { client } = createEnds();
  take(client, forge(0, [4, 0, 1]), 0);
  packetOf(client, 0, () => write(client, UNRELIABLE, 1));
  const before = structuredClone({ sent: client.sent, received: client.received, receiver: client.receiver });
  expect(take(client, packetFor(client), 5)).toEqual({ code, messages: [] });
  expect({ sent: client.sent, received: client.received, receiver: client.receiver }).toEqual(before);
  expect(client.stats.dropped[-code]).toBe(1);
  expect(client.stats.dropped.reduce((sum, count) => sum + count)).toBe(1);
  expect(take(client, forge(1, [4, 0, 2]), 6).code).toBe(TAKEN);
});

// What others fell for: GameNetworkingSockets wrote unreliable pieces to where they said they belonged.
test('CVE-2020-6016: a piece from before the beginning is written nowhere', () => {
  const { client } = createEnds();
  expect(take(client, forge(0, segment(65_535, [1, 9]), segment(32_768, [1, 9])), 0)).toEqual({
    code: TAKEN,
    messages: [],
  });
  expect([client.stats.segmentsRepeated, heldBytes(client), client.receiver.expected]).toEqual([2, 0, 0]);
});

test.each([1025, 1180, 16_383])(
  'CVE-2020-6017: a piece of %i bytes is longer than any may be, early or in time',
  (length) => {
    const { client } = createEnds();
    const content = new Array<number>(Math.min(length, 1186)).fill(1);
    for (const id of [0, 1]) expect(take(client, forge(id, segment(id, content, length)), 0).code).toBe(BAD_LAYOUT);
    expect(heldBytes(client)).toBe(0);
  },
);

test('nineteen packets of twenty lost, both ways: slow, and still all in order', () => {
  const SEED = 15;
  const pair = createPair(createEnds(), { seed: SEED, line: { ...BAD_LINE, loss: 0.95 }, duplication: 0.02 });
  let got = 0;
  for (let index = 0; index < 300; index++) queue(pair.server, messageOf(index, 100));
  while (got < 300 && pair.nowMs < 600_000) {
    pair.tick((_, { bytes }) => {
      expect([SEED, got, Buffer.compare(bytes, messageOf(got, 100))]).toEqual([SEED, got, 0]);
      got++;
    });
  }
  expect({ seed: SEED, got }).toEqual({ seed: SEED, got: 300 });
});

test('hostile: a jump of the sequence costs what one step costs, and what follows it is taken', () => {
  const { client } = createEnds();
  let sequence = 0;
  for (let jump = 0; jump < 50; jump++) {
    sequence += 32_700;
    expect(take(client, forge(sequence & 0xffff, [4, 0, 1]), jump).code).toBe(TAKEN);
  }
  expect(take(client, forge((sequence + 1) & 0xffff, [4, 0, 1]), 60).messages).toHaveLength(1);
});

test('hostile: a broken stream ends everything, and says so', () => {
  const { client } = createEnds();
  // A message before it, and one in the same packet behind it that is not given any more.
  const { code, messages } = take(client, forge(0, [4, 0, 9], segment(0, [1, 5, 0, 1]), [4, 0, 8]), 0);
  expect([code, messages.length, isBroken(client)]).toEqual([TAKEN, 2, true]);
  expect(take(client, forge(1, [4, 0, 1]), 1)).toEqual({ code: BROKEN, messages: [] });
  expect(client.stats.dropped[-BROKEN]).toBe(1);
});

test('any truncation and any flipped bit of a packet is taken as another packet or dropped, never more', () => {
  const { server } = createEnds();
  queue(server, messageOf(3, 90));
  const packet = packetOf(server, 0, () => write(server, SEQUENCED, 1, 2, 3))!;
  const codes = new Set<number>();
  const tryOne = (bytes: Uint8Array): void => {
    const { client } = createEnds();
    const { code, messages } = take(client, bytes, 0);
    codes.add(code);
    expect(code).toBeLessThanOrEqual(TAKEN);
    expect(messages.length).toBeLessThanOrEqual(code === TAKEN ? 50 : 0);
  };
  for (let length = 0; length < packet.length; length++) tryOne(packet.slice(0, length));
  for (let bit = 0; bit < 8 * packet.length; bit++) {
    const flipped = packet.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    tryOne(flipped);
  }
  expect([...codes].toSorted((a, b) => b - a)).toEqual([TAKEN, BAD_SIZE, STALE, BAD_ACK, BAD_LAYOUT, BAD_SEGMENT]);
});

test('our own mistakes are loud: a packet not ended, messages not read, a message without bytes', () => {
  const { server, client } = createEnds();
  beginPacket(server, new Uint8Array(1200), 0, 0);
  expect(() => beginPacket(server, new Uint8Array(1200), 0, 0)).toThrow('was ended');
  expect(() => write(server, UNRELIABLE)).toThrow('a message has bytes');
  expect(() => queue(server, new Uint8Array(0))).toThrow('at least one byte');
  endPacket(server, 0);
  expect(() => endPacket(server, 0)).toThrow('was begun');
  expect(() => beginPacket(server, new Uint8Array(1199), 0, 0)).toThrow('room for a packet');
  const packet = forge(0, [4, 0, 1]);
  receivePacket(client, packet, 0, packet.length, 0);
  expect(() => receivePacket(client, packet, 0, packet.length, 0)).toThrow('were read');
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../../../src/base/random.ts';
import type { SocketEvents } from '../../../src/client/ports.ts';
import { createLine, createLink, type LinkConditions, sendOnLine, updateLine } from '../../../tools/swarm/link.ts';

/** Sends messages an interval apart; the messages as they came out. */
function sendThrough(conditions: LinkConditions, seed: number, count: number, intervalMs: number): number[] {
  const line = createLine(conditions, createRandom(seed));
  const arrived: number[] = [];
  for (let nowMs = 0; arrived.length < count && nowMs < 60_000; nowMs++) {
    const message = nowMs / intervalMs;
    if (Number.isInteger(message) && message < count) sendOnLine(line, nowMs, () => arrived.push(message));
    updateLine(line, nowMs);
  }
  return arrived;
}

function delays(conditions: LinkConditions, seed: number, count: number, intervalMs = 50): number[] {
  const line = createLine(conditions, createRandom(seed));
  const out: number[] = [];
  for (let message = 0; message < count; message++) {
    const sentMs = message * intervalMs;
    sendOnLine(line, sentMs, () => {});
    out.push(line.newestDueMs - sentMs);
  }
  return out;
}

test('every message comes out once and in order, whatever the line does', () => {
  fc.assert(
    fc.property(
      fc.record({
        latencyMs: fc.integer({ min: 0, max: 200 }),
        jitterMs: fc.integer({ min: 0, max: 200 }),
        lossShare: fc.constantFrom(0, 0.05, 0.5),
      }),
      fc.integer(),
      (conditions, seed) => {
        expect(sendThrough(conditions, seed, 30, 5)).toEqual(Array.from({ length: 30 }, (_, index) => index));
      },
    ),
    { numRuns: 30 },
  );
});

test('half the latency each way, give or take half the jitter', () => {
  const plain = delays({ latencyMs: 50, jitterMs: 0, lossShare: 0 }, 1, 100);
  expect(plain.every((delay) => delay === 25)).toBe(true);
  const varied = delays({ latencyMs: 50, jitterMs: 10, lossShare: 0 }, 1, 2000);
  expect(Math.min(...varied)).toBeGreaterThanOrEqual(20);
  expect(Math.max(...varied)).toBeLessThanOrEqual(30);
  expect(Math.max(...varied) - Math.min(...varied)).toBeGreaterThan(9);
});

test('a lost message comes two round trips later and holds back those behind it', () => {
  const conditions = { latencyMs: 50, jitterMs: 0, lossShare: 0.02 };
  const seen = delays(conditions, 3, 5000, 10);
  const lost = seen.filter((delay) => delay > 25).length;
  // 100 ms lost are ten messages of 10 ms that wait behind it.
  expect(lost / seen.length).toBeGreaterThan(0.1);
  expect(lost / seen.length).toBeLessThan(0.3);
  const first = seen.findIndex((delay) => delay > 25);
  expect(seen.slice(first, first + 3)).toEqual([125, 115, 105]);
});

test('of datagrams some are gone for good, and one that is quicker overtakes', () => {
  const line = createLine({ latencyMs: 50, jitterMs: 40, lossShare: 0.1 }, createRandom(8), 'datagrams');
  const sentMs: number[] = [];
  const delayMs: number[] = [];
  let nowMs = 0;
  for (; nowMs < 5_100; nowMs++) {
    const now = nowMs;
    if (now < 5_000) {
      sendOnLine(line, now, () => {
        sentMs.push(now);
        delayMs.push(nowMs - now);
      });
    }
    updateLine(line, now);
  }
  expect(new Set(sentMs).size).toBe(sentMs.length);
  expect(sentMs.length).toBeGreaterThan(4_400);
  expect(sentMs.length).toBeLessThan(4_600);
  expect(sentMs.filter((sent, index) => index > 0 && sent < sentMs[index - 1]!).length).toBeGreaterThan(500);
  expect(Math.min(...delayMs)).toBeGreaterThanOrEqual(5);
  expect(Math.max(...delayMs)).toBeLessThanOrEqual(46);
});

test('the same seed gives the same line', () => {
  const conditions = { latencyMs: 80, jitterMs: 40, lossShare: 0.1 };
  expect(delays(conditions, 5, 500)).toEqual(delays(conditions, 5, 500));
  expect(delays(conditions, 5, 500)).not.toEqual(delays(conditions, 6, 500));
});

/** A socket that notes what it is told, behind a link. */
function linked(conditions: LinkConditions) {
  const log: string[] = [];
  let now = 0;
  let inner: SocketEvents | undefined;
  const link = createLink(
    (_url, events) => {
      inner = events;
      return { send: (bytes) => log.push(`${now} sent ${bytes.join()}`), close: () => log.push(`${now} close`) };
    },
    conditions,
    createRandom(1),
    () => now,
  );
  const socket = link.open(
    { token: '', url: 'ws://nowhere' },
    {
      opened: () => log.push(`${now} opened`),
      received: (bytes) => log.push(`${now} received ${bytes.join()}`),
      closed: () => log.push(`${now} closed`),
    },
  );
  const advance = (toMs: number): void => {
    while (now < toMs) {
      now++;
      link.update(now);
    }
  };
  return { log, socket, inner: inner!, advance };
}

test('opening takes a round trip, a message half of one; what waits has bytes of its own', () => {
  const { log, socket, inner, advance } = linked({ latencyMs: 40, jitterMs: 0, lossShare: 0 });
  inner.opened();
  advance(50);
  const bytes = Uint8Array.of(1, 2);
  socket.send(bytes, true);
  inner.received(bytes);
  bytes.fill(9);
  inner.closed();
  advance(100);
  expect(log).toEqual(['40 opened', '70 sent 1,2', '70 received 1,2', '70 closed']);
});

test('after close nothing comes any more', () => {
  const { log, socket, inner, advance } = linked({ latencyMs: 40, jitterMs: 0, lossShare: 0 });
  inner.received(Uint8Array.of(1));
  socket.send(Uint8Array.of(2), true);
  socket.close();
  advance(100);
  expect(log).toEqual(['0 close']);
});

test('a perfect line passes everything on at once', () => {
  const { log, socket, inner } = linked({ latencyMs: 0, jitterMs: 0, lossShare: 0 });
  inner.opened();
  socket.send(Uint8Array.of(1), true);
  inner.received(Uint8Array.of(2));
  expect(log).toEqual(['0 opened', '0 sent 1', '0 received 2']);
});

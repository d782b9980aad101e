import { describe, expect, test } from 'vitest';
import { TICK_MS } from '../../src/base/limits.ts';
import { createRandom } from '../../src/base/random.ts';
import {
  advanceClock,
  type ClockSync,
  canStartClock,
  createClockSync,
  notePong,
  noteSnapshot,
  startClock,
  takeTick,
} from '../../src/client/clock-sync.ts';

interface Network {
  readonly upMs: number;
  readonly downMs: number;
  readonly jitterMs: number;
  /** How much faster the server's clock runs than ours. */
  readonly drift: number;
}

/** A server of numbers only: its time, when inputs arrive, the recent minimum of how early they are. */
interface ServerFigures {
  offsetTicks: number;
  lead: number;
  late: number;
}

function simulate(
  network: Network,
  seed: number,
  ms: number,
  each: (sync: ClockSync, nowMs: number, server: ServerFigures) => void,
): { sync: ClockSync; server: ServerFigures } {
  const { upMs, downMs, jitterMs, drift } = network;
  const random = createRandom(seed);
  const jitter = (): number => random.fraction() * jitterMs;
  const sync = createClockSync();
  const server: ServerFigures = { offsetTicks: 5000.25, lead: 0, late: 0 };
  const serverTick = (nowMs: number): number => (nowMs / TICK_MS) * (1 + drift) + server.offsetTicks;
  const arrivals: { atMs: number; tick: number }[] = [];
  const pongs: { atMs: number; sentMs: number; tick: number }[] = [];
  const snapshots: { atMs: number; tick: number; lead: number }[] = [];
  let newest = 0;
  let ran = 0;
  for (let nowMs = 0; nowMs < ms; nowMs++) {
    const due = arrivals.filter(({ atMs }) => atMs <= nowMs);
    for (const arrival of due) {
      arrivals.splice(arrivals.indexOf(arrival), 1);
      newest = Math.max(newest, arrival.tick);
    }
    const tick = Math.floor(serverTick(nowMs));
    if (tick > ran) {
      ran = tick;
      if (newest > 0) {
        const lead = newest - tick;
        if (lead < 0) server.late++;
        if (lead < server.lead || server.lead === 0) server.lead = lead;
        else if (lead > server.lead && tick % 16 === 0) server.lead++;
      }
      if (tick % 3 === 0) snapshots.push({ atMs: nowMs + downMs + jitter(), tick, lead: server.lead });
    }
    if (nowMs % (nowMs < 1000 ? 200 : 1000) === 7) {
      const atServerMs = nowMs + upMs + jitter();
      pongs.push({ atMs: atServerMs + downMs + jitter(), sentMs: nowMs, tick: serverTick(atServerMs) });
    }
    for (const pong of pongs.filter(({ atMs }) => atMs <= nowMs)) {
      pongs.splice(pongs.indexOf(pong), 1);
      const whole = Math.floor(pong.tick);
      notePong(sync, pong.sentMs, nowMs, whole, (pong.tick - whole) * TICK_MS * 1000);
      if (sync.tick === 0) startClock(sync, nowMs);
    }
    for (const snapshot of snapshots.filter(({ atMs }) => atMs <= nowMs)) {
      snapshots.splice(snapshots.indexOf(snapshot), 1);
      noteSnapshot(sync, snapshot.tick, snapshot.lead, nowMs);
    }
    if (sync.tick > 0 && nowMs % 8 === 0) {
      const ticks = advanceClock(sync, nowMs);
      for (let count = 0; count < ticks; count++) {
        arrivals.push({ atMs: nowMs + upMs + jitter(), tick: takeTick(sync, nowMs) });
      }
    }
    each(sync, nowMs, server);
  }
  return { sync, server };
}

describe('converges and stays', () => {
  const cases: readonly [string, Network][] = [
    ['on one machine', { upMs: 0, downMs: 0, jitterMs: 0, drift: 0 }],
    ['far away', { upMs: 150, downMs: 150, jitterMs: 10, drift: 0 }],
    ['with much jitter', { upMs: 40, downMs: 40, jitterMs: 60, drift: 0 }],
    ['when the way back is longer', { upMs: 20, downMs: 180, jitterMs: 5, drift: 0 }],
    ['when the way there is longer', { upMs: 180, downMs: 20, jitterMs: 5, drift: 0 }],
    ['with a server’s clock that is fast', { upMs: 50, downMs: 50, jitterMs: 5, drift: 0.001 }],
    ['with a server’s clock that is slow', { upMs: 50, downMs: 50, jitterMs: 5, drift: -0.001 }],
  ];
  test.each(cases)('%s', (_, network) => {
    const leads: number[] = [];
    let lateAtStart = 0;
    const { sync, server } = simulate(network, 7, 40_000, (now, nowMs, { late }) => {
      if (nowMs === 15_000) lateAtStart = late;
      if (nowMs > 15_000 && nowMs % 1000 === 0) leads.push(now.inputLead);
    });
    expect(sync.jumps).toBe(0);
    expect(server.late - lateAtStart).toBeLessThan(5);
    expect(Math.min(...leads)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...leads)).toBeLessThanOrEqual(6);
  });
});

test('a server that stood still for a second and dropped the time is followed', () => {
  const network = { upMs: 30, downMs: 30, jitterMs: 2, drift: 0 };
  const slacks: number[] = [];
  const { sync } = simulate(network, 3, 40_000, (now, nowMs, server) => {
    if (nowMs === 10_000) server.offsetTicks -= 60;
    if (nowMs > 12_500 && nowMs % 100 === 0) slacks.push(now.tick - (nowMs + 30) / TICK_MS - server.offsetTicks);
  });
  expect(sync.jumps).toBe(1);
  expect(Math.min(...slacks)).toBeGreaterThan(0);
  expect(Math.max(...slacks)).toBeLessThan(32);
  expect(slacks.at(-1)).toBeLessThan(7);
});

test('knows nothing before the first pong', () => {
  const sync = createClockSync();
  noteSnapshot(sync, 100, 3, 50);
  expect(canStartClock(sync)).toBe(false);
  expect(sync.inputLead).toBe(0);
  notePong(sync, 0, 50, 100, 0);
  expect(canStartClock(sync)).toBe(true);
  expect(sync.rttMs).toBe(50);
});

test('a host that was away for a second jumps, and not back and forth', () => {
  const sync = createClockSync();
  notePong(sync, 0, 40, 1000, 0);
  startClock(sync, 40);
  const start = sync.tick;
  expect(advanceClock(sync, 1040)).toBe(-1);
  expect(sync.tick - start).toBeGreaterThan(50);
  expect(advanceClock(sync, 1056)).toBeGreaterThanOrEqual(0);
  expect(sync.jumps).toBe(1);
});

test('the rate is a few percent at most, and ticks are neither skipped nor doubled', () => {
  const network = { upMs: 60, downMs: 60, jitterMs: 40, drift: 0 };
  const seen: number[] = [];
  const rates: number[] = [];
  simulate(network, 5, 20_000, (sync) => {
    rates.push(sync.rate);
    if (sync.tick > (seen.at(-1) ?? 0)) seen.push(sync.tick);
  });
  for (let index = 1; index < seen.length; index++) expect(seen[index]! - seen[index - 1]!).toBe(1);
  expect(Math.max(...rates)).toBeLessThanOrEqual(1.08);
  expect(Math.min(...rates)).toBeGreaterThanOrEqual(0.97);
});

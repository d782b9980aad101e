// What an edge makes of the zone's word on how busy it is, and what it says of itself.

import { expect, test } from 'vitest';
import { SNAPSHOT_BYTES_MAX, SNAPSHOT_INTERVAL_TICKS } from '../../src/base/limits.ts';
import { LESS_DETAIL, LOWER_RATE, OVERLOAD_STEPS, packLoad, TIME_DILATION } from '../../src/base/overload-steps.ts';
import { createRandom } from '../../src/base/random.ts';
import { createEdgeEffort, noteRound, updateEffort } from '../../src/session/load.ts';
import { publishLoad } from '../../src/sim/history.ts';
import type { WireObject } from '../../src/wire/codec.ts';
import { CLIENT_BITS } from '../../src/wire/zone-records.ts';
import { join } from '../zone/harness.ts';
import {
  type Client,
  count,
  createSession,
  enter,
  open,
  restart,
  sendInput,
  snapshotTicks,
  startEdge,
  step,
  type TestSession,
} from './harness.ts';

function say(session: TestSession, overloadStep: number, pacePercent: number, tick: number): void {
  publishLoad(session.zone.zone.history, packLoad(overloadStep, pacePercent), tick);
}

function loadsOf(client: Client): WireObject[] {
  return client.got.flatMap(({ load }) => (load === undefined ? [] : [load as WireObject]));
}

test('all who play are told once of each change, in the order of the changes; who comes later, with the welcome', () => {
  const session = createSession();
  const clients = [1, 2, 3].map((playerId) => enter(session, playerId));
  const stranger = open(session, 4);
  step(session, 5);
  for (const client of clients) expect(loadsOf(client)).toEqual([]);
  say(session, LESS_DETAIL, 100, 11);
  step(session, 5);
  say(session, TIME_DILATION, 60, 16);
  step(session, 5);
  say(session, TIME_DILATION, 60, 16);
  step(session, 5);
  const late = enter(session, 5);
  const last = { tick: 16, pacePercent: 60, step: TIME_DILATION, snapshotIntervalTicks: 6 };
  for (const client of clients) {
    expect(loadsOf(client)).toEqual([
      { tick: 11, pacePercent: 100, step: LESS_DETAIL, snapshotIntervalTicks: SNAPSHOT_INTERVAL_TICKS },
      last,
    ]);
  }
  expect(loadsOf(late)).toEqual([last]);
  expect(stranger.got).toEqual([]);
  say(session, 0, 100, 40);
  step(session);
  expect(loadsOf(late).at(-1)).toEqual({ tick: 40, pacePercent: 100, step: 0, snapshotIntervalTicks: 3 });
  // A zone that was restarted with nothing to say says nothing.
  say(session, 0, 100, 2);
  restart(session);
  step(session, 5);
  expect(loadsOf(late)).toHaveLength(2);
});

test('half the rate on the step that says so, for lines with room for more and not for those with less', () => {
  const session = createSession();
  const fast = enter(session, 1);
  const slow = enter(session, 2);
  Object.assign(slow, { plan: { intervalTicks: 12, bytesMax: SNAPSHOT_BYTES_MAX } });
  say(session, LOWER_RATE, 100, 10);
  step(session, 12);
  const gaps = (client: Client): number[] => {
    const ticks = snapshotTicks(client).slice(-3);
    return ticks.slice(1).map((tick, index) => tick - ticks[index]!);
  };
  step(session, 48);
  expect([gaps(fast), gaps(slow)]).toEqual([
    [6, 6],
    [12, 12],
  ]);
  say(session, 0, 100, 70);
  step(session, 48);
  expect([gaps(fast), gaps(slow)]).toEqual([
    [3, 3],
    [12, 12],
  ]);
});

test('only the nearest on the step that says so, and all again when it is over', () => {
  const session = createSession(0, 2, 256);
  const client = enter(session);
  const { seenMax } = OVERLOAD_STEPS[LESS_DETAIL]!;
  const others = 3 * seenMax;
  // Through another edge, so that this one has nobody else to serve.
  for (let other = 1; other <= others; other++) join(session.zone, (1 << CLIENT_BITS) | other);
  const seen = (): number => {
    step(session, 30);
    // Acknowledged, or it goes on leaving.
    sendInput(session, client);
    step(session, 3 * SNAPSHOT_INTERVAL_TICKS);
    return client.replicas.bySlot.size - 1;
  };
  const all = seen();
  expect(all).toBeGreaterThanOrEqual(others);
  say(session, LESS_DETAIL, 100, 10);
  expect(seen()).toBeLessThanOrEqual(seenMax);
  expect(seen()).toBeGreaterThanOrEqual(seenMax - 12);
  say(session, 0, 100, 100);
  expect(seen()).toBe(all);
});

test('a step that this server doesn’t know is taken for the highest that it does', () => {
  const session = createSession();
  const client = enter(session);
  publishLoad(session.zone.zone.history, packLoad(OVERLOAD_STEPS.length + 3, 100), 5);
  step(session);
  const { intervalTicks, seenMax } = OVERLOAD_STEPS.at(-1)!;
  expect(session.edge.zoneLoad).toMatchObject({ intervalTicks, seenMax });
  expect(loadsOf(client)).toHaveLength(1);
});

test('an edge that starts while time is slow knows it', () => {
  const session = createSession();
  say(session, TIME_DILATION, 30, 1);
  step(session);
  session.edge = startEdge(session);
  const client = enter(session);
  expect(loadsOf(client)).toMatchObject([{ pacePercent: 30 }]);
});

/** Rounds of so many ticks each for some seconds, with that share of a core. */
function effortOf(rounds: (round: number) => number, cpuShare: number, seconds = 5): number {
  const session = createSession();
  const { edge } = session;
  const effort = Object.assign(edge.effort, createEdgeEffort());
  let nowMs = 0;
  for (let round = 0; nowMs < seconds * 1000; round++) {
    const ticks = rounds(round);
    nowMs += (ticks * 1000) / 60;
    noteRound(effort, ticks);
    updateEffort(effort, edge.counters, () => nowMs * cpuShare * 1000, nowMs);
  }
  return count(session, 'loadPercent');
}

test('how near an edge is to not keeping up', () => {
  expect(effortOf(() => 1, 0.3)).toBe(30);
  // However busy: who serves each frame in time keeps up.
  expect(effortOf(() => 1, 1)).toBe(85);
  // A round that brings an interval serves everybody: one slower, and the rate falls.
  expect(effortOf(() => 3, 0.2)).toBeGreaterThan(90);
  expect(effortOf(() => 5, 0.2)).toBeGreaterThan(150);
  expect(effortOf(() => 2, 0.2)).toBeLessThan(60);
  // One pause of a second in two is the machine's.
  expect(effortOf((round) => (round === 240 ? 60 : 1), 0.2, 5)).toBeLessThan(90);
});

test('rounds of random lengths: never below what is true of the shortest, nor above the longest (seeds)', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = createRandom(seed);
    const most = 1 + random.below(6);
    const percent = effortOf(() => 1 + random.below(most), 0);
    expect(percent, `seed ${seed}`).toBeGreaterThanOrEqual(0);
    expect(percent, `seed ${seed}`).toBeLessThanOrEqual(((most - 1) / (SNAPSHOT_INTERVAL_TICKS - 1)) * 100);
  }
});

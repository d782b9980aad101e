// Which tick the client is at. Inputs must reach the server before it runs their tick, and not much earlier: the clock
// runs a little faster or slower than the server's to keep that so, and jumps only when it is off by a third of a
// second. Browser main thread, bots; time is an argument, in milliseconds of the caller's clock.
//
// Two sources, one quantity. Pongs say which tick the server is at and how long an undisturbed packet takes, so how
// early an input *should* arrive (its slack). Snapshots say how early the worst recent one *did* (inputLead). The
// difference is what the network holds up in bad moments; the clock keeps that, plus two ticks, as slack. Steering by
// slack, which is known at once, instead of by inputLead, which is known a round trip later, can't oscillate.
//
// A server with too much to do slows its time down and says so (`setPace`): from the tick it names on, ticks are further
// apart, for this clock too, and the way to the server is fewer of them.

import { PENDING_INPUTS, TICK_MS } from '../base/limits.ts';

/** Pongs remembered, a quarter of a minute of them; the one with the shortest round trip counts, if it wasn’t held up. */
const SAMPLES = 32;
/** Send times remembered, by tick; a power of two. */
const SENT_TICKS = 128;
/** Ticks by which the worst recent input shall be early. */
const LEAD_TICKS = 2;
/** A better pong that moves the server's time by less only refines what is known. */
const REFINED_TICKS_MAX = 2;
/** What the network is taken to hold up before anything is known. */
const HOLD_UP_TICKS_AT_START = 3;
/** A hold-up is remembered for so long, then forgotten by so much a second: stalls each few seconds find us prepared. */
const REMEMBER_MS = 20_000;
const FORGET_PER_S = 1;
/** The server drops inputs that are 32 ticks early. */
const SLACK_TICKS_MAX = PENDING_INPUTS - 4;
/** How much faster and slower than the server's the clock may run, and per tick of error. */
const FASTER_MAX = 0.08;
const SLOWER_MAX = 0.03;
const RATE_PER_TICK = 0.04;
/** A word on the pace is about a tick no further away than this. */
const PACE_TICKS_MAX = 120;
/** Off by more, the clock jumps. */
const JUMP_TICKS = 20;

export interface ClockSync {
  /** The tick of the newest input; 0 before the start. */
  tick: number;
  /** How much of the time to the next one has passed, 0 … 1. */
  phase: number;
  /** Ticks of this clock per tick of the server's time. */
  rate: number;
  /** The first tick since the start or the last jump. */
  firstTick: number;
  /** Jumps so far. */
  jumps: number;
  rttMs: number;
  /** Mean deviation of the times at which snapshots arrive. */
  jitterMs: number;
  /** As the server said last: ticks by which the worst recent input was early. */
  inputLead: number;
  /** Ticks that bad moments hold an input up beyond an undisturbed one. */
  holdUpTicks: number;
  /** When they last were about that many. */
  holdUpMs: number;
  /** The server's tick at time 0 of our clock, fractional, had its pace always been the one it has now. */
  serverOffset: number;
  /** Ticks of the server in TICK_MS; since which of its ticks, and what it was before. */
  pace: number;
  paceTick: number;
  paceBefore: number;
  /** Ticks that an undisturbed packet takes to the server. */
  wayTicks: number;
  /** How far behind the server's time snapshots are when they arrive, in ticks, on average. */
  snapshotAgeTicks: number;
  readonly rtts: Float64Array;
  /** Of the pongs remembered: at which time of our clock the server was at which tick. */
  readonly sampleMs: Float64Array;
  readonly sampleTicks: Float64Array;
  sampleCount: number;
  readonly sentMs: Float64Array;
  updatedMs: number;
  ageCount: number;
}

export function createClockSync(): ClockSync {
  return {
    tick: 0,
    phase: 0,
    rate: 1,
    firstTick: 0,
    jumps: 0,
    rttMs: 0,
    jitterMs: 0,
    inputLead: 0,
    holdUpTicks: HOLD_UP_TICKS_AT_START,
    holdUpMs: -REMEMBER_MS,
    serverOffset: 0,
    pace: 1,
    paceTick: 0,
    paceBefore: 1,
    wayTicks: 0,
    snapshotAgeTicks: 0,
    rtts: new Float64Array(SAMPLES),
    sampleMs: new Float64Array(SAMPLES),
    sampleTicks: new Float64Array(SAMPLES),
    sampleCount: 0,
    sentMs: new Float64Array(SENT_TICKS),
    updatedMs: 0,
    ageCount: 0,
  };
}

/** A pong arrived: at `tick` plus `tickAgeUs` the server answered what was sent at `sentMs`. */
export function notePong(sync: ClockSync, sentMs: number, nowMs: number, tick: number, tickAgeUs: number): void {
  const rttMs = Math.max(0, nowMs - sentMs);
  // Overtaken on its way by the word that the pace is another one now: of the time it tells of, that isn't known yet.
  if (tick < sync.paceTick) return;
  const ticksPerMs = sync.pace / TICK_MS;
  const serverTick = tick + (tickAgeUs / 1000 + rttMs / 2) * ticksPerMs;
  if (sync.sampleCount > 0) {
    // The true offset is within half a round trip of every sample's; one that contradicts the best means that the
    // server's time has moved: it dropped ticks, or a restarted zone went on.
    const tolerance = (rttMs / 2) * ticksPerMs + sync.wayTicks + 1;
    if (Math.abs(serverTick - serverTickAt(sync, nowMs)) > tolerance) sync.sampleCount = 0;
  }
  const hasMoved = sync.sampleCount === 0;
  const place = sync.sampleCount % SAMPLES;
  sync.rtts[place] = rttMs;
  sync.sampleMs[place] = nowMs;
  sync.sampleTicks[place] = serverTick;
  sync.rttMs = sync.sampleCount === 0 ? rttMs : sync.rttMs + (rttMs - sync.rttMs) / 8;
  sync.sampleCount++;
  chooseSample(sync, hasMoved);
}

function chooseSample(sync: ClockSync, hasMoved: boolean): void {
  const count = Math.min(sync.sampleCount, SAMPLES);
  let best = 0;
  for (let index = 1; index < count; index++) if (sync.rtts[index]! < sync.rtts[best]!) best = index;
  const before = sync.serverOffset + sync.wayTicks;
  sync.serverOffset = sync.sampleTicks[best]! - (sync.sampleMs[best]! * sync.pace) / TICK_MS;
  sync.wayTicks = ((sync.rtts[best]! / 2) * sync.pace) / TICK_MS;
  // Hold-ups are measured against the undisturbed way: when that is known a little better, they are what they are less
  // the difference, and the clock stays where it is. When the server's time moved, or the first pong was a bad one, the
  // clock has to go.
  const moved = sync.serverOffset + sync.wayTicks - before;
  if (!hasMoved && Math.abs(moved) <= REFINED_TICKS_MAX)
    sync.holdUpTicks = clamp(sync.holdUpTicks - moved, 0, PENDING_INPUTS);
}

/** The server's tick now, fractional, as far as known. */
export function serverTickAt(sync: ClockSync, nowMs: number): number {
  const tick = (nowMs * sync.pace) / TICK_MS + sync.serverOffset;
  // Before the pace changed ticks took another time each.
  return tick >= sync.paceTick ? tick : sync.paceTick - ((sync.paceTick - tick) * sync.paceBefore) / sync.pace;
}

/**
 * From `tick` on the server's time runs at that pace. Deliberate: hold-ups stay the ticks they are. They are known in
 * whole ticks, and what is rounded up where ticks are long would be far too much where they are short again.
 */
export function setPace(sync: ClockSync, pace: number, tick: number, nowMs: number): void {
  if (pace === sync.pace) return;
  // What is far from any tick that could be now is no news for the time before: it holds from now on.
  const at = serverTickAt(sync, nowMs);
  const isKnown = sync.sampleCount > 0 && Math.abs(tick - at) <= PACE_TICKS_MAX;
  const fromTick = isKnown ? tick : at;
  const factor = pace / sync.pace;
  for (let index = 0; index < SAMPLES; index++) moveSample(sync, index, fromTick);
  sync.wayTicks *= factor;
  sync.snapshotAgeTicks *= factor;
  sync.paceBefore = sync.pace;
  sync.pace = pace;
  sync.paceTick = isKnown ? tick : 0;
  if (sync.sampleCount > 0) chooseSample(sync, true);
}

/** A sample from before the pace changes says when that will be: as good as one taken then. */
function moveSample({ sampleMs, sampleTicks, pace }: ClockSync, index: number, fromTick: number): void {
  const ticks = fromTick - sampleTicks[index]!;
  if (ticks <= 0) return;
  sampleMs[index] = sampleMs[index]! + (ticks * TICK_MS) / pace;
  sampleTicks[index] = fromTick;
}

/** A newer snapshot arrived: `tick` and `inputLead` as its header says. */
export function noteSnapshot(sync: ClockSync, tick: number, inputLead: number, nowMs: number): void {
  if (sync.sampleCount === 0) return;
  const age = serverTickAt(sync, nowMs) - tick;
  const weight = 1 / Math.min(++sync.ageCount, 16);
  sync.snapshotAgeTicks += (age - sync.snapshotAgeTicks) * weight;
  sync.jitterMs += ((Math.abs(age - sync.snapshotAgeTicks) * TICK_MS) / sync.pace - sync.jitterMs) / 16;
  if (sync.tick === 0 || tick < sync.firstTick) return;
  sync.inputLead = inputLead;
  // Behind the server there is no input of that tick yet: what is known is where the clock is now.
  const slack =
    tick <= sync.tick && sync.tick - tick < SENT_TICKS
      ? tick - serverTickAt(sync, sync.sentMs[tick & (SENT_TICKS - 1)]!) - sync.wayTicks
      : slackAt(sync, nowMs);
  // The server drops what is much too early, and then says that nothing came: that is no hold-up.
  if (slack > SLACK_TICKS_MAX + 1) return;
  const holdUp = slack - inputLead;
  if (holdUp < sync.holdUpTicks - 1) return;
  sync.holdUpMs = nowMs;
  sync.holdUpTicks = clamp(Math.max(sync.holdUpTicks, holdUp), 0, PENDING_INPUTS);
}

/** Ticks by which an input sent at this moment would be early if nothing held it up. */
function slackAt(sync: ClockSync, nowMs: number): number {
  return sync.tick + sync.phase - serverTickAt(sync, nowMs) - sync.wayTicks;
}

function wantedSlack(sync: ClockSync): number {
  return Math.min(sync.holdUpTicks + LEAD_TICKS, SLACK_TICKS_MAX);
}

/** True when a pong has come, so that there is something to go by. */
export function canStartClock(sync: ClockSync): boolean {
  return sync.sampleCount > 0;
}

/** Begins, or begins again, where an input sent now is as early as it should be. */
export function startClock(sync: ClockSync, nowMs: number): void {
  const at = serverTickAt(sync, nowMs) + sync.wayTicks + wantedSlack(sync);
  sync.tick = Math.max(1, Math.floor(at));
  sync.phase = clamp(at - sync.tick, 0, 1);
  sync.firstTick = sync.tick + 1;
  sync.rate = 1;
  sync.updatedMs = nowMs;
}

/**
 * Time passes. Returns how many ticks are due; the caller takes each with `takeTick`. A host that didn't call for a
 * third of a second (a tab in the background), or a server whose time moved, makes it jump instead and return −1.
 */
export function advanceClock(sync: ClockSync, nowMs: number): number {
  const elapsedMs = Math.max(0, nowMs - sync.updatedMs);
  const elapsed = (elapsedMs * sync.pace) / TICK_MS;
  sync.updatedMs = nowMs;
  if (nowMs - sync.holdUpMs > REMEMBER_MS) {
    sync.holdUpTicks = Math.max(0, sync.holdUpTicks - (elapsedMs * FORGET_PER_S) / 1000);
  }
  const slack = slackAt(sync, nowMs) + elapsed;
  const error = wantedSlack(sync) - slack;
  if (elapsed > JUMP_TICKS || Math.abs(error) > JUMP_TICKS || slack >= PENDING_INPUTS) {
    sync.jumps++;
    startClock(sync, nowMs);
    return -1;
  }
  sync.rate = 1 + clamp(error * RATE_PER_TICK, -SLOWER_MAX, FASTER_MAX);
  sync.phase += elapsed * sync.rate;
  const due = Math.floor(sync.phase);
  sync.phase -= due;
  return due;
}

/** The next tick, whose input is sent now. */
export function takeTick(sync: ClockSync, nowMs: number): number {
  sync.tick++;
  sync.sentMs[sync.tick & (SENT_TICKS - 1)] = nowMs;
  return sync.tick;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}

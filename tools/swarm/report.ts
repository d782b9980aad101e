// What a run found out: what each process hands in, and the report that all of it adds up to. Pure. docs/bots.md says
// what each figure means.

import { createDeeds, type Deeds, mergeDeeds } from './deeds.ts';
import {
  createDistribution,
  type Distribution,
  mergeDistribution,
  round,
  type Summary,
  summarise,
} from './statistics.ts';

/** What a bot can be doing, and what counts as that. Time in state is kept by these names. */
export const BOT_STATES = {
  CONNECTING: 'not in the zone yet',
  WANDERING: 'in the zone, on its way',
  IDLE: 'in the zone, standing still',
  IN_COMBAT: 'fights, or flees from a fight',
  DEAD: 'lies dead',
  RESPAWNING: 'has asked to come back to life',
  SOCIAL: 'stands and chats, or sees to its party',
  RECONNECTING: 'was in the zone and is not any more',
} as const;

export type BotState = keyof typeof BOT_STATES;

const FIGURES = [
  'roundTripMs',
  'snapshotsPerSecond',
  'correctionMm',
  'scheduleErrorMs',
  'bytesDownPerSecond',
  'bytesUpPerSecond',
  'lineRttMs',
  'lossUpPercent',
  'lossDownPercent',
] as const;

/** What carries the bots' connections. */
export type Transport = 'ws' | 'udp';

export type FigureName = (typeof FIGURES)[number];

/** Of one process. Goes between processes by structured clone. */
export interface Part {
  bots: number;
  /** Of them. */
  lightBots: number;
  /** What the process used of processors, after the ramp-up. */
  cpuMs: number;
  /** Bots that failed, by reason: each once, by its first. */
  readonly failures: Record<string, number>;
  /** Seconds, over all bots. */
  readonly timeInState: Record<BotState, number>;
  readonly figures: Readonly<Record<FigureName, Distribution>>;
  /** Seconds after the ramp-up. */
  durationS: number;
  snapshots: number;
  corrections: number;
  reconnects: number;
  /** Of them, those that came back without a login. */
  resumed: number;
  /** Turns that came too late to be run at all. */
  turnsSkipped: number;
  /** Inputs put into frames, those that frames repeat too. */
  inputsSent: number;
  /** Of what the server said of its load: the highest step, and the slowest time in percent. */
  overloadStepMax: number;
  pacePercentMin: number;
  /** Of bots that fight: games without abilities have none. */
  deeds: Deeds | undefined;
}

export interface Report extends Readonly<Record<Exclude<FigureName, 'snapshotsPerSecond'>, Summary>> {
  readonly bots: number;
  readonly lightBots: number;
  readonly failed: number;
  readonly failures: Readonly<Record<string, number>>;
  /** Of the bots' own processors, for each of them and second. */
  readonly cpuMicrosPerBot: number | null;
  readonly durationS: number;
  readonly seed: number;
  readonly transport: Transport;
  readonly timeInState: Readonly<Record<BotState, number>>;
  readonly snapshotsPerSecond: Summary & { readonly min: number | null };
  readonly snapshots: number;
  readonly corrections: number;
  readonly reconnects: number;
  readonly resumed: number;
  readonly turnsSkipped: number;
  readonly inputsSent: number;
  readonly overloadStepMax: number;
  readonly pacePercentMin: number;
  readonly deeds: Deeds | null;
}

/** What a report repeats of how it was made. */
export interface RunOptions {
  readonly seed: number;
  readonly transport: Transport;
}

export function createPart(bots: number): Part {
  const timeInState = {} as Record<BotState, number>;
  for (const state of Object.keys(BOT_STATES) as BotState[]) timeInState[state] = 0;
  const figures = {} as Record<FigureName, Distribution>;
  for (const name of FIGURES) figures[name] = createDistribution();
  return {
    bots,
    lightBots: 0,
    cpuMs: 0,
    failures: {},
    timeInState,
    figures,
    durationS: 0,
    snapshots: 0,
    corrections: 0,
    reconnects: 0,
    resumed: 0,
    turnsSkipped: 0,
    inputsSent: 0,
    overloadStepMax: 0,
    pacePercentMin: 100,
    deeds: undefined,
  };
}

/** Forgets what was measured, but not who failed. */
export function clearPart(part: Part): void {
  const { bots, lightBots, failures, deeds } = part;
  Object.assign(part, createPart(bots), { lightBots, failures, deeds: deeds && createDeeds() });
}

/** Of bots that never got to run. */
export function createFailedPart(bots: number, reason: string): Part {
  const part = createPart(bots);
  part.failures[reason] = bots;
  return part;
}

export function countFailure(part: Part, reason: string): void {
  part.failures[reason] = (part.failures[reason] ?? 0) + 1;
}

export function countFailed(part: Part): number {
  return Object.values(part.failures).reduce((sum, count) => sum + count, 0);
}

export function mergeParts(parts: readonly Part[]): Part {
  const merged = createPart(0);
  for (const part of parts) {
    merged.bots += part.bots;
    merged.lightBots += part.lightBots;
    merged.cpuMs += part.cpuMs;
    for (const [reason, count] of Object.entries(part.failures)) {
      merged.failures[reason] = (merged.failures[reason] ?? 0) + count;
    }
    for (const [state, seconds] of Object.entries(part.timeInState) as [BotState, number][]) {
      merged.timeInState[state] += seconds;
    }
    for (const name of FIGURES) mergeDistribution(merged.figures[name], part.figures[name]);
    merged.durationS = Math.max(merged.durationS, part.durationS);
    merged.snapshots += part.snapshots;
    merged.corrections += part.corrections;
    merged.reconnects += part.reconnects;
    merged.resumed += part.resumed;
    merged.turnsSkipped += part.turnsSkipped;
    merged.inputsSent += part.inputsSent;
    merged.overloadStepMax = Math.max(merged.overloadStepMax, part.overloadStepMax);
    merged.pacePercentMin = Math.min(merged.pacePercentMin, part.pacePercentMin);
    if (part.deeds !== undefined) {
      merged.deeds ??= createDeeds();
      mergeDeeds(merged.deeds, part.deeds);
    }
  }
  return merged;
}

export function createReport(part: Part, { seed, transport }: RunOptions): Report {
  const { figures } = part;
  const timeInState = { ...part.timeInState };
  for (const state of Object.keys(timeInState) as BotState[]) timeInState[state] = round(timeInState[state])!;
  const { count, min } = figures.snapshotsPerSecond;
  return {
    bots: part.bots,
    lightBots: part.lightBots,
    failed: countFailed(part),
    failures: part.failures,
    cpuMicrosPerBot: part.durationS === 0 ? null : Math.round((part.cpuMs * 1000) / part.durationS / part.bots),
    durationS: round(part.durationS)!,
    seed,
    transport,
    timeInState,
    roundTripMs: summarise(figures.roundTripMs),
    snapshotsPerSecond: { ...summarise(figures.snapshotsPerSecond), min: count === 0 ? null : round(min) },
    correctionMm: summarise(figures.correctionMm),
    scheduleErrorMs: summarise(figures.scheduleErrorMs),
    bytesDownPerSecond: summarise(figures.bytesDownPerSecond),
    bytesUpPerSecond: summarise(figures.bytesUpPerSecond),
    lineRttMs: summarise(figures.lineRttMs),
    lossUpPercent: summarise(figures.lossUpPercent),
    lossDownPercent: summarise(figures.lossDownPercent),
    snapshots: part.snapshots,
    corrections: part.corrections,
    reconnects: part.reconnects,
    resumed: part.resumed,
    turnsSkipped: part.turnsSkipped,
    inputsSent: part.inputsSent,
    overloadStepMax: part.overloadStepMax,
    pacePercentMin: part.pacePercentMin,
    deeds: part.deeds ?? null,
  };
}

/** One sentence of what went wrong. */
export function describeFailures(report: Pick<Report, 'bots' | 'failed' | 'failures'>): string {
  const reasons = Object.entries(report.failures)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${count} ${describeReason(reason)}`);
  return `${report.failed} of ${report.bots} bots failed: ${reasons.join(', ')}.`;
}

function describeReason(reason: string): string {
  if (reason.startsWith('join_')) return `could not join (${reason.slice('join_'.length)})`;
  if (reason.startsWith('lost_')) return `lost the connection and did not come back (${reason.slice('lost_'.length)})`;
  if (reason === 'malformed_frame') return 'got a frame that can not be read';
  if (reason === 'no_snapshot') return 'got no snapshot for two seconds';
  if (reason === 'process_died') return 'were in a process that died';
  return reason;
}

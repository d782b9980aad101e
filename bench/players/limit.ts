// When a zone holds its players, and the search for how many it can. Pure; what is tried is handed in.

import type { Figures } from './figures.ts';

export const HOLDS = {
  ticksPerSecondMin: 59.95,
  missedTicksMax: 0,
  snapshotsPerSecondMin: 19,
  tickMsP99Max: 16.7,
} as const;

/** From here on the bots were late, and what they saw says something about them (docs/bots.md). */
export const BOTS_LATE = { scheduleErrorMsP99: 8, turnsSkippedShare: 0.005 } as const;

/** Bots that skip more of their turns than that are fewer players than they are called. */
const TURNS_SKIPPED_MAX = 0.05;

/** What chance takes of the worst of thousands of clients, in standard deviations. */
const CHANCE = 5;

/** Lost datagrams take their snapshots with them: what the worst client still gets of those that a zone has to send. */
export function snapshotsToExpect({ lossPercent, seconds }: Pick<Figures, 'lossPercent' | 'seconds'>): number {
  const loss = lossPercent / 100;
  const sent = HOLDS.snapshotsPerSecondMin;
  return Math.round((sent * (1 - loss) - CHANCE * Math.sqrt((sent * loss * (1 - loss)) / seconds)) * 100) / 100;
}

export interface Verdict {
  /** `bots`: it doesn't hold, and the bots were late, so that it may be their fault. */
  readonly verdict: 'holds' | 'server' | 'bots';
  /** What did not hold, in words. */
  readonly why: readonly string[];
}

export function judge(figures: Figures): Verdict {
  const { ticksPerSecond, missedTicks, snapshotsPerSecondMin, tickMsP99, joined, players, bots } = figures;
  const why: string[] = [];
  const unless = (isGood: boolean, what: string): void => {
    if (!isGood) why.push(what);
  };
  unless(joined >= players, `${joined} of ${players} joined`);
  unless(bots.failed === 0, `${bots.failed} bots failed`);
  unless(ticksPerSecond >= HOLDS.ticksPerSecondMin, `${ticksPerSecond} ticks/s`);
  unless(missedTicks <= HOLDS.missedTicksMax, `${missedTicks} ticks missed`);
  unless(snapshotsPerSecondMin >= snapshotsToExpect(figures), `a client with ${snapshotsPerSecondMin} snapshots/s`);
  unless(tickMsP99 <= HOLDS.tickMsP99Max, `tick p99 ${tickMsP99} ms`);
  const skippedPercent = Math.round(bots.turnsSkippedShare * 100);
  unless(bots.turnsSkippedShare <= TURNS_SKIPPED_MAX, `the bots skipped ${skippedPercent} % of their turns`);
  if (why.length === 0) return { verdict: 'holds', why };
  return { verdict: wereBotsLate(figures) ? 'bots' : 'server', why };
}

export function wereBotsLate({ bots }: Pick<Figures, 'bots'>): boolean {
  return (
    (bots.scheduleErrorMsP99 ?? Number.POSITIVE_INFINITY) > BOTS_LATE.scheduleErrorMsP99 ||
    bots.turnsSkippedShare > BOTS_LATE.turnsSkippedShare
  );
}

export interface Limit {
  /** The most players that held; 0: not even the least that was tried. */
  readonly limit: number;
  /** The fewest that did not; undefined: all that was tried did. */
  readonly fails: number | undefined;
  /** The server may hold more: the bots were the limit, or the search ended at its bound. */
  readonly isLowerBound: boolean;
}

export interface Search {
  readonly first: number;
  readonly max: number;
  /** Share of the limit that the answer may be short of. */
  readonly precision: number;
}

/**
 * Doubles until it doesn't hold, or halves until it does, and bisects. What doesn't hold is tried a second time: on a
 * machine with others one bad second is no limit.
 */
export async function searchLimit(
  { first, max, precision }: Search,
  attempt: (players: number) => Promise<Verdict['verdict']>,
): Promise<Limit> {
  let good = 0;
  let bad: number | undefined;
  let isBots = false;
  const probe = async (players: number): Promise<void> => {
    let verdict = await attempt(players);
    if (verdict !== 'holds') verdict = await attempt(players);
    if (verdict === 'holds') {
      good = players;
      return;
    }
    bad = players;
    isBots = verdict === 'bots';
  };
  let players = Math.min(first, max);
  await probe(players);
  while (bad === undefined && players < max) {
    players = Math.min(players * 2, max);
    await probe(players);
  }
  while (good === 0 && bad !== undefined && bad > 1) await probe(bad >> 1);
  while (bad !== undefined && good > 0 && bad - good > Math.max(1, good * precision)) await probe((good + bad) >> 1);
  return { limit: good, fails: bad, isLowerBound: bad === undefined || isBots };
}

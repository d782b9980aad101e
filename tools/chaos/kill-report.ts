// What a run of `npm run chaos:kill` came to, and whether all of it is as it should be. Pure.

import type { LogEvent } from '../../src/observe/log-events.ts';

export interface KillReport {
  readonly store: string;
  readonly kills: number;
  readonly players: number;
  readonly seed: number;
  /** Commands that were answered; of them done; of these gold against gems, in one. */
  readonly acknowledged: number;
  readonly done: number;
  readonly exchanges: number;
  /** Units that accounts have less than their players were told, and more. */
  readonly lost: number;
  readonly doubled: number;
  /** Of the ledger with itself, and with what characters were saved with. */
  readonly contradictions: number;
  /** Times a zone did not come to the state that its journal says. */
  readonly hashMismatches: number;
  /** Times the server, or a thread of it, ended without being killed. */
  readonly crashes: number;
  /** Kills after which a process took over that had waited. */
  readonly spares: number;
  /** From the kill to the first snapshot of anybody, and of everybody. */
  readonly recoveryMsP50: number;
  readonly recoveryMsP99: number;
  readonly recoveryAllMsP99: number;
}

/** Each is compared with 0 by itself: one can't make up for another. */
const FAULTS = ['lost', 'doubled', 'contradictions', 'hashMismatches', 'crashes'] as const;

export function isFaultless(report: Pick<KillReport, (typeof FAULTS)[number]>): boolean {
  return FAULTS.every((name) => report[name] === 0);
}

/**
 * How a server of one zone came back from so many kills.
 * @param output what its launcher and it have printed
 */
export function readRecoveries(
  output: string,
  kills: number,
): Pick<KillReport, 'hashMismatches' | 'crashes' | 'spares'> {
  const count = (text: string): number => output.split(text).length - 1;
  const spares = count('; its spare takes over ');
  const events = (event: LogEvent): number => count(`"event":"${event}"`);
  return {
    // One that says neither had nothing to go on from; a crash more after a kill is a replay more, and hides no other one.
    hashMismatches: Math.max(events('zone_anew'), kills - events('zone_resumed')),
    // The launcher says it of each end that nobody asked for.
    crashes: count('; starting it again ') + spares - kills + events('thread_died'),
    spares,
  };
}

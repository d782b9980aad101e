// What changed of the zones' overload ladders since they were looked at last, for the log. Main thread; pure.

import { OVERLOAD_STEPS } from '../base/overload-steps.ts';

export interface ZoneLoad {
  readonly zoneId: number;
  /** Index in OVERLOAD_STEPS. */
  readonly step: number;
  readonly pacePercent: number;
}

export interface OverloadChange {
  readonly zoneId: number;
  /** Undefined: it does all again. */
  readonly state: string | undefined;
  readonly pacePercent: number;
}

/** Tells of steps up, and of the end; on the way down nothing is worse than it was told. */
export function createOverloadWatch(): (loads: readonly ZoneLoad[]) => OverloadChange[] {
  const steps = new Map<number, number>();
  return (loads) =>
    loads.flatMap(({ zoneId, step, pacePercent }) => {
      const before = steps.get(zoneId) ?? 0;
      steps.set(zoneId, step);
      if (step <= before && !(step === 0 && before > 0)) return [];
      return [{ zoneId, state: step === 0 ? undefined : OVERLOAD_STEPS[step]?.name, pacePercent }];
    });
}

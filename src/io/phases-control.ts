// Whether zones measure where the time of their ticks goes: read and set over the control socket. Main thread.

import { z } from 'zod';
import { isPhaseSwitchOn, setPhaseSwitch } from '../zone/phases.ts';
import { type ControlPath, readControlBody } from './control.ts';
import type { Log } from './log.ts';

const MUST = 'true or false is needed, as in {"measured":false}';
const BODY = z.strictObject({ measured: z.boolean(MUST) });

/** @param switches one of each zone */
export function phasesPath(switches: readonly SharedArrayBuffer[], log: Pick<Log, 'event'>): ControlPath {
  const tell = () => ({ measured: switches.every(isPhaseSwitchOn) });
  return {
    help: 'whether zones measure where the time of their ticks goes',
    GET: tell,
    PUT(body) {
      const { measured } = readControlBody(BODY, body);
      for (const one of switches) setPhaseSwitch(one, measured);
      log.event('phases_switched', { state: measured ? 'on' : 'off' });
      return tell();
    },
  };
}

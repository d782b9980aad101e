import { expect, test } from 'vitest';
import type { LogEvent } from '../../../src/observe/log-events.ts';
import { isFaultless, readRecoveries } from '../../../tools/chaos/kill-report.ts';

const KILLED = 'darkages: the server was killed by SIGKILL after 2.1 s; starting it again at once.';
const CRASHED = 'darkages: the server ended with exit code 7 after 0.4 s; starting it again in 100 ms.';
const said = (event: LogEvent) => JSON.stringify({ level: 30, thread: 'main', event, msg: 'in words' });
const back = [KILLED, said('zone_resumed'), said('started')];

const CASES: readonly (readonly [what: string, lines: readonly string[], hashMismatches: number, crashes: number])[] = [
  ['comes back each time', [...back, ...back], 0, 0],
  ['begins anew', [...back, KILLED, said('zone_anew'), said('started')], 1, 0],
  ['had nothing to go on from', [...back, KILLED, said('started')], 1, 0],
  ['crashed besides, and came back', [...back, CRASHED, ...back.slice(1), ...back], 0, 1],
  ['begins anew once and crashed besides', [...back, KILLED, said('zone_anew'), CRASHED, ...back.slice(1)], 1, 1],
  ['begins anew after a crash', [...back, ...back, CRASHED, said('zone_anew')], 1, 1],
  ['lost a thread', [...back, said('thread_died'), ...back], 0, 1],
];

test.for(CASES)('after two kills, a server that %s', ([, lines, hashMismatches, crashes]) => {
  expect(readRecoveries(lines.join('\n'), 2)).toEqual({ hashMismatches, crashes, spares: 0 });
});

test('a spare that takes over is a start like any other', () => {
  const spared = [KILLED.replace('starting it again', 'its spare takes over'), ...back.slice(1)];
  expect(readRecoveries([...spared, ...back].join('\n'), 2)).toEqual({ hashMismatches: 0, crashes: 0, spares: 1 });
  const crashed = CRASHED.replace('starting it again', 'its spare takes over');
  const lines = [...spared, crashed, ...back.slice(1), ...back];
  expect(readRecoveries(lines.join('\n'), 2)).toEqual({ hashMismatches: 0, crashes: 1, spares: 2 });
});

test('a run is faultless when each figure is 0: none makes up for another', () => {
  const none = { lost: 0, doubled: 0, contradictions: 0, hashMismatches: 0, crashes: 0 };
  expect(isFaultless(none)).toBe(true);
  for (const name of Object.keys(none)) expect(isFaultless({ ...none, [name]: 1 }), name).toBe(false);
  expect(isFaultless({ ...none, lost: 1, hashMismatches: -1 })).toBe(false);
});

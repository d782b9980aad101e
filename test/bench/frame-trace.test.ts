import { expect, test } from 'vitest';
import { readTrace } from '../../bench/game/frame-trace.ts';

/** A trace of frames 16 ms apart, each with so much of everything, beside a thread that isn't the page's. */
function trace(frames: number): string {
  const traceEvents: object[] = [];
  const add = (name: string, ts: number, tdur: number, dur: number, tid = 1): void =>
    void traceEvents.push({ name, ph: 'X', pid: 5, tid, ts, dur, tdur });
  for (let frame = 0; frame < frames; frame++) {
    const ts = 1_000_000 + frame * 16_000;
    add('FireAnimationFrame', ts + 100, 2_000, 3_000);
    // A second callback of the same frame.
    add('FireAnimationFrame', ts + 3_200, 10, 10);
    add('FunctionCall', ts + 110, 1_900, 2_800);
    add('FunctionCall', ts + 200, 500, 700);
    add('Commit', ts + 4_000, 1_500, 2_000);
    add('RunTask', ts + 90, 4_000, 6_500);
    add('RunTask', ts + 9_000, 250, 250);
    add('RunTask', ts + 1_000, 9_000, 9_000, 2);
  }
  return JSON.stringify({ traceEvents });
}

test('a frame is what the main thread did from one to the next, in its CPU time; nested calls count once', () => {
  const { main, script, paint } = readTrace(trace(4));
  expect(main).toEqual([4.25, 4.25, 4.25]);
  expect(script).toEqual([1.9, 1.9, 1.9]);
  expect(paint).toEqual([1.5, 1.5, 1.5]);
});

test('a trace without frames has none', () => {
  expect(readTrace('{"traceEvents":[]}')).toEqual({ main: [], script: [], paint: [] });
});

import { expect, test } from 'vitest';
import {
  clearPart,
  countFailed,
  countFailure,
  createFailedPart,
  createPart,
  createReport,
  describeFailures,
  mergeParts,
} from '../../../tools/swarm/report.ts';
import { addValue } from '../../../tools/swarm/statistics.ts';

function partOf(bots: number, rates: readonly number[]) {
  const part = createPart(bots);
  for (const rate of rates) addValue(part.figures.snapshotsPerSecond, rate);
  part.timeInState.WANDERING = 10 * bots;
  part.durationS = rates.length;
  part.snapshots = 100 * bots;
  return part;
}

test('the parts of all processes add up to one report', () => {
  const one = partOf(2, [20, 20]);
  const other = partOf(3, [18, 20, 20]);
  countFailure(one, 'join_zone_full');
  countFailure(other, 'join_zone_full');
  countFailure(other, 'no_snapshot');
  const report = createReport(mergeParts([one, other]), { seed: 7, transport: 'udp' });
  expect(report).toMatchObject({
    bots: 5,
    failed: 3,
    failures: { join_zone_full: 2, no_snapshot: 1 },
    durationS: 3,
    seed: 7,
    transport: 'udp',
    timeInState: { CONNECTING: 0, WANDERING: 50, IDLE: 0, RECONNECTING: 0 },
    snapshotsPerSecond: { mean: 19.6, min: 18 },
    snapshots: 500,
  });
  expect(report.snapshotsPerSecond.median).toBeCloseTo(20, 1);
});

test('what goes between processes survives the way', () => {
  const part = partOf(2, [20, 19]);
  expect(structuredClone(part)).toEqual(part);
});

test('bots that never ran have failed, and nothing was measured', () => {
  const part = createFailedPart(4, 'join_unreachable');
  expect(countFailed(part)).toBe(4);
  const report = createReport(part, { seed: 1, transport: 'ws' });
  expect(report.roundTripMs).toEqual({ mean: null, median: null, p95: null, p99: null });
  expect(report.snapshotsPerSecond.min).toBeNull();
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test('failures are told in a sentence, the most frequent first', () => {
  const failures = { no_snapshot: 1, lost_idle: 2, malformed_frame: 3, process_died: 1 };
  expect(describeFailures({ bots: 9, failed: 7, failures })).toBe(
    '7 of 9 bots failed: 3 got a frame that can not be read, 2 lost the connection and did not come back (idle), ' +
      '1 got no snapshot for two seconds, 1 were in a process that died.',
  );
});

test('what was measured is forgotten, who failed is not', () => {
  const part = partOf(2, [20, 3]);
  countFailure(part, 'no_snapshot');
  clearPart(part);
  const { figures, ...rest } = createPart(2);
  expect(part).toEqual({ ...rest, figures, failures: { no_snapshot: 1 } });
  addValue(part.figures.snapshotsPerSecond, 20);
  expect(createReport(part, { seed: 1, transport: 'ws' })).toMatchObject({
    failed: 1,
    snapshotsPerSecond: { min: 20 },
  });
});

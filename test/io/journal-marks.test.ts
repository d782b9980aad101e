import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createJournalMarks } from '../../src/io/journal-marks.ts';
import type { JournalMark } from '../../src/store/journal/format.ts';

interface Step {
  readonly hasCommits: boolean;
  /** Of what is on disk, after it. */
  readonly appliedShare: number;
  readonly passMs: number;
  /** Of the call that is under way. */
  readonly ends: 'well' | 'badly' | 'later';
}

test('the journal lets go of what the store has kept the mark of, and of groups without commits; a mark says no more than is applied', async () => {
  const step = fc.record({
    hasCommits: fc.boolean(),
    appliedShare: fc.double({ min: 0, max: 1, noNaN: true }),
    passMs: fc.nat(700),
    ends: fc.constantFrom('well', 'badly', 'later'),
  }) as fc.Arbitrary<Step>;
  let released = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      let [nowMs, position, applied, markedUpTo, noted] = [0, 0, 0, 0, 0];
      const withCommits: number[] = [];
      const said: (JournalMark & { applied: number; isOpen: boolean; hasCommits: boolean })[] = [];
      const failed: unknown[] = [];
      let open: { readonly mark: JournalMark; end(how: 'well' | 'badly'): void } | undefined;
      const marks = createJournalMarks({
        nodeId: 'node',
        settleMs: 0,
        now: () => nowMs,
        onMarkFailed: (error) => void failed.push(error),
        journal: {
          noteApplied(sequence) {
            noted = Math.max(noted, sequence);
            for (const each of withCommits) if (each <= sequence) expect(each).toBeLessThanOrEqual(markedUpTo);
          },
        },
        ledger: {
          keepMark: (_, mark) =>
            new Promise((resolve, reject) => {
              // What throws here is taken for a store that fails.
              said.push({
                ...mark,
                applied,
                isOpen: open !== undefined,
                hasCommits: withCommits.includes(mark.sequence),
              });
              const end = (how: 'well' | 'badly') => {
                open = undefined;
                if (how === 'badly') return reject(new Error('down'));
                markedUpTo = Math.max(markedUpTo, mark.sequence);
                resolve();
              };
              open = { mark, end };
            }),
        },
      });
      for (const { hasCommits, appliedShare, passMs, ends } of steps) {
        position++;
        nowMs += passMs;
        if (hasCommits) withCommits.push(position);
        if (hasCommits) marks.note({ sequence: position, checksum: position * 3 });
        applied += Math.floor(appliedShare * (position - applied + 0.99));
        marks.update(applied);
        if (ends !== 'later') open?.end(ends);
        for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      }
      applied = position;
      marks.update(applied);
      const kept = marks.keep();
      for (let turn = 0; turn < 20; turn++) {
        open?.end('well');
        await Promise.resolve();
      }
      await kept;
      marks.update(applied);
      for (const { sequence, checksum, applied: then, isOpen, hasCommits } of said) {
        expect(sequence).toBeLessThanOrEqual(then);
        expect([checksum, isOpen, hasCommits]).toEqual([sequence * 3, false, true]);
      }
      expect(failed.every((error) => error instanceof Error && error.message === 'down')).toBe(true);
      expect(markedUpTo).toBe(withCommits.at(-1) ?? 0);
      expect(noted).toBe(position);
      if (noted > 0) released++;
    }),
    { numRuns: 300 },
  );
  expect(released).toBeGreaterThan(0);
});

test('of a store that syncs now and then a mark says only what it has had for long', async () => {
  let nowMs = 0;
  const said: number[] = [];
  const applied: number[] = [];
  const marks = createJournalMarks({
    nodeId: 'node',
    settleMs: 30_000,
    now: () => nowMs,
    onMarkFailed: () => expect.unreachable(),
    journal: { noteApplied: (sequence) => void applied.push(sequence) },
    ledger: { keepMark: async (_, { sequence }) => void said.push(sequence) },
  });
  for (let second = 1; second <= 60; second++) {
    nowMs = second * 1_000;
    marks.note({ sequence: second, checksum: 0 });
    marks.update(second);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    expect(Math.max(0, ...said)).toBe(Math.max(0, second - 30));
  }
  await marks.keep();
  expect([Math.max(...said), Math.max(...applied)]).toEqual([30, 30]);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBackPressure } from '../../src/store/back-pressure.ts';

describe('back-pressure', () => {
  test('pauses at a hundred megabytes and resumes below eighty', () => {
    const changes: boolean[] = [];
    const account = createBackPressure(undefined, undefined, (isPaused) => changes.push(isPaused));
    account.add(99_999_999);
    expect(account.isPaused()).toBe(false);
    account.add(1);
    expect(account.isPaused()).toBe(true);
    account.remove(20_000_000);
    expect(account.isPaused()).toBe(true);
    account.remove(1);
    expect([account.isPaused(), account.bytes(), account.pausesTotal()]).toEqual([false, 79_999_999, 1]);
    expect(changes).toEqual([true, false]);
  });

  test('a part is what it last said', () => {
    const account = createBackPressure(100, 80);
    const [saves, calls] = [account.part(), account.part()];
    saves(70);
    calls(30);
    expect([account.bytes(), account.isPaused()]).toEqual([100, true]);
    saves(10);
    expect([account.bytes(), account.isPaused()]).toEqual([40, false]);
  });

  test('removing what was not added is a mistake of ours', () => {
    expect(() => createBackPressure().remove(1)).toThrow(/only what was added/);
    expect(() => createBackPressure().add(-1)).toThrow(/a size/);
  });

  test('is paused exactly since it last reached the mark and has not been below the other one', () => {
    const property = fc.property(fc.array(fc.integer({ min: -60, max: 60 })), (steps) => {
      const account = createBackPressure(100, 80);
      const history = [0];
      for (const step of steps) {
        const before = history.at(-1)!;
        const after = Math.max(0, before + step);
        if (after >= before) account.add(after - before);
        else account.remove(before - after);
        history.push(after);
        const reached = history.findLastIndex((bytes) => bytes >= 100);
        const below = history.findLastIndex((bytes) => bytes < 80);
        expect([account.bytes(), account.isPaused()]).toEqual([after, reached > below]);
      }
    });
    fc.assert(property);
  });
});

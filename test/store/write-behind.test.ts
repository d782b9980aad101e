import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createWriteBehind, WRITE_BEHIND_DEFAULTS } from '../../src/store/write-behind.ts';

const save = (playerId: number, health: number, final = false) => ({
  ...{ playerId, epoch: 1, version: health, columns: { health }, final },
});
const OPTIONS = { playersMax: 4, batchMax: 3, delayMs: 100, retryMs: 10, retryMsMax: 50 };

describe('write-behind', () => {
  test('keeps the newest save of a player and waits for company', () => {
    const queue = createWriteBehind(OPTIONS);
    queue.put(save(1, 10), 0);
    queue.put(save(1, 11), 50);
    expect(queue.update(99)).toBeUndefined();
    expect(queue.update(100)).toEqual([save(1, 11)]);
    expect(queue.find(1)).toEqual(save(1, 11));
    expect(queue.pendingCount()).toBe(1);
    queue.confirm();
    expect(queue.find(1)).toBeUndefined();
    expect(queue.pendingCount()).toBe(0);
  });

  test('the oldest that waits is told: a newer save has the time of the one it replaced, a failed one keeps its own', () => {
    const queue = createWriteBehind(OPTIONS);
    expect(queue.oldestMs()).toBeUndefined();
    queue.put(save(1, 10), 5);
    queue.put(save(2, 20), 20);
    queue.put(save(1, 11), 50);
    expect([queue.oldestMs(), queue.update(120)?.length]).toEqual([5, 2]);
    // Both are on their way; a third waits, and a newer one of the first.
    queue.put(save(3, 30), 130);
    queue.put(save(1, 12), 140);
    expect(queue.oldestMs()).toBe(5);
    queue.confirm();
    expect(queue.oldestMs()).toBe(130);
    expect([queue.updateFor(3)?.length, queue.oldestMs()]).toEqual([1, 130]);
    queue.fail(200);
    queue.put(save(3, 31), 210);
    expect([queue.oldestMs(), queue.update(300, true)?.length]).toEqual([130, 2]);
    queue.confirm();
    expect(queue.oldestMs()).toBeUndefined();
  });

  test('a final save goes at once', () => {
    const queue = createWriteBehind(OPTIONS);
    queue.put(save(1, 10), 0);
    queue.put(save(2, 20, true), 1);
    expect(queue.update(1)).toHaveLength(2);
  });

  test('rejects a further player at the bound, not a newer save of a known one', () => {
    const queue = createWriteBehind(OPTIONS);
    for (let playerId = 1; playerId <= 4; playerId++) expect(queue.put(save(playerId, 1), 0)).toBe(true);
    expect(queue.hasRoom()).toBe(false);
    expect(queue.put(save(5, 1), 0)).toBe(false);
    expect(queue.put(save(4, 2), 0)).toBe(true);
    expect(queue.update(100)).toHaveLength(3);
    queue.confirm();
    expect(queue.update(100)).toEqual([save(4, 2)]);
  });

  test('one who comes back is written first and alone, pause or not; the others go on when they were to', () => {
    const queue = createWriteBehind(OPTIONS);
    queue.put(save(1, 10), 0);
    queue.put(save(2, 20), 0);
    expect(queue.updateFor(3)).toBeUndefined();
    expect(queue.updateFor(2)).toEqual([save(2, 20)]);
    expect([queue.updateFor(1), queue.update(100)]).toEqual([undefined, undefined]);
    queue.fail(50);
    expect(queue.update(59)).toBeUndefined();
    expect(queue.updateFor(2)).toEqual([save(2, 20)]);
    queue.confirm();
    expect(queue.find(2)).toBeUndefined();
    expect(queue.update(100)).toEqual([save(1, 10)]);
  });

  test('after a failure the newer of both states stays, and pauses double up to the bound', () => {
    const queue = createWriteBehind(OPTIONS);
    queue.put(save(1, 10), 0);
    queue.put(save(2, 20), 0);
    queue.update(100);
    queue.put(save(1, 11), 101);
    expect(queue.update(500)).toBeUndefined();
    queue.fail(500);
    expect(queue.find(1)).toEqual(save(1, 11));
    expect(queue.find(2)).toEqual(save(2, 20));
    let now = 500;
    for (const pauseMs of [10, 20, 40, 50, 50]) {
      expect(queue.update(now + pauseMs - 1)).toBeUndefined();
      now += pauseMs;
      expect(queue.update(now)).toHaveLength(2);
      queue.fail(now);
    }
    expect(queue.update(now, true)).toHaveLength(2);
    queue.confirm();
    queue.put(save(3, 1, true), now);
    expect(queue.update(now)).toEqual([save(3, 1, true)]);
  });

  test('whatever fails in between, the store ends with the newest save of every player', () => {
    const step = fc.record({
      playerId: fc.integer({ min: 1, max: 6 }),
      final: fc.boolean(),
      advanceMs: fc.integer({ min: 0, max: 60 }),
      outcome: fc.constantFrom('confirm', 'fail', 'slow'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const queue = createWriteBehind({ ...WRITE_BEHIND_DEFAULTS, batchMax: 2, delayMs: 20, retryMs: 5 });
        const newest = new Map<number, number>();
        const stored = new Map<number, number>();
        let now = 0;
        let batch: readonly { playerId: number; columns: Readonly<Record<string, number>> }[] | undefined;
        const store = () => {
          for (const entry of batch ?? []) stored.set(entry.playerId, entry.columns.health!);
          batch = undefined;
          queue.confirm();
        };
        for (const [value, { playerId, final, advanceMs, outcome }] of steps.entries()) {
          queue.put(save(playerId, value, final), now);
          newest.set(playerId, value);
          now += advanceMs;
          batch = queue.update(now) ?? batch;
          if (batch !== undefined && outcome === 'confirm') store();
          else if (batch !== undefined && outcome === 'fail') {
            batch = undefined;
            queue.fail(now);
          }
          for (const [id, health] of newest) {
            expect(queue.find(id)?.columns.health ?? stored.get(id)).toBe(health);
          }
        }
        if (batch !== undefined) store();
        for (batch = queue.update(now, true); batch !== undefined; batch = queue.update(now, true)) store();
        expect(stored).toEqual(newest);
        expect(queue.pendingCount()).toBe(0);
      }),
    );
  });
});

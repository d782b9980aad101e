import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRepeats } from '../../src/gateway/repeats.ts';

const always = () => true;

test('the same request is done once, also while the first is under way', async () => {
  const repeats = createRepeats<number>();
  let done = 0;
  let finish: (value: number) => void = () => {};
  const work = () => {
    done++;
    return new Promise<number>((resolve) => {
      finish = resolve;
    });
  };
  const [first, second] = [repeats.answer('a', 0, work, always), repeats.answer('a', 5, work, always)];
  finish(7);
  expect([await first, await second, await repeats.answer('a', 19_999, work, always), done]).toEqual([7, 7, 7, 1]);
});

test('a refusal and a failure are worth another try', async () => {
  const repeats = createRepeats<number>();
  const answers = [503, 200, 201];
  const work = async () => answers.shift()!;
  const ask = () => repeats.answer('a', 0, work, (status) => status === 200);
  expect([await ask(), await ask(), await ask()]).toEqual([503, 200, 200]);
  const fails = () => repeats.answer('b', 0, () => Promise.reject(new Error('no')), always);
  await expect(fails()).rejects.toThrow('no');
  expect(await repeats.answer('b', 0, work, always)).toBe(201);
});

test('done again exactly when a set of the newest, and not too old, has forgotten it', async () => {
  const [answersMax, keepMs] = [8, 100];
  const step = fc.record({ digest: fc.nat(14).map(String), waitMs: fc.oneof(fc.constant(0), fc.nat(30)) });
  const property = fc.asyncProperty(fc.array(step, { minLength: 50, maxLength: 400 }), async (steps) => {
    const repeats = createRepeats<number>(answersMax, keepMs);
    let naive: { digest: string; atMs: number; answer: number }[] = [];
    let now = 0;
    for (const [answer, { digest, waitMs }] of steps.entries()) {
      now += waitMs;
      naive = naive.filter(({ atMs }) => now - atMs < keepMs);
      const known = naive.find((entry) => entry.digest === digest);
      if (known === undefined) naive = [...naive, { digest, atMs: now, answer }].slice(-answersMax);
      expect(await repeats.answer(digest, now, async () => answer, always)).toBe(known?.answer ?? answer);
      expect(repeats.count()).toBeLessThanOrEqual(answersMax);
    }
  });
  await fc.assert(property);
});

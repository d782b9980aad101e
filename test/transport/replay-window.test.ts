import { expect, test } from 'vitest';
import { createRandom, type Random } from '../../src/base/random.ts';
import {
  createReplayWindows,
  isNewest,
  markReceived,
  type ReplayWindows,
  resetReplayWindow,
  WINDOW,
  wasReceived,
} from '../../src/transport/replay-window.ts';

const WORD = 1n << 32n;
const TOP = (1n << 64n) - 1n;

function take(window: ReplayWindows, sequence: bigint): boolean {
  const low = Number(sequence % WORD);
  const high = Number(sequence / WORD);
  if (wasReceived(window, low, high)) return false;
  markReceived(window, low, high);
  return true;
}

/** The rule of the standard, with all numbers there are. */
function createModel() {
  const taken = new Set<bigint>();
  let newest = 0n;
  return (sequence: bigint): boolean => {
    if (newest >= BigInt(WINDOW) && sequence <= newest - BigInt(WINDOW)) return false;
    if (taken.has(sequence)) return false;
    taken.add(sequence);
    if (sequence > newest) newest = sequence;
    return true;
  };
}

/** Near the newest mostly, seldom far off, never outside 64 bits. */
function draw(random: Random, around: bigint): bigint {
  const spans = [4, 64, WINDOW, WINDOW + 2, 4 * WINDOW];
  const span = spans[random.below(spans.length)]!;
  const far = random.below(400) === 0 ? BigInt(random.u32()) * BigInt(random.below(1 << 16)) : 0n;
  const sequence = around + BigInt(random.below(span) - (span >> 1)) + far;
  if (sequence < 0n) return -sequence;
  return sequence > TOP ? TOP - (sequence - TOP) : sequence;
}

test.each([
  ['from 0', 0n],
  ['across 2³²', WORD - 50n],
  ['across 2⁵³', (1n << 53n) - 50n],
  ['across 2⁶³', (1n << 63n) - 50n],
  ['up to 2⁶⁴ − 1', TOP - 3000n],
  ['at 2⁶⁴ − 1', TOP],
])('takes each number once, as a set of all of them would: %s', (_, start) => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = createRandom(seed);
    const window = createReplayWindows();
    const model = createModel();
    let around = start;
    for (let step = 0; step < 3000; step++) {
      const sequence = draw(random, around);
      const expected = model(sequence);
      if (take(window, sequence) !== expected)
        expect.fail(`SEED=${seed}, step ${step}: ${sequence} is not ${expected}`);
      if (random.below(3) === 0 && sequence > around) around = sequence;
    }
  }
});

test('a forged number changes nothing: asking marks nothing', () => {
  const window = createReplayWindows();
  for (let sequence = 0n; sequence < 10n; sequence++) take(window, sequence);
  const before = window.slice();
  expect(wasReceived(window, 0xffff_ffff, 0xffff_ffff)).toBe(false);
  expect(wasReceived(window, 5, 0)).toBe(true);
  expect(window).toEqual(before);
});

test('a number that is older by a multiple of 2³² is as old as it is', () => {
  const window = createReplayWindows();
  const newest = 5n * WORD + 7n;
  take(window, newest);
  for (const sequence of [newest - WORD, newest - WORD - 1n, newest - 2n * WORD, newest - 5n * WORD]) {
    expect(take(window, sequence)).toBe(false);
  }
});

test('the highest number there is shuts the window, and only a reset opens it', () => {
  const window = createReplayWindows();
  expect(take(window, TOP)).toBe(true);
  expect(take(window, TOP)).toBe(false);
  expect(take(window, 0n)).toBe(false);
  expect(take(window, TOP - BigInt(WINDOW))).toBe(false);
  expect(take(window, TOP - BigInt(WINDOW) + 1n)).toBe(true);
  resetReplayWindow(window);
  expect(take(window, 0n)).toBe(true);
});

test('the newest is above all that came, in both words, and the first is one', () => {
  const window = createReplayWindows();
  for (const [low, high, expected] of [
    [0, 0, true],
    [0, 0, false],
    [1, 0, true],
    [0xffff_ffff, 0, true],
    [0, 1, true],
    [0xffff_ffff, 0, false],
    [0, 1, false],
    [1, 1, true],
    [0, 0xffff_ffff, true],
  ] as const) {
    expect(isNewest(window, low, high), `${high} ${low}`).toBe(expected);
    if (!wasReceived(window, low, high)) markReceived(window, low, high);
  }
});

test('windows that share a buffer know nothing of each other', () => {
  const windows = createReplayWindows(3);
  for (let number = 0; number < WINDOW; number++) markReceived(windows, number, 0, 1);
  const one = createReplayWindows().length;
  for (const index of [0, 2]) {
    expect(windows.slice(index * one, (index + 1) * one)).toEqual(createReplayWindows());
  }
  resetReplayWindow(windows, 0);
  resetReplayWindow(windows, 2);
  expect(wasReceived(windows, WINDOW - 1, 0, 1)).toBe(true);
});

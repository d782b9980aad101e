// Which of the newest sequence numbers of a peer have come: no packet is taken twice. Edge threads, clients.
// Sequence numbers have 64 bits, here as two words, since a BigInt would be garbage for each packet. A bit for each of
// the newest 1,024 (the standard asks for 256 or more: with more, a packet that was overtaken by a burst still counts).
// Ages are subtracted: `sequence + WINDOW <= newest`, as several ports have it, wraps near 2⁶⁴, so that a forged number
// is let through, or ends a program that traps overflow.
//
//   words: [0] newest, low  [1] newest, high  [2 …] bits, that of a number at `number mod 1024`

export const WINDOW = 1024;
const BITS = 2;
const WINDOW_WORDS = BITS + WINDOW / 32;

export type ReplayWindow = Uint32Array;

export function createReplayWindow(): ReplayWindow {
  return new Uint32Array(WINDOW_WORDS);
}

/** So many of them, in one buffer: each in its own would take four times the memory. */
export function createReplayWindows(count: number): ReplayWindow[] {
  const words = new Uint32Array(count * WINDOW_WORDS);
  return Array.from({ length: count }, (_, index) => words.subarray(index * WINDOW_WORDS, (index + 1) * WINDOW_WORDS));
}

/** Whether a number came before, or is too old to know. Changes nothing: what is not authentic must not. */
export function wasReceived(window: ReplayWindow, low: number, high: number): boolean {
  const newestLow = window[0]!;
  const olderHigh = window[1]! - high - (newestLow < low ? 1 : 0);
  if (olderHigh < 0) return false;
  if (olderHigh > 0 || (newestLow - low) >>> 0 >= WINDOW) return true;
  return (window[BITS + ((low & (WINDOW - 1)) >>> 5)]! & (1 << (low & 31))) !== 0;
}

/** Whether a number is higher than any that came; the first one is, and may be 0. Changes nothing either. */
export function isNewest(window: ReplayWindow, low: number, high: number): boolean {
  if (high !== window[1]) return high > window[1]!;
  // What an empty window says is the newest has not come.
  return low > window[0]! || (low === window[0] && !wasReceived(window, low, high));
}

/** Only after the packet was opened, and after `wasReceived` said no. */
export function markReceived(window: ReplayWindow, low: number, high: number): void {
  const newestLow = window[0]!;
  const newerHigh = high - window[1]! - (low < newestLow ? 1 : 0);
  const newerLow = (low - newestLow) >>> 0;
  if (newerHigh > 0 || (newerHigh === 0 && newerLow >= WINDOW)) window.fill(0, BITS);
  else if (newerHigh === 0) {
    for (let step = 1; step <= newerLow; step++) clearBit(window, newestLow + step);
  }
  if (newerHigh >= 0) {
    window[0] = low;
    window[1] = high;
  }
  window[BITS + ((low & (WINDOW - 1)) >>> 5)]! |= 1 << (low & 31);
}

export function resetReplayWindow(window: ReplayWindow): void {
  window.fill(0);
}

function clearBit(window: ReplayWindow, low: number): void {
  window[BITS + ((low & (WINDOW - 1)) >>> 5)]! &= ~(1 << (low & 31));
}

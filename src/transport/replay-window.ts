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

/** One window, or several side by side: in arrays of their own they would take four times the memory. */
export type ReplayWindows = Uint32Array;

export function createReplayWindows(count = 1): ReplayWindows {
  return new Uint32Array(count * WINDOW_WORDS);
}

/** Where a window begins. */
export function replayPlace(index: number): number {
  return index * WINDOW_WORDS;
}

/** Whether a number came before, or is too old to know. Changes nothing: what is not authentic must not. */
export function wasReceived(windows: ReplayWindows, low: number, high: number, index = 0): boolean {
  const at = replayPlace(index);
  const newestLow = windows[at]!;
  const olderHigh = windows[at + 1]! - high - (newestLow < low ? 1 : 0);
  if (olderHigh < 0) return false;
  if (olderHigh > 0 || (newestLow - low) >>> 0 >= WINDOW) return true;
  return (windows[at + BITS + ((low & (WINDOW - 1)) >>> 5)]! & (1 << (low & 31))) !== 0;
}

/** Whether a number is higher than any that came; the first one is, and may be 0. Changes nothing either. */
export function isNewest(windows: ReplayWindows, low: number, high: number, index = 0): boolean {
  const at = replayPlace(index);
  if (high !== windows[at + 1]) return high > windows[at + 1]!;
  // What an empty window says is the newest has not come.
  return low > windows[at]! || (low === windows[at] && !wasReceived(windows, low, high, index));
}

/** Only after the packet was opened, and after `wasReceived` said no. */
export function markReceived(windows: ReplayWindows, low: number, high: number, index = 0): void {
  const at = replayPlace(index);
  const newestLow = windows[at]!;
  const newerHigh = high - windows[at + 1]! - (low < newestLow ? 1 : 0);
  const newerLow = (low - newestLow) >>> 0;
  if (newerHigh > 0 || (newerHigh === 0 && newerLow >= WINDOW)) windows.fill(0, at + BITS, at + WINDOW_WORDS);
  else if (newerHigh === 0) {
    for (let step = 1; step <= newerLow; step++) clearBit(windows, at, newestLow + step);
  }
  if (newerHigh >= 0) {
    windows[at] = low;
    windows[at + 1] = high;
  }
  windows[at + BITS + ((low & (WINDOW - 1)) >>> 5)]! |= 1 << (low & 31);
}

export function resetReplayWindow(windows: ReplayWindows, index = 0): void {
  windows.fill(0, replayPlace(index), replayPlace(index + 1));
}

function clearBit(windows: ReplayWindows, at: number, low: number): void {
  windows[at + BITS + ((low & (WINDOW - 1)) >>> 5)]! &= ~(1 << (low & 31));
}

// Numbers that wrap at 65,536: sequences of packets and ids of segments. Any thread, pure.

/** How far `a` is ahead of `b`: −32,768 … 32,767. Half the circle is ahead, half behind. */
export function sequenceAhead(a: number, b: number): number {
  return ((a - b) << 16) >> 16;
}

// Integer arithmetic that gives the same bits on every machine.

/** Floor of the square root of a whole number from 0 to 2⁵³. The correction makes the engine's rounding irrelevant. */
export function isqrt(value: number): number {
  let root = Math.floor(Math.sqrt(value));
  while (root * root > value) root--;
  while ((root + 1) * (root + 1) <= value) root++;
  return root;
}

/**
 * Floor of the length of a vector of whole numbers up to 2²⁶. Deliberate: not by `isqrt` of the squares. Where the
 * compiler doesn't inline that call, a square from 2³¹ on is put on the heap to be handed over: a push or two out of
 * boxes each tick made the heap of a zone grow (`zone.step.heapGrowthBytes`).
 */
export function vectorLength(x: number, z: number): number {
  const squared = x * x + z * z;
  let length = Math.floor(Math.sqrt(squared));
  while (length * length > squared) length--;
  while ((length + 1) * (length + 1) <= squared) length++;
  return length;
}

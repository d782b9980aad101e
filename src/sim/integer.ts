// Integer arithmetic that gives the same bits on every machine.

/** Floor of the square root of a whole number from 0 to 2⁵³. The correction makes the engine's rounding irrelevant. */
export function isqrt(value: number): number {
  let root = Math.floor(Math.sqrt(value));
  while (root * root > value) root--;
  while ((root + 1) * (root + 1) <= value) root++;
  return root;
}

// What a fuzz target is.

export interface FuzzTarget {
  readonly name: string;
  /** Bytes to start from. */
  readonly seeds: readonly Uint8Array[];
  /** Throws when something doesn't hold that must hold for any bytes at all. */
  run(bytes: Uint8Array): void;
}

export function hold(condition: boolean, sentence: string): void {
  if (!condition) throw new Error(sentence);
}

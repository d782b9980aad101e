// `changes` as proto/STANDARD.md says it, on strings of 0 and 1: the naive reader and writer that the fast ones are
// compared with. It shares nothing with them.

export interface ModelRow {
  readonly bits: number;
  readonly ownerOnly: boolean;
}

export interface ModelRecord {
  /** undefined: the snapshot's. */
  readonly age: number | undefined;
  readonly slot: number;
  /** By public row; undefined: not in the mask. */
  readonly differences: readonly (number | undefined)[];
}

export interface ModelChanges {
  readonly slotBits: number;
  readonly records: readonly ModelRecord[];
}

/** Lowest bit first. */
function toBits(value: number | bigint, count: number): string {
  return [...BigInt.asUintN(count, BigInt(value)).toString(2).padStart(count, '0')].toReversed().join('');
}

function fromBits(bits: string): bigint {
  return BigInt(`0b${[...bits].toReversed().join('')}`);
}

export function bitsToBytes(bits: string): Uint8Array {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
  return Uint8Array.from({ length: padded.length / 8 }, (_, at) => Number(fromBits(padded.slice(at * 8, at * 8 + 8))));
}

export function bytesToBits(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => toBits(byte, 8)).join('');
}

function widthsOf(bits: number): readonly number[] {
  return [0.25, 0.375, 0.5, 1].map((share) => Math.ceil(bits * share));
}

function zigzag(value: number): bigint {
  return value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value);
}

const publicOf = (rows: readonly ModelRow[]): ModelRow[] => rows.filter(({ ownerOnly }) => !ownerOnly);

/** @param wider by how many classes more than the smallest a difference is written, by its place */
export function writeModel(
  { slotBits, records }: ModelChanges,
  rows: readonly ModelRow[],
  wider: (place: number) => number = () => 0,
): string {
  let bits = toBits(slotBits - 1, 4) + toBits(records.length, 12);
  let place = 0;
  for (const { age, slot, differences } of records) {
    bits += age === undefined ? '0' : `1${toBits(age, 7)}`;
    bits += toBits(slot, slotBits);
    const mask = publicOf(rows).map((_, row) => (differences[row] === undefined ? '0' : '1'));
    const groups = (mask.join('').replace(/0+$/, '') || '0').match(/.{1,4}/g)!;
    bits += groups.map((group, index) => group.padEnd(4, '0') + (index < groups.length - 1 ? '1' : '0')).join('');
    for (const [row, { bits: width }] of publicOf(rows).entries()) {
      const difference = differences[row];
      if (difference === undefined) continue;
      const value = zigzag(difference);
      const fits = widthsOf(width).findIndex((count) => value < 1n << BigInt(count));
      const chosen = Math.min(3, fits + wider(place++));
      bits += toBits(chosen, 2) + toBits(value, widthsOf(width)[chosen]!);
    }
  }
  return bits;
}

/** Throws with a word on what is wrong. */
export function readModel(bytes: Uint8Array, rows: readonly ModelRow[]): ModelChanges {
  let rest = bytesToBits(bytes);
  const take = (count: number): number => {
    if (rest.length < count) throw new Error('cut');
    const taken = Number(fromBits(rest.slice(0, count)));
    rest = rest.slice(count);
    return taken;
  };
  const slotBits = take(4) + 1;
  const count = take(12);
  const records: ModelRecord[] = [];
  while (records.length < count) records.push(readRecord(take, slotBits, publicOf(rows)));
  if (rest.length > 7) throw new Error('long');
  if (rest.includes('1')) throw new Error('padding');
  return { slotBits, records };
}

function readRecord(take: (count: number) => number, slotBits: number, rows: readonly ModelRow[]): ModelRecord {
  const age = take(1) === 1 ? take(7) : undefined;
  const slot = take(slotBits);
  let mask = '';
  do {
    if (mask.length >= rows.length) throw new Error('mask');
    mask += toBits(take(4), 4);
  } while (take(1) === 1);
  if (mask.slice(rows.length).includes('1')) throw new Error('mask');
  const differences = rows.map(({ bits }, row) => {
    if (mask[row] !== '1') return undefined;
    const value = take(widthsOf(bits)[take(2)]!);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  });
  return { age, slot, differences };
}

/** The records of a snapshot's `changes` as EntityDeltas that say the same, for tests that ask who is told of what. */
export function deltasOf(
  changes: Uint8Array | undefined,
  rows: readonly (ModelRow & { readonly name: string })[],
): Record<string, number>[] {
  if (changes === undefined || changes.length === 0) return [];
  const names = rows
    .filter(({ ownerOnly }) => !ownerOnly)
    .map(({ name }) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()));
  return readModel(changes, rows).records.map(({ age, slot, differences }) => {
    const delta: Record<string, number> = { slot };
    if (age !== undefined) delta.baselineAge = age;
    for (const [row, difference] of differences.entries())
      if (difference !== undefined) delta[names[row]!] = difference;
    return delta;
  });
}

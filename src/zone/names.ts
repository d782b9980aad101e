// Names of players: by slot in shared memory, where edges read them, and the other way round for who looks for a name.
// Zone thread; another one that goes on in the same memory finds them there.

import { NAME_BYTES } from './buffers.ts';

export interface Names {
  /** NAME_BYTES for each slot: length, then ASCII. */
  readonly bytes: Uint8Array;
  /** By slot, so that telling a name makes no new text; '' where nobody is. */
  readonly texts: string[];
  /** Of each name in lower case: no two players' differ in case alone. */
  readonly slotOf: Map<string, number>;
}

export function createNames(buffer: SharedArrayBuffer): Names {
  const bytes = new Uint8Array(buffer);
  return { bytes, texts: new Array(bytes.length / NAME_BYTES).fill(''), slotOf: new Map() };
}

export function setName(names: Names, slot: number, name: string): void {
  const from = slot * NAME_BYTES;
  names.bytes[from] = name.length;
  for (let index = 0; index < name.length; index++) names.bytes[from + 1 + index] = name.charCodeAt(index);
  noteName(names, slot);
}

/** The name is in the memory already: the zone goes on after its thread died. */
export function noteName(names: Names, slot: number): void {
  const from = slot * NAME_BYTES + 1;
  const name = String.fromCharCode(...names.bytes.subarray(from, from + names.bytes[from - 1]!));
  names.texts[slot] = name;
  names.slotOf.set(name.toLowerCase(), slot);
}

export function clearName(names: Names, slot: number): void {
  names.slotOf.delete(nameOf(names, slot).toLowerCase());
  names.texts[slot] = '';
  names.bytes[slot * NAME_BYTES] = 0;
}

export function nameOf({ texts }: Names, slot: number): string {
  return texts[slot]!;
}

/** Slot of the player of that name, in any case, or −1. */
export function findName({ slotOf }: Names, name: string): number {
  return slotOf.get(name.toLowerCase()) ?? -1;
}

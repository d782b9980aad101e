// One frame from a client, read without allocating: inputs go to an Int32Array, the rare parts are handed on as byte
// ranges. And its counterpart for clients. Edge threads; clients use the writing half.
// Order of checks by cost: tag → wire type → length → ranges. Nothing of a frame is used before all of it was read.

import { Reader, Writer } from '../base/bytes.ts';
import { INPUTS_PER_FRAME_MAX } from '../base/limits.ts';
import { DECODED, LENGTH_DELIMITED, MALFORMED, OUT_OF_RANGE, VARINT } from './codec.ts';
import { CLIENT_INPUT, CLIENT_MESSAGE, createMessages, type GameSchema, type WireField } from './schema.ts';

/**
 * Words of one input, the same in a frame's `inputs`, on the ring to the zone and in the journal:
 * tick, ack age, then what goes into force (moveX, moveZ, aim, buttons, viewAge, the game's own), then the claimed
 * position.
 */
export const INPUT_TICK_WORD = 0;
export const INPUT_ACK_AGE_WORD = 1;
export const INPUT_VALUES_WORD = 2;
/** Inputs that every game has: moveX, moveZ, aim, buttons, viewAge. The game's own stand behind them. */
const ENGINE_INPUTS = 5;
export const VIEW_AGE_WORD = INPUT_VALUES_WORD + 4;

export interface InputLayout {
  /** Words of one input. */
  readonly words: number;
  /** First of hasClaim (1 when all three were sent), claimedX, claimedY, claimedZ. */
  readonly claimWord: number;
  readonly fields: readonly WireField[];
  /** For writing: of each field its tag, its word, and 1 where it is a sint32. */
  readonly written: Int32Array;
  /** Word of each field number; −1 = no such field. */
  readonly wordOf: Int16Array;
  readonly fieldOf: readonly (WireField | undefined)[];
  /** Bounds of each word. They hold for what was left out as well: an absent field is 0. */
  readonly leastOf: Int32Array;
  readonly mostOf: Int32Array;
}

export function createInputLayout(game: GameSchema): InputLayout {
  const { fields } = createMessages(game).clientInput;
  const own = fields.filter((field) => field.field >= 16);
  const claimWord = INPUT_VALUES_WORD + ENGINE_INPUTS + own.length;
  const highest = fields.at(-1)!.field;
  const wordOf = new Int16Array(highest + 1).fill(-1);
  const fieldOf: (WireField | undefined)[] = new Array(highest + 1).fill(undefined);
  for (const field of fields) fieldOf[field.field] = field;
  wordOf[CLIENT_INPUT.tick] = INPUT_TICK_WORD;
  wordOf[CLIENT_INPUT.ackAge] = INPUT_ACK_AGE_WORD;
  wordOf[CLIENT_INPUT.moveX] = INPUT_VALUES_WORD;
  wordOf[CLIENT_INPUT.moveZ] = INPUT_VALUES_WORD + 1;
  wordOf[CLIENT_INPUT.aim] = INPUT_VALUES_WORD + 2;
  wordOf[CLIENT_INPUT.buttons] = INPUT_VALUES_WORD + 3;
  wordOf[CLIENT_INPUT.viewAge] = VIEW_AGE_WORD;
  wordOf[CLIENT_INPUT.claimedX] = claimWord + 1;
  wordOf[CLIENT_INPUT.claimedY] = claimWord + 2;
  wordOf[CLIENT_INPUT.claimedZ] = claimWord + 3;
  for (let index = 0; index < own.length; index++)
    wordOf[own[index]!.field] = INPUT_VALUES_WORD + ENGINE_INPUTS + index;
  const words = claimWord + 4;
  const leastOf = new Int32Array(words).fill(-0x8000_0000);
  const mostOf = new Int32Array(words).fill(0x7fff_ffff);
  for (const { field, type, min, max } of fields) {
    // A word is an int32: what a uint32 has above it turns negative, and so out of range.
    leastOf[wordOf[field]!] = min ?? (type === 'uint32' ? 0 : -0x8000_0000);
    mostOf[wordOf[field]!] = Math.min(max ?? 0x7fff_ffff, 0x7fff_ffff);
  }
  const written = Int32Array.from(
    fields.flatMap(({ field, type }) => [(field << 3) | VARINT, wordOf[field]!, type === 'sint32' ? 1 : 0]),
  );
  return { words, claimWord, fields, written, wordOf, fieldOf, leastOf, mostOf };
}

export interface ClientFrame {
  readonly layout: InputLayout;
  /** `inputCount` inputs of `layout.words` words each, in the order they came. */
  readonly inputs: Int32Array;
  inputCount: number;
  /**
   * Ticks whose inputs came before, as bits: bit i is `knownTick − i`. They are passed over: packets repeat the last few
   * inputs, and reading each four times was a third of what a packet cost.
   */
  knownTick: number;
  knownBits: number;
  /** How many were passed over. */
  knownCount: number;
  /** Byte ranges of the parts in the frame; an offset of −1 means the part is not there. */
  joinOffset: number;
  joinEnd: number;
  requestOffset: number;
  requestEnd: number;
  hasPing: boolean;
  pingTimeMs: number;
  readonly reader: Reader;
}

export function createClientFrame(game: GameSchema): ClientFrame {
  const layout = createInputLayout(game);
  return {
    layout,
    inputs: new Int32Array(INPUTS_PER_FRAME_MAX * layout.words),
    inputCount: 0,
    knownTick: 0,
    knownBits: 0,
    knownCount: 0,
    joinOffset: -1,
    joinEnd: -1,
    requestOffset: -1,
    requestEnd: -1,
    hasPing: false,
    pingTimeMs: 0,
    reader: new Reader(),
  };
}

/**
 * From the wire, `bytes[from, to)`. Fills `frame` and returns DECODED, MALFORMED or OUT_OF_RANGE; on failure nothing of it
 * may be used.
 */
export function readClientFrame(frame: ClientFrame, bytes: Uint8Array, from = 0, to = bytes.length): number {
  const { reader } = frame;
  reader.reset(bytes, from, to);
  frame.inputCount = 0;
  frame.knownCount = 0;
  frame.joinOffset = -1;
  frame.requestOffset = -1;
  frame.hasPing = false;
  let code = DECODED;
  while (reader.remaining > 0) {
    const tag = reader.varint();
    if ((tag & 7) !== LENGTH_DELIMITED) return MALFORMED;
    const length = reader.varint();
    if (reader.failed || length > reader.remaining) return MALFORMED;
    const end = reader.offset + length;
    const partCode = readPart(frame, tag >>> 3, end);
    if (partCode === MALFORMED || reader.failed || reader.offset !== end) return MALFORMED;
    if (partCode !== DECODED) code = partCode;
  }
  return code;
}

function readPart(frame: ClientFrame, part: number, end: number): number {
  const { reader } = frame;
  switch (part) {
    case CLIENT_MESSAGE.inputs:
      if (isKnownInput(frame, end)) {
        reader.offset = end;
        frame.knownCount++;
        return DECODED;
      }
      if (frame.inputCount === INPUTS_PER_FRAME_MAX) return MALFORMED;
      return readInput(frame, end, frame.inputCount++ * frame.layout.words);
    case CLIENT_MESSAGE.join:
      if (frame.joinOffset >= 0) return MALFORMED;
      frame.joinOffset = reader.offset;
      frame.joinEnd = end;
      reader.offset = end;
      return DECODED;
    case CLIENT_MESSAGE.request:
      if (frame.requestOffset >= 0) return MALFORMED;
      frame.requestOffset = reader.offset;
      frame.requestEnd = end;
      reader.offset = end;
      return DECODED;
    case CLIENT_MESSAGE.ping:
      if (frame.hasPing) return MALFORMED;
      return readPing(frame, end);
    default:
      return MALFORMED;
  }
}

/** Clients write the tick first; one that doesn't has its inputs read again, and the zone knows them. */
function isKnownInput({ reader, knownTick, knownBits }: ClientFrame, end: number): boolean {
  const { offset } = reader;
  if (knownBits === 0 || offset >= end || reader.u8() !== ((CLIENT_INPUT.tick << 3) | VARINT)) {
    reader.offset = offset;
    return false;
  }
  const back = knownTick - reader.varint();
  const isKnown = !reader.failed && back >= 0 && back < 32 && (knownBits & (1 << back)) !== 0;
  // What is wrong with it is found when it is read.
  reader.offset = offset;
  reader.failed = false;
  return isKnown;
}

function readPing(frame: ClientFrame, end: number): number {
  const { reader } = frame;
  frame.hasPing = true;
  frame.pingTimeMs = 0;
  while (reader.offset < end && !reader.failed) {
    if (reader.varint() !== ((1 << 3) | VARINT)) return MALFORMED;
    frame.pingTimeMs = reader.varint();
  }
  return DECODED;
}

function readInput(frame: ClientFrame, end: number, offset: number): number {
  const { reader, inputs, layout } = frame;
  for (let word = 0; word < layout.words; word++) inputs[offset + word] = 0;
  let claims = 0;
  while (reader.offset < end) {
    const tag = reader.varint();
    const number = tag >>> 3;
    if ((tag & 7) !== VARINT || number >= layout.wordOf.length) return MALFORMED;
    const word = layout.wordOf[number]!;
    if (word < 0) return MALFORMED;
    const field = layout.fieldOf[number]!;
    const value = field.type === 'sint32' ? reader.zigzag() : reader.varint();
    if (reader.failed) return MALFORMED;
    if (word > layout.claimWord) claims |= 1 << (word - layout.claimWord);
    inputs[offset + word] = value;
  }
  if (claims === 0b1110) inputs[offset + layout.claimWord] = 1;
  else if (claims !== 0) inputs.fill(0, offset + layout.claimWord, offset + layout.words);
  const { leastOf, mostOf } = layout;
  for (let word = 0; word < layout.words; word++) {
    const value = inputs[offset + word]!;
    if (value < leastOf[word]! || value > mostOf[word]!) return OUT_OF_RANGE;
  }
  return DECODED;
}

/** Appends one input, laid out as above, as a part of a ClientMessage. Fields that are 0 are left out. */
export function writeInput(writer: Writer, layout: InputLayout, words: Int32Array, offset: number): void {
  const body = inputScratch;
  body.reset();
  const { written, claimWord } = layout;
  const hasClaim = words[offset + claimWord] !== 0;
  for (let index = 0; index < written.length; index += 3) {
    const word = written[index + 1]!;
    const value = words[offset + word]!;
    if (word > claimWord ? !hasClaim : value === 0) continue;
    body.varint(written[index]!);
    if (written[index + 2] === 1) body.zigzag(value);
    else body.varint(value);
  }
  writer.varint((CLIENT_MESSAGE.inputs << 3) | LENGTH_DELIMITED);
  writer.varint(body.offset);
  writer.raw(body.bytes, 0, body.offset);
}

const inputScratch = new Writer(new Uint8Array(4096));

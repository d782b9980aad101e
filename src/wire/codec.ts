// Encodes and decodes any message of schema.ts, driven by its table. For what is rare: joins, requests, events, pings.
// Inputs and snapshots have faster paths (client-frame.ts, src/snapshot) that property tests compare with this one and
// with protobufjs. No eval anywhere, so a page with a strict content policy can use it.
// Loops go by index: what is rare stays in the interpreter, where `for … of` makes an object of each step.

import { type Reader, Writer } from '../base/bytes.ts';
import type { Message, WireField } from './schema.ts';

export type WireValue = number | string | Uint8Array | number[] | WireObject | WireObject[] | undefined;
export interface WireObject {
  readonly [name: string]: WireValue;
}

export const VARINT = 0;
const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** Why a message is not taken. */
export const DECODED = 0;
export const MALFORMED = -1;
export const OUT_OF_RANGE = -2;

/** Appends `value`; absent, zero and empty fields without explicit presence are left out, as proto3 does. Allocates. */
export function encodeMessage(writer: Writer, message: Message, value: WireObject): void {
  const { fields } = message;
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    const content = value[field.name];
    if (content === undefined) continue;
    if (field.repeated === true) encodeRepeated(writer, field, content as readonly WireValue[]);
    else encodeField(writer, field, content, field.optional === true || typeof field.type === 'object');
  }
}

/** `value` as bytes of its own. Throws when it takes more than 64 KiB: our bug, not a client's. */
export function encodeToBytes(message: Message, value: WireObject): Uint8Array {
  scratch.reset();
  encodeMessage(scratch, message, value);
  if (scratch.failed) throw new Error(`a ${message.name} takes more than ${scratch.bytes.length} bytes`);
  return scratch.copy();
}

/** What every object has: a field of such a name is told apart from what is inherited. */
const NO_FIELDS: object = {};
const scratch = new Writer(new Uint8Array(65_536));

function encodeField(writer: Writer, field: WireField, content: WireValue, always: boolean): void {
  if (field.type === 'uint32' || field.type === 'sint32') {
    const number = content as number;
    if (number === 0 && !always) return;
    writer.varint((field.field << 3) | VARINT);
    if (field.type === 'uint32') writer.varint(number);
    else writer.zigzag(number);
  } else if (field.type === 'string') {
    if (content === '' && !always) return;
    writer.varint((field.field << 3) | LENGTH_DELIMITED);
    writer.text(content as string);
  } else if (field.type === 'bytes') {
    const bytes = content as Uint8Array;
    if (bytes.length === 0 && !always) return;
    writer.varint((field.field << 3) | LENGTH_DELIMITED);
    writer.varint(bytes.length);
    writer.raw(bytes);
  } else {
    writer.varint((field.field << 3) | LENGTH_DELIMITED);
    const start = writer.beginPart();
    encodeMessage(writer, field.type, content as WireObject);
    writer.endPart(start);
  }
}

function encodeRepeated(writer: Writer, field: WireField, elements: readonly WireValue[]): void {
  if (elements.length === 0) return;
  if (field.type !== 'uint32' && field.type !== 'sint32') {
    for (const element of elements) encodeField(writer, field, element, true);
    return;
  }
  writer.varint((field.field << 3) | LENGTH_DELIMITED);
  const start = writer.beginPart();
  for (const element of elements) {
    if (field.type === 'uint32') writer.varint(element as number);
    else writer.zigzag(element as number);
  }
  writer.endPart(start);
}

const NO_BYTES = new Uint8Array(0);

export interface Decoded {
  /** DECODED, MALFORMED or OUT_OF_RANGE. */
  code: number;
  /** What the bytes said nothing of is 0, '' or []; an absent message or optional field is undefined, its key left out. */
  value: WireObject;
}

/**
 * Reads one message from the reader's window. From the wire: any bytes. A server rejects fields it doesn't know (the
 * protocol version was checked at join, so they are noise or an attack); a client skips them (its server may be newer).
 */
export function decodeMessage(reader: Reader, message: Message, unknown: 'reject' | 'skip'): Decoded {
  const value: Record<string, WireValue> = {};
  const { fields } = message;
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    if (field.repeated === true) value[field.name] = [];
    else if (typeof field.type !== 'object' && field.optional !== true) {
      value[field.name] = field.type === 'string' ? '' : field.type === 'bytes' ? NO_BYTES : 0;
    } else if (field.name in NO_FIELDS) value[field.name] = undefined;
  }
  let code = DECODED;
  while (reader.remaining > 0 && !reader.failed) {
    const tag = reader.varint();
    const field = findField(message, tag >>> 3);
    if (field === undefined) {
      if (unknown === 'reject' || !skipField(reader, tag)) return { code: MALFORMED, value };
      continue;
    }
    const fieldCode = decodeField(reader, tag & 7, field, value, unknown);
    if (fieldCode === MALFORMED) return { code: MALFORMED, value };
    if (fieldCode !== DECODED) code = fieldCode;
    if (field.oneof !== undefined) dropOthers(message, field, value);
  }
  if (reader.failed) return { code: MALFORMED, value };
  return { code: areAbsentInRange(message, value) ? code : OUT_OF_RANGE, value };
}

/** Of fields that exclude each other the last one counts, as in every protobuf parser. */
function dropOthers(message: Message, chosen: WireField, value: Record<string, WireValue>): void {
  const { fields } = message;
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    if (field.oneof !== chosen.oneof || field === chosen) continue;
    if (value[field.name] !== undefined) value[field.name] = undefined;
  }
}

/** What was left out is 0, and that is no way around a bound: an amount of 1 and more can't be asked for as 0. */
function areAbsentInRange(message: Message, value: Record<string, WireValue>): boolean {
  const { fields } = message;
  for (let index = 0; index < fields.length; index++) {
    const content = value[fields[index]!.name];
    if (typeof content === 'number' && !isInRange(fields[index]!, content)) return false;
  }
  return true;
}

function findField(message: Message, number: number): WireField | undefined {
  const { fields } = message;
  for (let index = 0; index < fields.length; index++) if (fields[index]!.field === number) return fields[index];
  return undefined;
}

/** Steps over a field of any number; false for groups and unknown wire types. */
export function skipField(reader: Reader, tag: number): boolean {
  if (tag >>> 3 === 0) return false;
  switch (tag & 7) {
    case VARINT:
      for (let count = 0; count < 10; count++) if (reader.u8() < 0x80) return !reader.failed;
      return false;
    case FIXED64:
      reader.skip(8);
      break;
    case LENGTH_DELIMITED:
      reader.skip(reader.varint());
      break;
    case FIXED32:
      reader.skip(4);
      break;
    default:
      return false;
  }
  return !reader.failed;
}

function decodeField(
  reader: Reader,
  wireType: number,
  field: WireField,
  value: Record<string, WireValue>,
  unknown: 'reject' | 'skip',
): number {
  if (field.type === 'uint32' || field.type === 'sint32') {
    if (field.repeated === true && wireType === LENGTH_DELIMITED) return decodePacked(reader, field, value);
    if (wireType !== VARINT) return MALFORMED;
    const number = field.type === 'uint32' ? reader.varint() : reader.zigzag();
    if (field.repeated === true) (value[field.name] as number[]).push(number);
    else value[field.name] = number;
    return isInRange(field, number) ? DECODED : OUT_OF_RANGE;
  }
  if (wireType !== LENGTH_DELIMITED) return MALFORMED;
  const length = reader.varint();
  if (reader.failed || length > reader.remaining) return MALFORMED;
  if (field.type === 'string') {
    value[field.name] = reader.text(length);
    return field.most !== undefined && length > field.most ? OUT_OF_RANGE : DECODED;
  }
  if (field.type === 'bytes') {
    value[field.name] = Uint8Array.prototype.slice.call(reader.bytes, reader.offset, reader.offset + length);
    reader.skip(length);
    return DECODED;
  }
  const end = reader.end;
  reader.end = reader.offset + length;
  const nested = decodeMessage(reader, field.type, unknown);
  reader.end = end;
  if (field.repeated !== true) value[field.name] = nested.value;
  else {
    const elements = value[field.name] as WireObject[];
    elements.push(nested.value);
    if (field.most !== undefined && elements.length > field.most) return OUT_OF_RANGE;
  }
  return nested.code;
}

function decodePacked(reader: Reader, field: WireField, value: Record<string, WireValue>): number {
  const length = reader.varint();
  if (reader.failed || length > reader.remaining) return MALFORMED;
  const end = reader.offset + length;
  const elements = value[field.name] as number[];
  while (reader.offset < end && !reader.failed) {
    elements.push(field.type === 'uint32' ? reader.varint() : reader.zigzag());
  }
  return reader.offset === end && !reader.failed ? DECODED : MALFORMED;
}

function isInRange(field: WireField, number: number): boolean {
  return (field.min === undefined || number >= field.min) && (field.max === undefined || number <= field.max);
}

// A span as bytes, on its way through a ring from the thread that made it to the main thread. Any thread; pure.
//
//   u8 name | u8 error | u53 start in µs since 1970 | u53 duration in µs | trace id, span id, parent id as texts | u8 count
//   then so many:  u8 attribute | u53 or text

import type { Reader, Writer } from '../base/bytes.ts';
import {
  SPAN_ATTRIBUTES,
  SPAN_TEXT_CHARACTERS_MAX,
  SPANS,
  type SpanAttribute,
  type SpanAttributes,
  type SpanName,
  type SpanRecord,
} from './spans.ts';

const NAMES = Object.keys(SPANS) as SpanName[];
const NUMBERS = new Map(NAMES.map((name, number) => [name, number]));
const ATTRIBUTES = Object.keys(SPAN_ATTRIBUTES) as SpanAttribute[];

/** A span's longest record: every attribute, each text at three bytes a character. */
export const SPAN_BYTES_MAX = 128 + ATTRIBUTES.length * (3 + 3 * SPAN_TEXT_CHARACTERS_MAX);

export function writeSpan(writer: Writer, span: SpanRecord): void {
  writer.u8(NUMBERS.get(span.name)!);
  writer.u8(span.isError ? 1 : 0);
  const startUs = Math.round(span.startMs * 1000);
  writer.u53(startUs);
  writer.u53(Math.max(0, Math.round(span.endMs * 1000) - startUs));
  writer.text(span.traceId);
  writer.text(span.spanId);
  writer.text(span.parentId);
  const countAt = writer.offset;
  writer.u8(0);
  let count = 0;
  for (let number = 0; number < ATTRIBUTES.length; number++) {
    const value = span.attributes[ATTRIBUTES[number]!];
    if (value === undefined || value === '') continue;
    writer.u8(number);
    if (typeof value === 'number') writer.u53(value);
    else writer.text(value.slice(0, SPAN_TEXT_CHARACTERS_MAX));
    count++;
  }
  if (!writer.failed) writer.bytes[countAt] = count;
}

/** Undefined for what is no span. */
export function readSpan(reader: Reader): SpanRecord | undefined {
  const name = NAMES[reader.u8()];
  const isError = reader.u8() === 1;
  const startUs = reader.u53();
  const endUs = startUs + reader.u53();
  const traceId = reader.text(reader.varint());
  const spanId = reader.text(reader.varint());
  const parentId = reader.text(reader.varint());
  const attributes: Record<string, number | string> = {};
  for (let left = reader.u8(); left > 0 && !reader.failed; left--) {
    const attribute = ATTRIBUTES[reader.u8()];
    if (attribute === undefined) return undefined;
    attributes[attribute] = SPAN_ATTRIBUTES[attribute] === 'number' ? reader.u53() : reader.text(reader.varint());
  }
  if (name === undefined || reader.failed) return undefined;
  const times = { startMs: startUs / 1000, endMs: endUs / 1000 };
  return { name, isError, ...times, traceId, spanId, parentId, attributes: attributes as SpanAttributes };
}

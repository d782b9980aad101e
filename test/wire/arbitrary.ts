// Random values for any message of the tables, extremes often, and the form in which two decoders are compared.

import fc from 'fast-check';
import type { WireObject, WireValue } from '../../src/wire/codec.ts';
import type { Message, WireField } from '../../src/wire/schema.ts';

const EDGES = [0, 1, -1, 63, 64, -64, -65, 127, 128, 0x3fff, 0x4000, 0x1f_ffff, 0x20_0000, 0xfff_ffff, 0x1000_0000];

export function numberArbitrary(field: WireField): fc.Arbitrary<number> {
  const min = field.min ?? (field.type === 'sint32' ? -0x8000_0000 : 0);
  const max = field.max ?? (field.type === 'sint32' ? 0x7fff_ffff : 0xffff_ffff);
  const edges = [...EDGES, min, max].filter((value) => value >= min && value <= max);
  return fc.oneof(fc.constantFrom(...edges), fc.integer({ min, max }));
}

function textArbitrary(most: number): fc.Arbitrary<string> {
  return fc.string({ unit: 'binary', maxLength: most }).filter((text) => new TextEncoder().encode(text).length <= most);
}

function fieldArbitrary(field: WireField): fc.Arbitrary<WireValue> {
  const one: fc.Arbitrary<WireValue> =
    typeof field.type === 'object'
      ? messageArbitrary(field.type)
      : field.type === 'string'
        ? textArbitrary(field.most ?? 100)
        : field.type === 'bytes'
          ? fc.uint8Array({ maxLength: 40 })
          : numberArbitrary(field);
  if (field.repeated !== true) return one;
  return fc.array(one, { maxLength: Math.min(field.most ?? 6, 8) }) as fc.Arbitrary<WireValue>;
}

/** Values within the table's bounds; of fields that exclude each other at most one. */
export function messageArbitrary(message: Message): fc.Arbitrary<WireObject> {
  const fields: Record<string, fc.Arbitrary<WireValue>> = {};
  const choices: WireField[] = [];
  for (const field of message.fields) {
    if (field.oneof !== undefined) choices.push(field);
    else if (mayBeAbsent(field)) fields[field.name] = fc.option(fieldArbitrary(field), { nil: undefined });
    else fields[field.name] = fieldArbitrary(field);
  }
  const plain = fc.record(fields) as fc.Arbitrary<WireObject>;
  if (choices.length === 0) return plain;
  const choice = fc.oneof(
    fc.constant<WireObject>({}),
    ...choices.map((field) => fieldArbitrary(field).map((value): WireObject => ({ [field.name]: value }))),
  );
  return fc.tuple(plain, choice).map(([head, body]) => ({ ...head, ...body }));
}

/** A number whose range lacks 0 must be sent. */
function mayBeAbsent(field: WireField): boolean {
  return (field.min ?? 0) <= 0 && (field.max ?? 0) >= 0;
}

/** Without what proto3 leaves out, so that values of different decoders are equal when they mean the same. */
export function normalise(message: Message, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const field of message.fields) {
    const content = value[field.name];
    if (content === undefined || content === null) continue;
    if (Array.isArray(content)) {
      if (content.length > 0) result[field.name] = content.map((element) => normaliseOne(field, element));
    } else if (field.optional === true || typeof field.type === 'object') {
      result[field.name] = normaliseOne(field, content);
    } else if (field.type === 'bytes') {
      // A Buffer is one of protobufjs, the same bytes of another class.
      if ((content as Uint8Array).length > 0) result[field.name] = Uint8Array.from(content as Uint8Array);
    } else if (content !== 0 && content !== '') result[field.name] = content;
  }
  return result;
}

function normaliseOne(field: WireField, content: unknown): unknown {
  return typeof field.type === 'object' ? normalise(field.type, content as Record<string, unknown>) : content;
}

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Writer } from '../../src/base/bytes.ts';
import {
  type ClientFrame,
  createClientFrame,
  INPUT_ACK_AGE_WORD,
  INPUT_TICK_WORD,
  INPUT_VALUES_WORD,
  readClientFrame,
  writeInput,
} from '../../src/wire/client-frame.ts';
import { DECODED, encodeToBytes, MALFORMED, OUT_OF_RANGE, type WireObject } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { messageArbitrary, normalise } from './arbitrary.ts';
import { PROBE_SCHEMA } from './probe-schema.ts';
import { createReference } from './reference.ts';

const messages = createMessages(PROBE_SCHEMA);
const reference = createReference(PROBE_SCHEMA);
const { clientMessage, clientInput, clientJoin, clientRequest } = messages;

/** Where each field's value must stand, said once more by hand. */
const WORDS: Readonly<Record<string, number>> = {
  tick: INPUT_TICK_WORD,
  ackAge: INPUT_ACK_AGE_WORD,
  moveX: INPUT_VALUES_WORD,
  moveZ: INPUT_VALUES_WORD + 1,
  aim: INPUT_VALUES_WORD + 2,
  buttons: INPUT_VALUES_WORD + 3,
  viewAge: INPUT_VALUES_WORD + 4,
  pitch: INPUT_VALUES_WORD + 5,
  stance: INPUT_VALUES_WORD + 6,
  drift: INPUT_VALUES_WORD + 7,
  charge: INPUT_VALUES_WORD + 8,
};
const CLAIM = INPUT_VALUES_WORD + 9;

function inputOf(words: Int32Array, offset: number): Record<string, number> {
  const value: Record<string, number> = {};
  for (const [name, word] of Object.entries(WORDS)) value[name] = words[offset + word]!;
  if (words[offset + CLAIM] === 1) {
    for (const [index, name] of ['claimedX', 'claimedY', 'claimedZ'].entries()) {
      value[name] = words[offset + CLAIM + 1 + index]!;
    }
  }
  return value;
}

/** A claim counts when all three were sent. */
function withWholeClaim(input: WireObject): WireObject {
  const { claimedX, claimedY, claimedZ, ...rest } = input;
  if (claimedX === undefined || claimedY === undefined || claimedZ === undefined) return rest;
  return input;
}

/** A view whose neighbours are canaries, and that notices a read past either end. */
function guarded(content: Uint8Array): Uint8Array {
  const view = new Uint8Array(new ArrayBuffer(content.length + 128), 64, content.length);
  new Uint8Array(view.buffer).fill(0xaa);
  view.set(content);
  return new Proxy(view, {
    get(target, key) {
      if (typeof key === 'string' && /^-?\d+$/.test(key) && (Number(key) < 0 || Number(key) >= target.length)) {
        throw new Error(`byte ${key} of ${target.length} was read`);
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function read(bytes: Uint8Array, frame: ClientFrame = createClientFrame(PROBE_SCHEMA)) {
  const code = readClientFrame(frame, guarded(bytes));
  return { code, frame };
}

function checkAgainst(value: WireObject, bytes: Uint8Array, frame: ClientFrame): void {
  const inputs = (value.inputs ?? []) as WireObject[];
  expect(frame.inputCount).toBe(inputs.length);
  for (const [index, input] of inputs.entries()) {
    const decoded = inputOf(frame.inputs, index * frame.layout.words);
    expect(normalise(clientInput, decoded)).toEqual(normalise(clientInput, withWholeClaim(input)));
  }
  for (const [part, message, from, end] of [
    ['join', clientJoin, frame.joinOffset, frame.joinEnd],
    ['request', clientRequest, frame.requestOffset, frame.requestEnd],
  ] as const) {
    expect(from >= 0).toBe(value[part] !== undefined);
    if (from < 0) continue;
    expect(end).toBeLessThanOrEqual(bytes.length);
    let decoded: Record<string, unknown> | undefined;
    try {
      decoded = reference.decode(message, bytes.subarray(from, end));
    } catch {
      continue; // The part itself is decodeMessage's business.
    }
    expect(decoded).toEqual(normalise(message, value[part] as WireObject));
  }
  expect(frame.hasPing).toBe(value.ping !== undefined);
  if (value.ping !== undefined) expect(frame.pingTimeMs).toBe((value.ping as WireObject).clientTimeMs ?? 0);
}

test('inputs of ticks that are known are passed over, whatever lies in them; the others are read', () => {
  const frame = createClientFrame(PROBE_SCHEMA);
  const input = fc.tuple(messageArbitrary(clientInput), fc.nat(60)).map(([value, tick]) => ({ ...value, tick }));
  fc.assert(
    fc.property(
      fc.array(input, { maxLength: 8 }),
      fc.integer({ min: 0, max: 70 }),
      fc.integer(),
      fc.nat(5),
      (inputs, knownTick, knownBits, cut) => {
        const isKnown = (tick: number): boolean =>
          tick > 0 && knownTick >= tick && knownTick - tick < 32 && (knownBits & (1 << (knownTick - tick))) !== 0;
        frame.knownTick = knownTick;
        frame.knownBits = knownBits;
        const bytes = reference.encode(clientMessage, { inputs });
        expect(read(bytes, frame).code).toBe(DECODED);
        const rest = inputs.filter(({ tick }) => !isKnown(tick));
        checkAgainst({ inputs: rest }, bytes, frame);
        expect(frame.knownCount).toBe(inputs.length - rest.length);
        if (cut > 0 && cut < bytes.length)
          expect([DECODED, MALFORMED]).toContain(read(bytes.slice(0, -cut), frame).code);
      },
    ),
    { numRuns: 500 },
  );
});

test('reads what protobufjs writes', () => {
  const frame = createClientFrame(PROBE_SCHEMA);
  fc.assert(
    fc.property(messageArbitrary(clientMessage), (value) => {
      const bytes = reference.encode(clientMessage, value);
      expect(read(bytes, frame).code).toBe(DECODED);
      checkAgainst(value, bytes, frame);
    }),
    { numRuns: 200 },
  );
});

test('writeInput writes what protobufjs and readClientFrame read', () => {
  const frame = createClientFrame(PROBE_SCHEMA);
  const again = createClientFrame(PROBE_SCHEMA);
  fc.assert(
    fc.property(fc.array(messageArbitrary(clientInput), { minLength: 1, maxLength: 8 }), (inputs) => {
      expect(read(reference.encode(clientMessage, { inputs }), frame).code).toBe(DECODED);
      const writer = new Writer(new Uint8Array(4096));
      for (let index = 0; index < frame.inputCount; index++) {
        writeInput(writer, frame.layout, frame.inputs, index * frame.layout.words);
      }
      const bytes = writer.copy();
      const expected = inputs.map((input) => normalise(clientInput, withWholeClaim(input)));
      expect(reference.decode(clientMessage, bytes)).toEqual({ inputs: expected });
      expect(read(bytes, again).code).toBe(DECODED);
      expect(again.inputs).toEqual(frame.inputs);
    }),
    { numRuns: 100 },
  );
});

function checkInputRanges(frame: ClientFrame): void {
  for (let index = 0; index < frame.inputCount; index++) {
    const input = inputOf(frame.inputs, index * frame.layout.words);
    for (const { name, type, min, max } of clientInput.fields) {
      if (input[name] === undefined) continue;
      expect(input[name], name).toBeGreaterThanOrEqual(min ?? (type === 'uint32' ? 0 : -0x8000_0000));
      expect(input[name], name).toBeLessThanOrEqual(max ?? 0x7fff_ffff);
    }
  }
}

test('cut anywhere, any bit turned: a code, nothing outside is read, what is taken protobufjs reads the same', () => {
  const frame = createClientFrame(PROBE_SCHEMA);
  const check = (bytes: Uint8Array): void => {
    const { code } = read(bytes, frame);
    expect([DECODED, MALFORMED, OUT_OF_RANGE]).toContain(code);
    if (code !== DECODED) return;
    checkInputRanges(frame);
    let value: WireObject;
    try {
      value = reference.decode(clientMessage, bytes) as WireObject;
    } catch {
      return; // Broken inside a join or a request: decodeMessage refuses it.
    }
    checkAgainst(value, bytes, frame);
  };
  fc.assert(
    fc.property(messageArbitrary(clientMessage), (value) => {
      const bytes = encodeToBytes(clientMessage, value);
      const span = Math.min(bytes.length, 150);
      for (let end = 0; end < span; end++) check(bytes.subarray(0, end));
      for (let bit = 0; bit < span * 8; bit++) {
        const flipped = bytes.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        check(flipped);
      }
    }),
    { numRuns: 6 },
  );
});

test('any bytes: a code', () => {
  const frame = createClientFrame(PROBE_SCHEMA);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const { code } = read(bytes, frame);
      expect([DECODED, MALFORMED, OUT_OF_RANGE]).toContain(code);
      if (code === DECODED) checkInputRanges(frame);
    }),
    { numRuns: 2000 },
  );
});

const INPUT = (2 << 3) | 2;
const stance = [0xe0, 0x08, 1];
const part = (number: number, ...content: number[]): number[] => [(number << 3) | 2, content.length, ...content];
const nine = Array.from({ length: 9 }, () => part(2, 8, 1, ...stance)).flat();

test.each<[string, number, number[]]>([
  ['nothing at all', DECODED, []],
  ['one input', DECODED, part(2, 8, 1, ...stance)],
  ['eight inputs', DECODED, nine.slice(0, (nine.length / 9) * 8)],
  ['nine inputs', MALFORMED, nine],
  ['a number left out whose range lacks 0', OUT_OF_RANGE, part(2, 8, 1)],
  ['the last of a field twice counts', DECODED, part(2, 0x18, 2, 0x18, 4, ...stance)],
  ['out of range, then corrected', DECODED, part(2, 0x18, 0xff, 0x7f, 0x18, 4, ...stance)],
  ['a tick above 31 bits', OUT_OF_RANGE, part(2, 8, 0xff, 0xff, 0xff, 0xff, 0x0f, ...stance)],
  ['aim above 16 bits', OUT_OF_RANGE, part(2, 0x28, 0x80, 0x80, 0x04, ...stance)],
  ['an overlong varint', MALFORMED, part(2, 8, 0x81, 0x00, ...stance)],
  ['a varint of ten bytes', MALFORMED, part(2, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1)],
  ['an overlong length', MALFORMED, [INPUT, 0x82, 0x00, 8, 1]],
  ['a length past the end', MALFORMED, [INPUT, 3, 8, 1]],
  ['a length of 4 GiB', MALFORMED, [INPUT, 0xff, 0xff, 0xff, 0xff, 0x0f, 8, 1]],
  ['a value that runs into the next part', MALFORMED, [INPUT, 2, 8, 0x81, 1, ...part(2, 8, 1)]],
  ['an unknown field in an input', MALFORMED, part(2, 15 << 3, 1, ...stance)],
  ['a field number above all known', MALFORMED, part(2, 0x80, 0x80, 0x80, 0x80, 0x08, 1)],
  ['field number 0', MALFORMED, part(2, 0, 1)],
  ['an input’s field as bytes', MALFORMED, part(2, (1 << 3) | 2, 1, 1)],
  ['an input’s field as fixed32', MALFORMED, part(2, (1 << 3) | 5, 1, 2, 3, 4)],
  ['a group', MALFORMED, [(2 << 3) | 3, (2 << 3) | 4]],
  ['a part as a number', MALFORMED, [2 << 3, 1]],
  ['an unknown part', MALFORMED, part(5, 1)],
  ['part 0', MALFORMED, part(0)],
  ['two joins', MALFORMED, [...part(1), ...part(1)]],
  ['two requests', MALFORMED, [...part(3), ...part(3)]],
  ['two pings', MALFORMED, [...part(4), ...part(4)]],
  ['a ping with an unknown field', MALFORMED, part(4, 16, 1)],
  ['one good part, then a broken one', MALFORMED, [...part(4, 8, 1), INPUT]],
])('%s', (_, expected, bytes) => {
  expect(read(Uint8Array.from(bytes)).code).toBe(expected);
});

test('a claim counts only when all three parts of it were sent', () => {
  const { frame } = read(encodeToBytes(clientMessage, { inputs: [{ stance: 1, claimedX: 5, claimedZ: 6 }] }));
  expect(frame.inputs[CLAIM]).toBe(0);
  const whole = read(encodeToBytes(clientMessage, { inputs: [{ stance: 1, claimedX: 0, claimedY: 0, claimedZ: 0 }] }));
  expect(whole.frame.inputs[CLAIM]).toBe(1);
});

// What bench/load/zone.k6.js needs of proto/STANDARD.md, by hand: k6 brings its own JavaScript engine and no protobuf. Only
// what a client must say to join and walk, and of what it hears only what it must answer and what is measured.

/** Bytes that are about to be sent. */
export function createWriter(size) {
  const bytes = new Uint8Array(size);
  let at = 0;
  const writer = {
    reset() {
      at = 0;
    },
    varint(number) {
      let rest = number;
      while (rest > 0x7f) {
        bytes[at++] = (rest % 0x80) | 0x80;
        rest = Math.floor(rest / 0x80);
      }
      bytes[at++] = rest;
    },
    /** A field that is 0 is left out. */
    uint(field, number) {
      if (number === 0) return;
      writer.varint(field << 3);
      writer.varint(number);
    },
    sint(field, number) {
      writer.uint(field, number < 0 ? -2 * number - 1 : 2 * number);
    },
    text(field, text) {
      writer.varint((field << 3) | 2);
      writer.varint(text.length);
      for (let index = 0; index < text.length; index++) bytes[at++] = text.charCodeAt(index);
    },
    /** `write` writes a message of fewer than 128 bytes, or `lengthBytes` says how many its length needs. */
    part(field, write, lengthBytes = 1) {
      writer.varint((field << 3) | 2);
      const length = at;
      at += lengthBytes;
      write();
      let rest = at - length - lengthBytes;
      for (let index = 0; index < lengthBytes; index++, rest >>= 7) {
        bytes[length + index] = (rest & 0x7f) | (index < lengthBytes - 1 ? 0x80 : 0);
      }
      if (rest > 0) throw new Error('a message is longer than its length says');
    },
    /** A copy: k6 sends it later. */
    take: () => bytes.slice(0, at).buffer,
  };
  return writer;
}

const JOIN = 1;
const INPUTS = 2;
const PING = 4;
/** Of a length that is known only afterwards, two bytes are kept; such a varint would be needlessly long below this. */
const TWO_BYTES_MIN = 128;

/** @param session what POST /v1/session answered */
export function writeJoin(writer, { token, protocolVersion, game }) {
  writer.reset();
  const lengthBytes = token.length + game.name.length >= TWO_BYTES_MIN ? 2 : 1;
  const write = () => {
    writer.text(1, token);
    writer.uint(2, protocolVersion);
    writer.text(3, game.name);
    writer.uint(4, game.version);
  };
  writer.part(JOIN, write, lengthBytes);
  return writer.take();
}

/** Appends an input. @param ackTick of the newest snapshot; −1: none */
export function writeInput(writer, tick, ackTick, { moveX, moveZ, aim }) {
  writer.part(INPUTS, () => {
    writer.uint(1, tick);
    if (ackTick >= 0) writer.uint(2, Math.max(0, tick - ackTick));
    writer.sint(3, moveX);
    writer.sint(4, moveZ);
    writer.uint(5, aim);
  });
}

export function writePing(writer, timeMs) {
  writer.part(PING, () => writer.uint(1, timeMs));
}

/**
 * Calls `visit(field, value, from, end)` for each field: the number, or where its bytes are. Throws for what is no protobuf
 * of this wire: all of a server's messages are.
 */
export function readFields(bytes, from, end, visit) {
  let at = from;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      if (at >= end || scale > 0x8_0000_0000) throw new Error('a broken number');
      const byte = bytes[at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < end) {
    const tag = varint();
    const field = tag >>> 3;
    if ((tag & 7) === 0) visit(field, varint(), at, at);
    else if ((tag & 7) === 2) {
      const length = varint();
      if (at + length > end) throw new Error('a part beyond its message');
      visit(field, 0, at, at + length);
      at += length;
    } else throw new Error(`a field of wire type ${tag & 7}`);
  }
}

export const unzigzag = (number) => (number % 2 === 0 ? number / 2 : -(number + 1) / 2);

const SERVER = { welcome: 1, snapshot: 2, pong: 5, goodbye: 6 };
const DELTAS = 5;
const ENTITIES = 6;
const CHANGES = 9;

function readNumbers(bytes, from, end, names) {
  const values = {};
  readFields(bytes, from, end, (field, value) => {
    if (names[field] !== undefined) values[names[field]] = value;
  });
  return values;
}

/**
 * One frame of the server: `{welcome, snapshot, pong, goodbye}`, those that are in it.
 * @param doesCount whether entities of a snapshot are counted
 * @param ownSlot whose place is looked for in snapshots; −1: nobody's
 */
export function readServerMessage(buffer, doesCount, ownSlot) {
  const bytes = new Uint8Array(buffer);
  const message = {};
  readFields(bytes, 0, bytes.length, (part, _, from, end) => {
    if (part === SERVER.welcome) {
      message.welcome = readNumbers(bytes, from, end, { 2: 'zoneId', 3: 'tickHz', 6: 'slot', 8: 'tick' });
    } else if (part === SERVER.snapshot) message.snapshot = readSnapshot(bytes, from, end, doesCount, ownSlot);
    else if (part === SERVER.pong) {
      message.pong = readNumbers(bytes, from, end, { 1: 'timeMs', 2: 'tick', 3: 'tickAgeMicros' });
    } else if (part === SERVER.goodbye) {
      message.goodbye = '';
      readFields(bytes, from, end, (field, __, start, stop) => {
        if (field === 1) message.goodbye = String.fromCharCode(...bytes.subarray(start, stop));
      });
    }
  });
  return message;
}

/** Its tick and lead; if asked, how many entities it tells of, and whether the own one has another place. */
function readSnapshot(bytes, from, end, doesCount, ownSlot) {
  const snapshot = { tick: 0, inputLead: 0, entities: 0, hasMoved: false };
  const numbers = doesCount || ownSlot >= 0 ? end : endOfNumbers(bytes, from, end);
  readFields(bytes, from, numbers, (field, value, start, stop) => {
    if (field === 1) snapshot.tick = value;
    else if (field === 4) snapshot.inputLead = unzigzag(value);
    else if (field === ENTITIES || field === DELTAS) snapshot.entities++;
    // Behind four bits the head says how many records follow; these are of others, and nothing looks at them here.
    else if (field === CHANGES) snapshot.entities += (bytes[start] >> 4) | (bytes[start + 1] << 4);
    if (field !== DELTAS || ownSlot < 0) return;
    const { slot = 0, x, z } = readNumbers(bytes, start, stop, { 1: 'slot', 4: 'x', 6: 'z' });
    if (slot === ownSlot && (x !== undefined || z !== undefined)) snapshot.hasMoved = true;
  });
  return snapshot;
}

/** Where the first part with a length begins: its numbers, of fields below 16, come first. */
function endOfNumbers(bytes, from, end) {
  let at = from;
  while (at < end && (bytes[at] & 7) === 0) {
    at++;
    while (bytes[at] > 0x7f) at++;
    at++;
  }
  return at;
}

// What is fuzzed: every parser that foreign bytes reach, each with seeds to start from and what must hold for any
// bytes at all. A target throws when it doesn't.

import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { Reader } from '../../src/base/bytes.ts';
import {
  APPLIED,
  applySnapshot,
  createReplicas,
  NO_BASELINE,
  type Replicas,
  STALE,
} from '../../src/snapshot/replicas.ts';
import { createClientFrame, readClientFrame } from '../../src/wire/client-frame.ts';
import {
  DECODED,
  decodeMessage,
  encodeToBytes,
  MALFORMED,
  OUT_OF_RANGE,
  type WireObject,
} from '../../src/wire/codec.ts';
import { createMessages, type Message } from '../../src/wire/schema.ts';
import { messageArbitrary } from '../wire/arbitrary.ts';
import { bitsToBytes, readModel, writeModel } from '../wire/changes-model.ts';
import { PROBE_ROWS, PROBE_SCHEMA } from '../wire/probe-schema.ts';
import { channelTargets } from './channel-targets.ts';
import { netcodeTargets } from './netcode-targets.ts';
import { rekeyTargets } from './rekey-targets.ts';
import { rendezvousTargets } from './rendezvous-targets.ts';
import { sessionTarget } from './session-targets.ts';
import { type FuzzTarget, hold } from './target.ts';

const messages = createMessages(PROBE_SCHEMA);
const SEEDS_PER_MESSAGE = 12;
const CORPUS = new URL('./corpus/', import.meta.url);

function seedsOf(message: Message): Uint8Array[] {
  const values = fc.sample(messageArbitrary(message), { numRuns: SEEDS_PER_MESSAGE, seed: 1 });
  return [new Uint8Array(0), ...values.map((value) => encodeToBytes(message, value))];
}

/** Lines of hex; what follows a # says what it is. Every target gets them all: one parser's food is another's poison. */
export function readCorpus(): Uint8Array[] {
  const files = readdirSync(CORPUS).filter((file) => file.endsWith('.hex'));
  const lines = files.flatMap((file) => readFileSync(new URL(file, CORPUS), 'utf8').split('\n'));
  const contents = lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '');
  return contents.map((line) => Uint8Array.from(line.split(/\s+/), (byte) => Number.parseInt(byte, 16)));
}

function checkValue(message: Message, value: WireObject): void {
  for (const { name, type, min, max, most, repeated } of message.fields) {
    const content = value[name];
    const elements = repeated === true ? (content as WireObject[]) : content === undefined ? [] : [content];
    hold(repeated !== true || most === undefined || elements.length <= most, `${message.name}.${name} has too many`);
    for (const element of elements) {
      if (typeof type === 'object') checkValue(type, element as WireObject);
      else if (type === 'string') hold(typeof element === 'string', `${message.name}.${name} is no text`);
      else if (type === 'bytes') hold(element instanceof Uint8Array, `${message.name}.${name} is no bytes`);
      else {
        const number = element as unknown as number;
        hold(Number.isInteger(number), `${message.name}.${name} is no integer`);
        hold(number >= (min ?? -0x8000_0000) && number <= (max ?? 0xffff_ffff), `${message.name}.${name} is ${number}`);
      }
    }
  }
}

function decodeTarget(message: Message): FuzzTarget {
  return {
    name: `decodeMessage ${message.name}`,
    seeds: seedsOf(message),
    run(bytes) {
      const strict = decodeMessage(new Reader(bytes), message, 'reject');
      const lenient = decodeMessage(new Reader(bytes), message, 'skip');
      for (const { code, value } of [strict, lenient]) {
        hold(code === DECODED || code === MALFORMED || code === OUT_OF_RANGE, `code ${code}`);
        if (code === DECODED) checkValue(message, value);
      }
      hold(strict.code !== DECODED || lenient.code === DECODED, 'a client refuses what a server takes');
      // What was taken can be said again, and then means the same.
      if (strict.code !== DECODED) return;
      const again = decodeMessage(new Reader(encodeToBytes(message, strict.value)), message, 'reject');
      hold(again.code === DECODED, 'its own encoding is refused');
      const bytesAgain = encodeToBytes(message, again.value);
      hold(bytesAgain.length === encodeToBytes(message, strict.value).length, 'its own encoding means another thing');
    },
  };
}

function clientFrameTarget(): FuzzTarget {
  const frame = createClientFrame(PROBE_SCHEMA);
  return {
    name: 'readClientFrame',
    seeds: seedsOf(messages.clientMessage),
    run(bytes) {
      const code = readClientFrame(frame, bytes);
      hold(code === DECODED || code === MALFORMED || code === OUT_OF_RANGE, `code ${code}`);
      if (code !== DECODED) return;
      hold(frame.inputCount <= 8, `${frame.inputCount} inputs`);
      for (let word = 0; word < frame.inputCount * frame.layout.words; word++) {
        const value = frame.inputs[word]!;
        const at = word % frame.layout.words;
        hold(value >= frame.layout.leastOf[at]! && value <= frame.layout.mostOf[at]!, `word ${at} is ${value}`);
      }
      for (const [from, end] of [
        [frame.joinOffset, frame.joinEnd],
        [frame.requestOffset, frame.requestEnd],
      ] as const) {
        hold(from < 0 || (from <= end && end <= bytes.length), `a part from ${from} to ${end} of ${bytes.length}`);
      }
    },
  };
}

/** Snapshots that a hostile server sends one after the other to one client; it starts anew now and then. */
function snapshotTarget(): FuzzTarget {
  let replicas: Replicas = createReplicas(PROBE_ROWS);
  let runs = 0;
  return {
    name: 'applySnapshot',
    seeds: seedsOf(messages.serverSnapshot),
    run(bytes) {
      if (runs++ % 50 === 0 || replicas.tick > 0x7000_0000) replicas = createReplicas(PROBE_ROWS);
      const { tick } = replicas;
      const code = applySnapshot(replicas, new Reader(bytes));
      hold([APPLIED, MALFORMED, STALE, NO_BASELINE].includes(code), `code ${code}`);
      hold(code === APPLIED ? replicas.tick > tick : replicas.tick === tick, 'the tick');
      for (const [slot, replica] of replicas.bySlot) {
        hold(slot === replica.slot && slot <= 0xffff, `slot ${slot}`);
        hold(replica.count >= 1 && replica.count <= replica.ticks.length, `${replica.count} states`);
        hold(replica.ticks.length <= 128, `room for ${replica.ticks.length} states`);
      }
    },
  };
}

/** `changes` alone, for a client that knows some entities: it is taken exactly where the model takes it. */
function changesTarget(): FuzzTarget {
  const entities = [0, 1, 5, 9].map((slot) => ({ slot, generation: 1, kind: 1 }));
  const first = encodeToBytes(messages.serverSnapshot, { tick: 3, entities });
  const publicRows = PROBE_ROWS.filter(({ ownerOnly }) => !ownerOnly);
  const seeds = [1, 2, 7].map((step) => {
    const records = [1, 5, 9].map((slot) => ({
      age: slot === 5 ? 3 : undefined,
      slot,
      differences: publicRows.map(({ bits }, row) => (row % step === 0 ? -(2 ** (bits >> 1)) : undefined)),
    }));
    return bitsToBytes(writeModel({ slotBits: 4 + step, records }, PROBE_ROWS));
  });
  return {
    name: 'applySnapshot, its changes',
    seeds,
    run(bytes) {
      const replicas = createReplicas(PROBE_ROWS);
      applySnapshot(replicas, new Reader(first));
      const snapshot = { tick: 6, baselineAge: 3, changes: bytes };
      const code = applySnapshot(replicas, new Reader(encodeToBytes(messages.serverSnapshot, snapshot)));
      hold([APPLIED, MALFORMED, NO_BASELINE].includes(code), `code ${code}`);
      hold((code === APPLIED) === (bytes.length === 0 || isTaken(bytes)), `code ${code}, and the model says otherwise`);
      hold(replicas.tick === (code === APPLIED ? 6 : 3), 'the tick');
    },
  };
}

function isTaken(bytes: Uint8Array): boolean {
  try {
    const { records } = readModel(bytes, PROBE_ROWS);
    const slots = new Set(records.map(({ slot }) => slot));
    return (
      slots.size === records.length && records.every(({ age = 3, slot }) => age === 3 && [0, 1, 5, 9].includes(slot))
    );
  } catch {
    return false;
  }
}

export function createTargets(): FuzzTarget[] {
  return [
    clientFrameTarget(),
    snapshotTarget(),
    changesTarget(),
    ...channelTargets(),
    ...netcodeTargets(),
    ...rekeyTargets(),
    ...rendezvousTargets(),
    sessionTarget(),
    ...(Object.values(messages) as Message[]).map(decodeTarget),
  ];
}

// A zone in a test, driven through its rings as an edge and the store thread drive it; and a game small enough to
// reason about, with one column of each audience, an own input, requests and events.

import { Reader, Writer } from '../../src/base/bytes.ts';
import { createRingReader, createRingWriter, type RingReader, type RingWriter } from '../../src/base/ring.ts';
import { type AnyGame, defineGame, type Simulation } from '../../src/sim/game.ts';
import { worldTick } from '../../src/sim/world.ts';
import { readSaveRecord } from '../../src/store/save-record.ts';
import type { CharacterSave } from '../../src/store/write-behind.ts';
import {
  createInputLayout,
  INPUT_TICK_WORD,
  INPUT_VALUES_WORD,
  type InputLayout,
} from '../../src/wire/client-frame.ts';
import { decodeMessage, encodeToBytes, type WireObject } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import {
  CLIENT_BITS,
  type JoinRecord,
  RECORD_EVENT,
  RECORD_GONE,
  RECORD_JOINED,
  RECORD_LEAVE,
  RECORD_LEFT,
  RECORD_RESET,
  RECORD_RESPONSE,
  readAscii,
  writeBareRecord,
  writeEvictRecord,
  writeInputRecord,
  writeJoinRecord,
  writeRequestRecord,
} from '../../src/wire/zone-records.ts';
import { createZoneBuffers, type ZoneBuffers } from '../../src/zone/buffers.ts';
import type { Zone } from '../../src/zone/state.ts';
import { createZone, tickZone } from '../../src/zone/zone.ts';

const columns = {
  health: { type: 'u16', seenBy: 'everyone', field: 16, saved: true },
  gold: { type: 'u31', seenBy: 'owner', field: 17, saved: true },
  secret: { type: 'i32', seenBy: 'nobody' },
} as const;

type Sim = Simulation<typeof columns, number>;

/** Walks 10 cm a tick per 127 of move; `boom` breaks an assertion, as a faulty game would. */
export const testGame = defineGame<typeof columns, number>({
  name: 'test-game',
  version: 3,
  kinds: { player: 1, rock: 2 },
  columns,
  inputs: { pitch: { field: 16, type: 'int', min: -90, max: 90 } },
  requests: {
    pay: {
      field: 16,
      fields: { amount: { field: 1, type: 'int', min: 0, max: 1000 } },
      run: (sim, slot, values) => {
        const amount = values.amount as number;
        if (sim.columns.gold[slot]! < amount) return 'too_poor';
        sim.columns.gold[slot]! -= amount;
        sim.emit('paid', slot, { amount });
        return '';
      },
    },
    shout: {
      field: 17,
      fields: { text: { field: 1, type: 'text', maxBytes: 40 } },
      run: (sim, _slot, values) => {
        sim.emit('heard', -1, { text: values.text as string });
        return '';
      },
    },
    boom: {
      field: 18,
      fields: {},
      run: () => {
        throw new Error('the game is faulty');
      },
    },
  },
  events: {
    paid: { field: 16, fields: { amount: { field: 1, type: 'int', min: 0, max: 1000 } } },
    heard: { field: 17, fields: { text: { field: 1, type: 'text', maxBytes: 40 } } },
    hello: { field: 18, fields: {} },
  },
  limits: { speedMmPerS: 6000, turnPerS: 131_072, worldHalfMm: 100_000, interestRadiusMm: 30_000 },
  createMap: (seed) => seed,
  systems: [
    {
      name: 'walk',
      predicted: true,
      run({ columns: { kind, moveX, moveZ, positionX, positionZ, facing, aim }, slotCount }: Sim) {
        for (let slot = 0; slot < slotCount; slot++) {
          if (kind[slot] !== 1) continue;
          positionX[slot] = positionX[slot]! + Math.trunc((moveX[slot]! * 12_800) / 127);
          positionZ[slot] = positionZ[slot]! + Math.trunc((moveZ[slot]! * 12_800) / 127);
          facing[slot] = aim[slot]!;
        }
      },
    },
    {
      name: 'drift',
      run(sim: Sim) {
        for (let slot = 0; slot < sim.slotCount; slot++) {
          if (sim.columns.kind[slot] === 2) sim.columns.secret[slot] = sim.random() & 0xffff;
        }
      },
    },
  ],
  start(sim) {
    const rock = sim.spawn(2);
    sim.columns.positionX[rock] = 5000 * 128;
  },
  join(sim, slot, isNew) {
    if (isNew) {
      sim.columns.health[slot] = 100;
      sim.columns.gold[slot] = 50;
    }
    sim.emit('hello', slot, {});
  },
});

export interface ZoneMessage {
  readonly kind: 'joined' | 'left' | 'gone' | 'reset' | 'response' | 'event';
  readonly client: number;
  readonly slot?: number;
  readonly reason?: string;
  readonly value?: WireObject;
}

export interface TestZone {
  zone: Zone;
  readonly game: AnyGame;
  readonly buffers: ZoneBuffers;
  readonly layout: InputLayout;
  readonly edges: readonly { readonly input: RingWriter; readonly output: RingReader }[];
  readonly saves: RingReader;
  /** Everything the zone took, with its tick. */
  readonly stream: { readonly tick: number; readonly bytes: Uint8Array }[];
}

const writer = new Writer(new Uint8Array(8192));

export function createTestZone(
  game: AnyGame = testGame,
  edgeCount = 1,
  seed = 1,
  capacity = 64,
  isJournalled = false,
): TestZone {
  const buffers = createZoneBuffers(game, edgeCount, capacity, isJournalled);
  const stream: TestZone['stream'] = [];
  return {
    game,
    buffers,
    stream,
    layout: createInputLayout(game),
    zone: startZone(game, buffers, seed, 1, false, stream),
    edges: buffers.inputRings.map((ring, edge) => ({
      input: createRingWriter(ring),
      output: createRingReader(buffers.outputRings[edge]!),
    })),
    saves: createRingReader(buffers.saveRing),
  };
}

/** The zone thread died: another one goes on in the same shared memory. */
export function restartZone(test: TestZone, epoch: number, seed = 1): void {
  test.zone = startZone(test.game, test.buffers, seed, epoch, true, test.stream);
}

function startZone(
  game: AnyGame,
  buffers: ZoneBuffers,
  seed: number,
  epoch: number,
  resume: boolean,
  stream: TestZone['stream'],
): Zone {
  return createZone({
    game,
    seed,
    epoch,
    buffers,
    resume,
    onRecord: (tick, bytes, offset, end) => void stream.push({ tick, bytes: bytes.slice(offset, end) }),
  });
}

function push(test: TestZone, client: number): void {
  const pushed = test.edges[client >>> CLIENT_BITS]!.input.push(writer.bytes, 0, writer.offset);
  if (!pushed) throw new Error('the ring of the test is full');
}

export function join(test: TestZone, client: number, player: Partial<JoinRecord> = {}): void {
  writer.reset();
  writeJoinRecord(writer, client, {
    epoch: 1,
    playerId: client + 1000,
    name: `p${client}`,
    saved: undefined,
    ...player,
  });
  push(test, client);
}

export function leave(test: TestZone, client: number): void {
  writer.reset();
  writeBareRecord(writer, RECORD_LEAVE, client);
  push(test, client);
}

export function reset(test: TestZone, edge: number): void {
  writer.reset();
  writeBareRecord(writer, RECORD_RESET, edge << CLIENT_BITS);
  push(test, edge << CLIENT_BITS);
}

export function evict(test: TestZone, playerId: number, epoch: number): void {
  writer.reset();
  writeEvictRecord(writer, 0, { playerId, epoch });
  push(test, 0);
}

export interface TestInput {
  readonly tick?: number;
  readonly moveX?: number;
  readonly moveZ?: number;
  readonly aim?: number;
  readonly buttons?: number;
  readonly viewAge?: number;
  readonly pitch?: number;
  readonly claim?: readonly [number, number, number];
}

/** For the next tick unless it says otherwise. */
export function input(test: TestZone, client: number, values: TestInput): void {
  const { layout } = test;
  const words = new Int32Array(layout.words);
  words[INPUT_TICK_WORD] = values.tick ?? worldTick(test.zone.world) + 1;
  const force = [values.moveX, values.moveZ, values.aim, values.buttons, values.viewAge, values.pitch];
  for (let index = 0; index < layout.claimWord - INPUT_VALUES_WORD; index++)
    words[INPUT_VALUES_WORD + index] = force[index] ?? 0;
  if (values.claim) words.set([1, ...values.claim], layout.claimWord);
  writer.reset();
  writeInputRecord(writer, client, words, 0, words.length);
  push(test, client);
}

export function request(test: TestZone, client: number, value: WireObject): void {
  const bytes = encodeToBytes(createMessages(test.game).clientRequest, value);
  writer.reset();
  writeRequestRecord(writer, client, bytes, 0, bytes.length);
  push(test, client);
}

export function run(test: TestZone, ticks = 1): void {
  for (let tick = 0; tick < ticks; tick++) tickZone(test.zone);
}

const KINDS = new Map<number, ZoneMessage['kind']>([
  [RECORD_JOINED, 'joined'],
  [RECORD_LEFT, 'left'],
  [RECORD_GONE, 'gone'],
  [RECORD_RESET, 'reset'],
  [RECORD_RESPONSE, 'response'],
  [RECORD_EVENT, 'event'],
]);

/** What the zone sent to an edge since the last call. */
export function receive(test: TestZone, edge = 0): ZoneMessage[] {
  const messages: ZoneMessage[] = [];
  const { output } = test.edges[edge]!;
  const { serverEvent, serverResponse } = createMessages(test.game);
  while (output.next()) {
    const reader = new Reader(output.bytes);
    reader.reset(output.bytes, output.offset, output.end);
    const kind = KINDS.get(reader.u8())!;
    const client = reader.u16();
    if (kind === 'joined') messages.push({ kind, client, slot: reader.u16() });
    else if (kind === 'left') messages.push({ kind, client, reason: readAscii(reader) });
    else if (kind === 'event')
      messages.push({ kind, client, value: decodeMessage(reader, serverEvent, 'reject').value });
    else if (kind === 'response')
      messages.push({ kind, client, value: decodeMessage(reader, serverResponse, 'reject').value });
    else messages.push({ kind, client });
  }
  return messages;
}

export function takeSaves(test: TestZone): CharacterSave[] {
  const saves: CharacterSave[] = [];
  while (test.saves.next()) {
    const reader = new Reader();
    reader.reset(test.saves.bytes, test.saves.offset, test.saves.end);
    saves.push(readSaveRecord(reader, test.game.savedColumns)!);
  }
  return saves;
}

export function slotOf(test: TestZone, client: number): number {
  return test.zone.slotOfClient[client]! - 1;
}

export function count(test: TestZone, name: keyof Zone['counters']['index']): number {
  return test.zone.counters.words[test.zone.counters.index[name]]!;
}

// Zones and a store thread as a node has them, with the bench in the place of the edges: it lets players in, writes their
// commands into the input rings and reads the answers from the output rings. The threads are the real ones, and so is the
// disk.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { Reader, Writer } from '../../src/base/bytes.ts';
import { createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import { createRingReader, createRingWriter, type RingReader, type RingWriter } from '../../src/base/ring.ts';
import { createLogShared } from '../../src/io/log.ts';
import { connectStore, type StoreClient } from '../../src/io/store-client.ts';
import { wallClockS } from '../../src/io/system.ts';
import { startThread, type Thread } from '../../src/io/threads.ts';
import { NO_TRACE } from '../../src/io/tracing.ts';
import type { AnyGame } from '../../src/sim/game.ts';
import { KEPT_TICK } from '../../src/store/zone-journal.ts';
import { decodeMessage, encodeToBytes, type WireObject } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import {
  RECORD_JOINED,
  RECORD_RESET,
  RECORD_RESPONSE,
  writeBareRecord,
  writeJoinRecord,
  writeRequestRecord,
} from '../../src/wire/zone-records.ts';
import { createZoneBuffers, type ZoneBuffers } from '../../src/zone/buffers.ts';
import { game as bank } from '../../tools/chaos/bank.ts';

const GAME_URL = new URL('../../tools/chaos/bank.ts', import.meta.url).href;
const TOKEN_S = 60;
const SETTLE_MS_MAX = 20_000;

export interface Answer {
  readonly zone: number;
  readonly client: number;
  readonly id: number;
  readonly refused: string;
}

export interface BenchZones {
  readonly folder: string;
  /** Handle of each player, by zone and client. */
  readonly handles: readonly (readonly number[])[];
  readonly store: StoreClient;
  /** Whether all of them have a keyframe on disk: before, a zone promises nothing. */
  isOpen(): boolean;
  /** CPU seconds of the store thread, and of each zone's, so far. */
  cpuS(): Promise<{ readonly store: number; readonly zones: readonly number[] }>;
  counters: ReturnType<typeof createCounters<'store'>>;
  zoneCounters: readonly ReturnType<typeof createCounters<'zone'>>[];
  request(zone: number, client: number, value: WireObject): boolean;
  /** What has come since the last call. */
  answers(): Answer[];
  /** Saves, keeps and applies all there is, and ends. The folder stays. */
  stop(): Promise<void>;
  remove(): void;
}

interface BenchZone {
  readonly buffers: ZoneBuffers;
  readonly input: RingWriter;
  readonly output: RingReader;
  readonly thread: Thread;
}

/** @param players of each zone; they are in when it resolves */
export async function startBenchZones(zoneCount: number, players: number): Promise<BenchZones> {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-durable-'));
  const buffers = Array.from({ length: zoneCount }, () => createZoneBuffers(bank, 1, undefined, true));
  const counters = createCounterBuffer('store');
  const store = await startBenchStore(bank, folder, buffers, counters);
  const { port1, port2 } = new MessageChannel();
  store.post({ type: 'port', port: port1 }, [port1]);
  const client = connectStore(port2, { timeoutMs: SETTLE_MS_MAX, pendingMax: 8192 });
  const zones = await Promise.all(buffers.map((each, index) => startBenchZone(each, index)));
  const handles = await letIn(zones, client, players);
  const reader = new Reader();
  const { clientRequest, serverResponse } = createMessages(bank);
  const writer = new Writer(new Uint8Array(256));
  return {
    folder,
    handles,
    store: client,
    isOpen: () => buffers.every(({ journal }) => Atomics.load(new Int32Array(journal!.words), KEPT_TICK) > 0),
    counters: createCounters('store', counters),
    zoneCounters: buffers.map((each) => createCounters('zone', each.counters)),
    async cpuS() {
      const cpuOf = async (thread: Thread) => (await thread.figures())?.cpuS ?? Number.NaN;
      return { store: await cpuOf(store), zones: await Promise.all(zones.map(({ thread }) => cpuOf(thread))) };
    },
    request(zone, to, value) {
      const bytes = encodeToBytes(clientRequest, value);
      writer.reset();
      writeRequestRecord(writer, to, bytes, 0, bytes.length);
      return zones[zone]!.input.push(writer.bytes, 0, writer.offset);
    },
    answers() {
      const answers: Answer[] = [];
      for (const [zone, { output }] of zones.entries()) {
        while (output.next()) {
          reader.reset(output.bytes, output.offset, output.end);
          if (reader.u8() !== RECORD_RESPONSE) continue;
          const to = reader.u16();
          const { value } = decodeMessage(reader, serverResponse, 'reject');
          answers.push({ zone, client: to, id: value.id as number, refused: value.refused as string });
        }
      }
      return answers;
    },
    async stop() {
      await Promise.all(zones.map(({ thread }) => thread.stop({ type: 'stop' }, 'stopped', SETTLE_MS_MAX)));
      client.close();
      const stopped = await store.stop({ type: 'stop' }, 'stopped', SETTLE_MS_MAX);
      if (stopped === undefined || stopped.unsaved !== 0) throw new Error('the store thread did not save all');
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A real store thread for zones that the bench has. */
export function startBenchStore(
  game: AnyGame,
  folder: string,
  buffers: readonly ZoneBuffers[],
  counters: SharedArrayBuffer,
): Promise<Thread> {
  return startThread({
    name: 'store',
    file: new URL('../../workers/store.ts', import.meta.url),
    workerData: {
      store: { kind: 'embedded', folder },
      nodeId: randomUUID(),
      gameName: game.name,
      savedColumns: [...game.savedColumns],
      saveRings: buffers.map(({ saveRing }) => saveRing),
      journals: buffers.map(({ journal }) => journal),
      start: { game: game.name, gameVersion: '1', assets: [...game.assets], accounts: [...game.accounts] },
      assets: [...game.assets],
      counters,
      loopDelay: createCounterBuffer('loop'),
      threadCounters: createCounterBuffer('thread'),
      log: createLogShared('warn'),
      logCounters: createCounterBuffer('log'),
      trace: NO_TRACE,
      isRestart: false,
      mayTokensBeUsed: false,
    },
  });
}

async function startBenchZone(buffers: ZoneBuffers, index: number): Promise<BenchZone> {
  const thread = await startThread({
    name: `zone-${index + 1}`,
    file: new URL('../../workers/zone.ts', import.meta.url),
    workerData: {
      zoneId: index + 1,
      gameUrl: GAME_URL,
      seed: 1,
      resume: false,
      buffers,
      threadCounters: createCounterBuffer('thread'),
    },
    firstMessage: Promise.resolve({ message: { epoch: 1, recovered: undefined } }),
  });
  return {
    buffers,
    thread,
    input: createRingWriter(buffers.inputRings[0]!),
    output: createRingReader(buffers.outputRings[0]!),
  };
}

async function letIn(zones: readonly BenchZone[], store: StoreClient, players: number): Promise<number[][]> {
  const writer = new Writer(new Uint8Array(256));
  const handles = zones.map(() => new Array<number>(players).fill(0));
  for (const [zone, { input }] of zones.entries()) {
    writer.reset();
    writeBareRecord(writer, RECORD_RESET, 0);
    input.push(writer.bytes, 0, writer.offset);
    for (let client = 0; client < players; client++) {
      const playerId = 1 + zone * players + client;
      const token = { tokenId: `t${playerId}`, expiresS: Math.floor(wallClockS()) + TOKEN_S };
      const entry = await store.enterZone({ ...token, playerId, zoneId: zone + 1, isZoneFull: false });
      if ('refused' in entry || entry.isStanding) throw new Error(`player ${playerId} did not get in`);
      writer.reset();
      writeJoinRecord(writer, client, { playerId, epoch: entry.epoch, name: `p${playerId}`, saved: undefined });
      input.push(writer.bytes, 0, writer.offset);
    }
  }
  const reader = new Reader();
  const deadlineMs = performance.now() + SETTLE_MS_MAX;
  for (let missing = zones.length * players; missing > 0; ) {
    if (performance.now() > deadlineMs) throw new Error(`${missing} players did not get in`);
    await sleep(5);
    for (const [zone, { output }] of zones.entries()) {
      while (output.next()) {
        reader.reset(output.bytes, output.offset, output.end);
        if (reader.u8() !== RECORD_JOINED) continue;
        const client = reader.u16();
        const slot = reader.u16();
        handles[zone]![client] = (reader.u16() << 16) | slot;
        missing--;
      }
    }
  }
  return handles;
}

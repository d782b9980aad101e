// A store keeper with two zones' rings, a clock by hand and a store that can fail: for its tests.

import { Writer } from '../../src/base/bytes.ts';
import { createManualClock } from '../../src/base/clock.ts';
import { createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import { TOKEN_LIFETIME_S } from '../../src/base/limits.ts';
import { createRingBuffer, createRingWriter } from '../../src/base/ring.ts';
import type { EnterRequest, PlayerMoved } from '../../src/io/store-client.ts';
import { createStoreKeeper } from '../../src/io/store-keeper.ts';
import type { StoreTrouble } from '../../src/io/store-trouble.ts';
import type { CharacterColumns } from '../../src/store/records.ts';
import { writeSaveRecord } from '../../src/store/save-record.ts';
import type { FencedRecord, Store } from '../../src/store/store.ts';
import { createNaiveStore } from '../store/naive-store.ts';

export function createFakeStore() {
  const naive = createNaiveStore();
  const characters = new Map<number, CharacterColumns>();
  const fake = {
    ...naive,
    /** As they are kept. */
    characters,
    fails: false,
    batches: [] as number[],
    async saveCharacters(records: readonly FencedRecord[]) {
      if (fake.fails) throw new Error('disk full');
      fake.batches.push(records.length);
      const results = await naive.saveCharacters(records);
      for (const { playerId, game } of records) {
        const columns = await naive.loadCharacter(playerId, game);
        if (columns !== undefined) characters.set(playerId, columns);
      }
      return results;
    },
    async takeCharacter(playerId: number, game: string, owner: string) {
      if (fake.fails) throw new Error('disk broken');
      return naive.takeCharacter(playerId, game, owner);
    },
  };
  return fake satisfies Store & Record<string, unknown>;
}

let tokens = 0;

export function createBench(
  store = createFakeStore(),
  nodeId = 'node-1',
  whenApplied: (playerId: number) => Promise<void> = async () => {},
  trouble?: StoreTrouble,
  savedColumns: readonly string[] = ['health'],
) {
  const clock = createManualClock();
  const rings = [createRingBuffer(4096), createRingBuffer(4096)];
  const writers = rings.map(createRingWriter);
  const counters = createCounters('store', createCounterBuffer('store'));
  const told: string[] = [];
  const keeper = createStoreKeeper({
    store,
    clock,
    nowS: () => 1_000 + clock.now() / 1000,
    tokensFromS: 1_000,
    gameName: 'g',
    nodeId,
    whenApplied,
    savedColumns,
    assets: ['gold', 'herb'],
    saveRings: rings,
    counters: counters.words.buffer as SharedArrayBuffer,
    onSaving: (state) => told.push(state),
    ...(trouble !== undefined && { trouble }),
  });
  /** As zones have it: whom they took in, in which epoch. */
  const epochs = new Map<string, number>();
  let tick = 0;
  const save = (zone: number, playerId: number, health: number, final = false, ...more: number[]) => {
    const writer = new Writer(new Uint8Array(64));
    writeSaveRecord(writer, playerId, epochs.get(`${zone} ${playerId}`) ?? 1, ++tick, final, [health, ...more]);
    return writers[zone]!.push(writer.bytes, 0, writer.offset);
  };
  const count = (name: keyof typeof counters.index) => counters.words[counters.index[name]];
  const moved: PlayerMoved[] = [];
  keeper.onMoved((one) => moved.push(one));
  const enter = async (playerId: number, zoneId = 1, more: Partial<EnterRequest> = {}) => {
    const expiresS = Math.floor(1_000 + clock.now() / 1000) + TOKEN_LIFETIME_S;
    const tokenId = `token-${tokens++}`;
    const entry = await keeper.methods.enterZone({ playerId, tokenId, expiresS, zoneId, isZoneFull: false, ...more });
    if ('epoch' in entry) epochs.set(`${zoneId - 1} ${playerId}`, entry.epoch);
    return entry;
  };
  const passTicks = (count: number) => {
    tick += count;
  };
  return { passTicks, store, clock, keeper, save, count, writers, told, enter, moved };
}

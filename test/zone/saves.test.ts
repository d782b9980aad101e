import { expect, test } from 'vitest';
import { Reader } from '../../src/base/bytes.ts';
import { createCounters } from '../../src/base/counters.ts';
import { createRingBuffer, createRingReader, type RingReader } from '../../src/base/ring.ts';
import { createWorld, resetWorld, spawnEntity, type World } from '../../src/sim/world.ts';
import { readSaveRecord } from '../../src/store/save-record.ts';
import type { CharacterSave } from '../../src/store/write-behind.ts';
import { createSaves, flushFinalSaves, type Saves, saveCharacter } from '../../src/zone/saves.ts';
import { testGame } from './harness.ts';

const { savedColumns } = testGame;

function make(ringBytes: number): { world: World; saves: Saves; ring: RingReader } {
  const world = createWorld(testGame.allColumns, 32);
  resetWorld(world, 1);
  for (let slot = 0; slot < 32; slot++) {
    spawnEntity(world, 1);
    world.columns.playerLow[slot] = slot + 1;
    world.columns.positionX[slot] = slot * 10;
  }
  const buffer = createRingBuffer(ringBytes);
  return {
    world,
    saves: createSaves(world, savedColumns, buffer, createCounters('zone')),
    ring: createRingReader(buffer),
  };
}

function take(ring: RingReader): CharacterSave[] {
  const found: CharacterSave[] = [];
  while (ring.next()) {
    const reader = new Reader();
    reader.reset(ring.bytes, ring.offset, ring.end);
    found.push(readSaveRecord(reader, savedColumns)!);
  }
  return found;
}

test('a save that finds the ring full is dropped and counted, the last save of a player waits', () => {
  const { world, saves, ring } = make(512);
  for (let slot = 0; slot < 32; slot++) saveCharacter(saves, world, slot, slot >= 20);
  const first = take(ring);
  expect(saves.counters.words[saves.counters.index.saveDropped]).toBe(20 - first.length);
  expect(saves.waiting).toHaveLength(12);
  const late: CharacterSave[] = [];
  while (flushFinalSaves(saves) > 0) late.push(...take(ring));
  late.push(...take(ring));
  expect(late.map(({ playerId, final }) => [playerId, final])).toEqual(
    Array.from({ length: 12 }, (_, index) => [21 + index, true]),
  );
  expect(late[0]!.columns.positionX).toBe(200);
});

test('nothing newer overtakes a last save that waits', () => {
  const { world, saves, ring } = make(512);
  for (let slot = 0; slot < 16; slot++) saveCharacter(saves, world, slot, true);
  const waiting = saves.waiting.length;
  expect(waiting).toBeGreaterThan(0);
  saveCharacter(saves, world, 15, false);
  const found = take(ring);
  while (flushFinalSaves(saves) > 0) found.push(...take(ring));
  found.push(...take(ring));
  world.columns.positionX[15] = 777;
  saveCharacter(saves, world, 15, false);
  found.push(...take(ring));
  expect(found.filter(({ playerId }) => playerId === 16).map(({ columns }) => columns.positionX)).toEqual([150, 777]);
});

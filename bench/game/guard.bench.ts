// What one input costs from the ring to its place in the queue: decoding the record, tick window, duplicate, move
// length, facing rate, view age, claims, suspicion. More than the guard alone, so an upper bound of it.

import { Writer } from '../../src/base/bytes.ts';
import { game } from '../../src/game/game.ts';
import { worldTick } from '../../src/sim/world.ts';
import { INPUT_ACK_AGE_WORD, INPUT_TICK_WORD, INPUT_VALUES_WORD, VIEW_AGE_WORD } from '../../src/wire/client-frame.ts';
import { writeInputRecord } from '../../src/wire/zone-records.ts';
import { hashZone } from '../../src/zone/recovery.ts';
import { applyRecord, tickZone } from '../../src/zone/zone.ts';
import { type Bench, threadCpuMicros } from '../bench.ts';
import { type Crowd, createCrowd, drain } from '../zone/crowd.ts';

const PLAYERS = 1000;

export const bench: Bench = {
  figures: ['game.guard.cpuMicros'],
  run(seed, isSmall) {
    const crowd = createCrowd(game, isSmall ? 50 : PLAYERS, 50, seed);
    for (let tick = 0; tick < (isSmall ? 10 : 300); tick++) takeInputs(crowd);
    let micros = 0;
    const ticks = isSmall ? 10 : 900;
    for (let tick = 0; tick < ticks; tick++) micros += takeInputs(crowd);
    const value = micros / (ticks * crowd.players);
    return [{ figure: 'game.guard.cpuMicros', value, unit: 'µs', seed, checksum: hashZone(crowd.zone) }];
  },
};

/** One input of each player for the next tick, a tenth of them with a claim; then the tick. Returns µs of the inputs. */
function takeInputs(crowd: Crowd): number {
  const { zone, layout, words, random } = crowd;
  const tick = worldTick(zone.world) + 1;
  const writer = new Writer(new Uint8Array(crowd.players * (3 + 5 * layout.words)));
  const ends: number[] = [];
  for (let player = 0; player < crowd.players; player++) {
    words[INPUT_TICK_WORD] = tick;
    words[INPUT_ACK_AGE_WORD] = 6;
    words[INPUT_VALUES_WORD] = random.below(181) - 90;
    words[INPUT_VALUES_WORD + 1] = random.below(181) - 90;
    words[INPUT_VALUES_WORD + 2] = (crowd.aim[player]! + tick * 300) & 0xffff;
    words[VIEW_AGE_WORD] = 12;
    words[layout.claimWord] = player % 10 === tick % 10 ? 1 : 0;
    words[layout.claimWord + 1] = zone.world.columns.positionX[player]! >> 7;
    words[layout.claimWord + 3] = zone.world.columns.positionZ[player]! >> 7;
    writeInputRecord(writer, player, words, 0, layout.words);
    ends.push(writer.offset);
  }
  const start = threadCpuMicros();
  let at = 0;
  for (const end of ends) {
    applyRecord(zone, writer.bytes, at, end);
    at = end;
  }
  const micros = threadCpuMicros() - start;
  tickZone(zone);
  drain(crowd);
  return micros;
}

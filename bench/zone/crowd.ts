// A zone full of players who walk, turn and sprint at random, driven through its input ring as an edge does it.
// Allocates nothing per tick, so that what a bench counts is the zone's own.

import { Writer } from '../../src/base/bytes.ts';
import { createRandom, type Random } from '../../src/base/random.ts';
import { createRingReader, createRingWriter, type RingReader, type RingWriter } from '../../src/base/ring.ts';
import type { AnyGame } from '../../src/sim/game.ts';
import { worldTick } from '../../src/sim/world.ts';
import {
  createInputLayout,
  INPUT_TICK_WORD,
  INPUT_VALUES_WORD,
  type InputLayout,
} from '../../src/wire/client-frame.ts';
import { writeInputRecord, writeJoinRecord } from '../../src/wire/zone-records.ts';
import { createZoneBuffers, type ZoneBuffers } from '../../src/zone/buffers.ts';
import type { Zone } from '../../src/zone/state.ts';
import { createZone, tickZone } from '../../src/zone/zone.ts';

export interface Crowd {
  readonly zone: Zone;
  readonly buffers: ZoneBuffers;
  readonly players: number;
  readonly random: Random;
  readonly ring: RingWriter;
  readonly outputs: RingReader;
  readonly saves: RingReader;
  readonly layout: InputLayout;
  readonly writer: Writer;
  readonly words: Int32Array;
  readonly moveX: Int32Array;
  readonly moveZ: Int32Array;
  readonly aim: Int32Array;
}

/**
 * @param visible how many others each sees, about: sets the size of the square they are spread over.
 * @param isJournalled somebody reads what it journals
 */
export function createCrowd(
  game: AnyGame,
  players: number,
  visible: number,
  seed: number,
  isJournalled = false,
): Crowd {
  const buffers = createZoneBuffers(game, 1, undefined, isJournalled);
  const zone = createZone({ game, seed, epoch: 1, buffers, resume: false });
  const layout = createInputLayout(game);
  const crowd: Crowd = {
    zone,
    buffers,
    players,
    random: createRandom(seed),
    ring: createRingWriter(buffers.inputRings[0]!),
    outputs: createRingReader(buffers.outputRings[0]!),
    saves: createRingReader(buffers.saveRing),
    layout,
    writer: new Writer(new Uint8Array(256)),
    words: new Int32Array(layout.words),
    moveX: new Int32Array(players),
    moveZ: new Int32Array(players),
    aim: new Int32Array(players),
  };
  const side = Math.sqrt((players * Math.PI * game.limits.interestRadiusMm ** 2) / visible);
  const spread = Math.min(side, 2 * game.limits.worldHalfMm * 0.95);
  for (let player = 0; player < players; player++) {
    crowd.writer.reset();
    const saved = new Int32Array(game.savedColumns.length);
    for (const [index, name] of game.savedColumns.entries()) {
      if (name === 'positionX' || name === 'positionZ') saved[index] = (crowd.random.fraction() - 0.5) * spread * 128;
      if (name === 'health') saved[index] = 100;
    }
    writeJoinRecord(crowd.writer, player, { epoch: 1, playerId: player + 1, name: `bot-${player}`, saved });
    crowd.ring.push(crowd.writer.bytes, 0, crowd.writer.offset);
  }
  tickZone(zone);
  drain(crowd);
  return crowd;
}

/** One input of each player for the next tick. A player changes its mind about once a second. */
export function pushInputs(crowd: Crowd): void {
  const { random, words, writer, moveX, moveZ, aim } = crowd;
  const tick = worldTick(crowd.zone.world) + 1;
  for (let player = 0; player < crowd.players; player++) {
    if (random.u32() < 0x400_0000) {
      moveX[player] = random.below(180) - 90;
      moveZ[player] = random.below(180) - 90;
    }
    if (random.u32() < 0x1000_0000) aim[player] = (aim[player]! + random.below(4000) - 2000) & 0xffff;
    words[INPUT_TICK_WORD] = tick;
    words[INPUT_VALUES_WORD] = moveX[player]!;
    words[INPUT_VALUES_WORD + 1] = moveZ[player]!;
    words[INPUT_VALUES_WORD + 2] = aim[player]!;
    words[INPUT_VALUES_WORD + 3] = player & 1;
    writer.reset();
    writeInputRecord(writer, player, words, 0, words.length);
    crowd.ring.push(writer.bytes, 0, writer.offset);
  }
}

/** Takes what the zone sent, as edge and store would. */
export function drain(crowd: Crowd): void {
  while (crowd.outputs.next());
  while (crowd.saves.next());
}

// What a line of chat leaves on the zone's heap: a whisper a tick, from player to player, from the ring through
// screening to both who hear it. A zone thread that is to play for ten minutes without collecting garbage has room for
// 109 KB a second (io/young-memory.ts). The median of many ticks: one in which the engine collects says nothing of what it added.

import { getHeapStatistics } from 'node:v8';
import { Writer } from '../../src/base/bytes.ts';
import { game } from '../../src/game/game.ts';
import { warmUpScreening } from '../../src/guard/requests.ts';
import { encodeToBytes } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { RECORD_BYTES_MAX, writeRequestRecord } from '../../src/wire/zone-records.ts';
import { hashZone } from '../../src/zone/recovery.ts';
import { tickZone } from '../../src/zone/zone.ts';
import type { Bench } from '../bench.ts';
import { type Crowd, createCrowd, drain } from './crowd.ts';

const { start: _start, ...peaceful } = game;
const PLAYERS = 1000;
const WARM_UP_LINES = 3000;
const LINES = 3000;
const SAID = ['need a hand', 'wolves near the wall', 'anyone for trolls?', 'well fought, all of you', 'on my way :)'];

const { clientRequest } = createMessages(game);
const writer = new Writer(new Uint8Array(RECORD_BYTES_MAX));

export const bench: Bench = {
  figures: ['zone.chat.heapBytes'],
  run(seed, isSmall) {
    warmUpScreening();
    const players = isSmall ? 60 : PLAYERS;
    const crowd = createCrowd(peaceful, players, 50, seed);
    const lines = isSmall ? 60 : LINES;
    const grown = new Float64Array(lines);
    for (let line = 0; line < (isSmall ? 60 : WARM_UP_LINES); line++) sayLine(crowd, line);
    for (let line = 0; line < lines; line++) grown[line] = sayLine(crowd, line + WARM_UP_LINES);
    const { words, index } = crowd.zone.counters;
    if (words[index.requestsRefused]! > 0) throw new Error('a line was refused, so that it was not what is measured');
    const value = Math.max(0, grown.sort()[lines >> 1]!);
    return [{ figure: 'zone.chat.heapBytes', value, unit: 'bytes', seed, checksum: hashZone(crowd.zone) }];
  },
};

/** Bytes of heap that the tick added which took the line, less what asking for them costs. */
function sayLine(crowd: Crowd, line: number): number {
  const from = line % crowd.players;
  const text = `${SAID[line % SAID.length]} ${line}`;
  const bytes = encodeToBytes(clientRequest, { id: line, whisper: { to: `bot-${(from + 1) % crowd.players}`, text } });
  writer.reset();
  writeRequestRecord(writer, from, bytes, 0, bytes.length);
  crowd.ring.push(writer.bytes, 0, writer.offset);
  const asked = usedHeapBytes();
  const before = usedHeapBytes();
  tickZone(crowd.zone);
  const grown = usedHeapBytes() - before - (before - asked);
  drain(crowd);
  return grown;
}

function usedHeapBytes(): number {
  return getHeapStatistics().used_heap_size;
}

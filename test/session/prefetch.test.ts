// Fetching ahead is reading alone: whatever came, nothing is another than before, and what is known is found.

import { expect, test } from 'vitest';
import { PREFETCH_PACKETS, prefetchDatagrams, prefetchViewers } from '../../src/session/prefetch.ts';
import { BOUND_PAYLOAD } from '../../src/transport/layout.ts';
import { writeWord } from '../../src/transport/u64.ts';
import { createPacketBatch } from '../../src/transport/udp-port.ts';
import { keyExchange } from '../transport/rekey-lab.ts';
import { connect, createStage, enter, exchange, type Stage, step } from './datagram-stage.ts';

const STRIDE = 64;

function known(stage: Stage): number[] {
  const { keySets } = stage.datagrams.server.rekeys!;
  return [...keySets.current].filter((pair) => pair >= 0).map((pair) => keySets.ids[pair]!);
}

test('packets that name a connection are found, whatever else is in them, and no others', () => {
  const stage = createStage(undefined, keyExchange);
  enter(stage, 1);
  enter(stage, 2);
  step(stage, 120);
  const ids = known(stage);
  expect(ids.length).toBe(2);
  const batch = createPacketBatch(3 * PREFETCH_PACKETS, STRIDE);
  const put = (prefix: number, id: number, length: number): void => {
    const from = batch.count * STRIDE;
    batch.bytes[from] = prefix;
    writeWord(batch.bytes, from + 1 + (prefix >>> 4), id);
    batch.lengths[batch.count++] = length;
  };
  put((1 << 4) | BOUND_PAYLOAD, ids[0]!, 40);
  put((8 << 4) | BOUND_PAYLOAD, ids[1]!, 40);
  // Not to its end, not of this form, of nobody, nothing, and too long for the batch.
  put((2 << 4) | BOUND_PAYLOAD, ids[0]!, 6);
  put((2 << 4) | 3, ids[0]!, 40);
  put((2 << 4) | BOUND_PAYLOAD, (ids[0]! ^ 1) >>> 0, 40);
  put((15 << 4) | BOUND_PAYLOAD, 0, 0);
  put((1 << 4) | BOUND_PAYLOAD, ids[0]!, -1);
  const before = JSON.stringify([stage.datagrams.server.counts, stage.datagrams.links.map((link) => link?.channels)]);
  expect(prefetchDatagrams(stage.datagrams, batch, 0)).toBe(2);
  for (let fill = 0; fill < 2 * PREFETCH_PACKETS; fill++) put((1 << 4) | BOUND_PAYLOAD, ids[1]!, 40);
  expect(prefetchDatagrams(stage.datagrams, batch, PREFETCH_PACKETS)).toBe(PREFETCH_PACKETS);
  expect(prefetchDatagrams(stage.datagrams, batch, batch.count - 1)).toBe(1);
  const after = JSON.stringify([stage.datagrams.server.counts, stage.datagrams.links.map((link) => link?.channels)]);
  expect(after).toBe(before);
});

test('who is not in yet, and who has no viewer yet, is no trouble', () => {
  const stage = createStage(undefined, keyExchange);
  const { edge } = stage.session;
  connect(stage, 1);
  exchange(stage);
  step(stage, 60);
  const batch = createPacketBatch(1, STRIDE);
  batch.bytes[0] = (1 << 4) | BOUND_PAYLOAD;
  writeWord(batch.bytes, 2, known(stage)[0]!);
  batch.lengths[batch.count++] = 40;
  expect(prefetchDatagrams(stage.datagrams, batch, 0)).toBe(1);
  prefetchViewers(edge, 0, 0, 0);
  const client = enter(stage, 2);
  const before = client.snapshotTicks.length;
  step(stage, 30);
  expect(client.snapshotTicks.length).toBeGreaterThan(before + 8);
});

test('without an exchange of keys there is nothing to find', () => {
  const stage = createStage();
  enter(stage, 1);
  const batch = createPacketBatch(1, STRIDE);
  batch.lengths[batch.count++] = 40;
  expect(prefetchDatagrams(stage.datagrams, batch, 0)).toBe(0);
});

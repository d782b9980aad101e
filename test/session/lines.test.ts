import { expect, test } from 'vitest';
import type { Datagrams } from '../../src/session/datagrams.ts';
import {
  BAND_WORDS,
  countLines,
  createLineTable,
  createLossCounter,
  LINE_FIGURES,
  readLines,
  writeLines,
} from '../../src/session/lines.ts';
import { SNAPSHOT_PLANS } from '../../src/transport/channels/degradation.ts';
import { connect, createStage, enter, exchange, type Stage, step } from './datagram-stage.ts';

/** By metric: how many connections are in each band and those below. */
function bandsOf({ datagrams }: Stage): Record<string, number[]> {
  const words = new Uint32Array(BAND_WORDS + 2).fill(77);
  countLines(datagrams, words, 1);
  expect([words[0], words.at(-1)]).toEqual([77, 77]);
  let at = 1;
  return Object.fromEntries(
    LINE_FIGURES.map(({ metric, bounds }) => {
      const counts = [...words.subarray(at, at + bounds.length + 1)];
      at += counts.length;
      return [metric.replace('udp_connections_by_', ''), counts];
    }),
  );
}

/** All rows, as over a second. */
function writeAll(datagrams: Datagrams, table: SharedArrayBuffer): void {
  for (let turn = 3; turn < 13; turn++) writeLines(datagrams, new Uint32Array(table), turn, 10);
}

test('connections are counted by what their lines are like, once they are known', () => {
  const stage = createStage();
  for (const id of [1, 2, 3]) enter(stage, id);
  step(stage, 60);
  connect(stage, 4);
  exchange(stage);
  const [one, two, three] = stage.datagrams.links.filter((link) => link !== undefined);
  Object.assign(one!.channels.stats, { rttMs: 20, jitterMs: 1.9, lossOutShare: 0, lossInShare: 0.3 });
  Object.assign(two!.channels.stats, { rttMs: 20.1, jitterMs: 101, lossOutShare: 0.015, lossInShare: 0.2 });
  Object.assign(three!.channels.stats, { rttMs: 1500, jitterMs: 6, lossOutShare: 0.02, lossInShare: 0.001 });
  three!.plan = SNAPSHOT_PLANS[1]!;
  expect(bandsOf(stage)).toEqual({
    rtt_seconds: [1, 2, 2, 2, 2, 2, 2, 2, 3],
    jitter_seconds: [1, 1, 2, 2, 2, 2, 3],
    loss_out: [1, 1, 3, 3, 3, 3, 3],
    loss_in: [1, 1, 1, 1, 1, 2, 3],
    snapshot_hz: [0, 1, 3],
  });
});

test('a row for each who plays, with what it sent and got; none for who is gone', () => {
  const stage = createStage();
  const far = 2 ** 40 + 5;
  const client = enter(stage, far);
  enter(stage, 2);
  step(stage, 120);
  for (const link of stage.datagrams.links) if (link !== undefined) link.channels.stats.rttMs = 31.44;
  const table = createLineTable();
  writeAll(stage.datagrams, table);
  const rows = readLines(table);
  expect(rows.map(({ playerId }) => playerId).sort((a, b) => a - b)).toEqual([2, far]);
  const { stats } = client.channels;
  expect(rows.find(({ playerId }) => playerId === far)).toMatchObject({
    rttMs: 31.4,
    lossOutPercent: 0,
    lossInPercent: 0,
    bytesOut: stats.bytesIn,
    bytesIn: stats.bytesOut,
    snapshotsPerSecond: 20,
  });
  stage.clients.splice(0, 1);
  step(stage, 11 * 60);
  writeAll(stage.datagrams, table);
  expect(readLines(table).map(({ playerId }) => playerId)).toEqual([2]);
});

test('what is lost and late is told as it is', () => {
  const stage = createStage();
  enter(stage, 1);
  stage.loss = 0.3;
  step(stage, 1200);
  const table = createLineTable();
  writeAll(stage.datagrams, table);
  const [row] = readLines(table);
  expect(Math.abs(row!.lossOutPercent - 30)).toBeLessThan(12);
  expect(Math.abs(row!.lossInPercent - 30)).toBeLessThan(12);
});

test('what lines lose is counted once, by whoever lost it, and a line that takes the place of another begins at 0', () => {
  const stage = createStage();
  for (const id of [1, 2]) enter(stage, id);
  const words = Uint32Array.of(7, 0xffff_fffe);
  const count = createLossCounter(words, 1);
  const [one, two] = stage.datagrams.links.filter((link) => link !== undefined);
  one!.channels.stats.packetsLost = 3;
  count(stage.datagrams);
  expect([...words]).toEqual([7, 1]);
  count(stage.datagrams);
  one!.channels.stats.packetsLost = 4;
  two!.channels.stats.packetsLost = 10;
  count(stage.datagrams);
  expect([...words]).toEqual([7, 12]);
  const { links } = stage.datagrams;
  const stats = { ...one!.channels.stats, packetsLost: 2 };
  links[one!.slot] = { ...one!, channels: { ...one!.channels, stats } };
  count(stage.datagrams);
  expect([...words]).toEqual([7, 14]);
});

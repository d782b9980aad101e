import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { readCollections } from '../../../bench/players/figures.ts';
import {
  processTree,
  readSocketDrops,
  readThreads,
  sumDrops,
  threadsBetween,
} from '../../../bench/players/process-stats.ts';
import { closeAges, createAges, noteAges, summariseAges } from '../../../bench/players/watch-ages.ts';
import type { Replica, Replicas } from '../../../src/snapshot/replicas.ts';

const onLinux = test.runIf(process.platform === 'linux');

onLinux('CPU time of a thread is what it burnt', () => {
  const before = readThreads(process.pid);
  const cpu = process.cpuUsage();
  while (process.cpuUsage(cpu).user < 200_000);
  const spent = threadsBetween(before, readThreads(process.pid));
  const cpuUs = Object.values(spent).reduce((sum, thread) => sum + thread.cpuUs, 0);
  expect(cpuUs).toBeGreaterThan(150_000);
  expect(readThreads(0x3fff_ffff).size).toBe(0);
});

onLinux('a process and what it started, and no other', async () => {
  const child = spawn('sleep', ['10']);
  await once(child, 'spawn');
  expect(processTree(process.pid)).toEqual(expect.arrayContaining([process.pid, child.pid]));
  expect(processTree(child.pid!)).toEqual([child.pid]);
  child.kill();
  await once(child, 'close');
});

onLinux('datagrams that nobody reads are counted as lost at the socket', async () => {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4_096 });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const before = readSocketDrops(process.pid);
  const sender = createSocket('udp4');
  sender.connect(socket.address().port, '127.0.0.1');
  await once(sender, 'connect');
  for (let count = 0; count < 100; count++) sender.send(new Uint8Array(1_000));
  // Nothing is read meanwhile: this thread does not get to its event loop.
  expect(readSocketDrops(process.pid)).toBeGreaterThan(before);
  sender.close();
  socket.close();
});

test('drops of a table are those of the sockets asked for', () => {
  const line = (inode: number, drops: number) =>
    `  1: 0100007F:1 00000000:0000 07 00000000:00000000 00:00000000 00000000  0  0 ${inode} 2 0000 ${drops}`;
  const table = ['  sl  local_address …', line(77, 5), line(78, 7), line(79, 11), ''].join('\n');
  expect(sumDrops(table, new Set(['77', '79']))).toBe(16);
  expect(sumDrops('', new Set(['77']))).toBe(0);
});

test('collections and pauses are those between two readings, by thread', () => {
  const reading = (young: number, pauses: readonly [le: string, count: number][]): Map<string, number> => {
    const labels = 'thread="zone-1",zone_id="1"';
    const count = pauses.at(-1)![1];
    return new Map([
      [`darkages_thread_gc_total{${labels},generation="young"}`, young],
      [`darkages_thread_gc_total{${labels},generation="old"}`, 1],
      ...pauses.map(([le, value]): [string, number] => [
        `darkages_thread_gc_pause_seconds_bucket{${labels},le="${le}"}`,
        value,
      ]),
      [`darkages_thread_gc_pause_seconds_sum{${labels}}`, count / 1000],
      [`darkages_thread_gc_pause_seconds_count{${labels}}`, count],
    ]);
  };
  const before = reading(2, [
    ['0.001', 2],
    ['0.002', 2],
    ['+Inf', 3],
  ]);
  const after = reading(4, [
    ['0.001', 3],
    ['0.002', 4],
    ['+Inf', 5],
  ]);
  expect(readCollections(before, after)).toEqual({ 'zone-1': { young: 2, old: 0, pausedMs: 2, pauseMsAtMost: 2 } });
  expect(readCollections(after, after)).toEqual({ 'zone-1': { young: 0, old: 0, pausedMs: 0, pauseMsAtMost: 0 } });
  const worse = reading(5, [
    ['0.001', 3],
    ['0.002', 4],
    ['+Inf', 6],
  ]);
  expect(readCollections(after, worse)['zone-1']).toMatchObject({ pausedMs: 1, pauseMsAtMost: 1 });
});

/** What a client holds, as far as ages go: one position. */
function createHeld() {
  const replicas = {
    rows: [{ name: 'position_x' }, { name: 'health' }],
    bySlot: new Map(),
    tick: -1,
  } as unknown as Replicas;
  const states = (slot: number, kind: number, ...all: readonly (readonly [tick: number, x: number])[]): void => {
    const ticks = Int32Array.from(all, ([tick]) => tick);
    const values = Int32Array.from(all.flatMap(([, x]) => [x, 9]));
    replicas.bySlot.set(slot, { slot, generation: 1, kind, ticks, values, count: all.length } as unknown as Replica);
  };
  return { replicas, states };
}

test('the age of who moves is the time to its next state; who stands, other kinds and oneself have none', () => {
  const { replicas, states } = createHeld();
  const ages = createAges(replicas, 1);
  const snapshot = (tick: number): void => {
    replicas.tick = tick;
    noteAges(ages, replicas, 5);
  };
  states(1, 1, [0, 0], [3, 7]);
  states(2, 1, [0, 4], [3, 4]);
  states(3, 2, [0, 0], [3, 7]);
  states(5, 1, [0, 0], [3, 7]);
  snapshot(3);
  snapshot(6);
  states(1, 1, [3, 7], [63, 9]);
  states(2, 1, [3, 4], [63, 9]);
  snapshot(63);
  // The first was a second old, the second stood still as far as anybody knows.
  expect(summariseAges([ages], 2)).toMatchObject({
    watchers: 1,
    states: 1,
    stateAgeMs: { max: 1000 },
    heldMean: 2,
    snapshotsPerSecondMin: 1.5,
  });
  // Nothing came of the first for two seconds more, the second has left.
  replicas.bySlot.delete(2);
  snapshot(183);
  closeAges(ages);
  expect(summariseAges([ages], 2)).toMatchObject({ states: 2, stateAgeMs: { max: 2000 } });
});

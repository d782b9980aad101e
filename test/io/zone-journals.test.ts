import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import { createRandom, type Random } from '../../src/base/random.ts';
import { createKeepingRingReader } from '../../src/base/ring.ts';
import { type Journal, openJournal } from '../../src/io/journal-keeper.ts';
import {
  createZoneJournals,
  takeRecovered,
  unpackTicks,
  type ZoneJournals,
  type ZoneJournalsOptions,
} from '../../src/io/zone-journals.ts';
import { worldTick } from '../../src/sim/world.ts';
import { createBackPressure } from '../../src/store/back-pressure.ts';
import { type Commit, isPlayerSide } from '../../src/store/commit.ts';
import { BLOCK_BYTES, type JournalMark } from '../../src/store/journal/format.ts';
import { COMMITTED_TICK, KEPT_TICK } from '../../src/store/zone-journal.ts';
import { createZoneBuffers } from '../../src/zone/buffers.ts';
import type { Replayed } from '../../src/zone/state.ts';
import { createZone } from '../../src/zone/zone.ts';
import { game as bank } from '../../tools/chaos/bank.ts';
import { createFaultyFiles, DiskError, type FaultyFiles, PowerCut } from '../store/journal/faulty-files.ts';
import { createTestZone, join, receive, request, run, type TestZone } from '../zone/harness.ts';
import { createPromptPool } from './prompt-pool.ts';

interface Server {
  readonly zone: TestZone;
  readonly zones: ZoneJournals;
  readonly kept: string[];
  /** As /metrics tells it, in milliseconds. */
  lagMs(): number;
  readonly commits: Commit[];
  readonly replayed: Replayed | undefined;
  readonly clock: { nowMs: number };
  isCut: boolean;
}

const PLAYERS = [1, 2, 3];

function openBench(files: FaultyFiles, clock: { readonly nowMs: number }): Journal {
  return openJournal({
    files,
    pool: createPromptPool(files),
    nodeId: 'node',
    now: () => clock.nowMs,
    wallMs: () => 1000,
    onTrouble: () => {},
    segmentBytes: 8 * BLOCK_BYTES,
    preallocateBytes: BLOCK_BYTES,
    packAfterMs: 0,
  });
}

/** What a store has of a journal: all that it has kept the mark of, and after a power cut maybe some of the rest. */
interface TestLedger {
  commits: Commit[];
  synced: number;
  mark: JournalMark | undefined;
}

const createTestLedger = (): TestLedger => ({ commits: [], synced: 0, mark: undefined });

function cutPower(files: FaultyFiles, ledger: TestLedger, random: Random): void {
  files.before = () => {};
  files.cutPower();
  ledger.commits.splice(ledger.synced + random.below(1 + ledger.commits.length - ledger.synced));
}

/**
 * A process: the zone, and the store thread's part of it, on that disk.
 * @param store in place of one that does all at once
 */
function start(
  files: FaultyFiles,
  ledger = createTestLedger(),
  store: Partial<Pick<ZoneJournalsOptions, 'applier' | 'backPressure'>> = {},
): Server {
  const clock = { nowMs: 0 };
  const journal = openBench(files, clock);
  const [recovered] = takeRecovered(journal, 1, 0);
  const empty = createTestZone(bank, 1, 1, 64, true);
  const buffers = createZoneBuffers(bank, 1, 64, true);
  let replayed: Replayed | undefined;
  const zone = createZone({
    game: bank,
    seed: 1,
    epoch: recovered?.epoch ?? 1,
    buffers: { ...empty.buffers, journal: buffers.journal },
    resume: false,
    recovered: recovered?.state && {
      keyframe: recovered.state.keyframe,
      ticks: unpackTicks(recovered.state.ticks),
      onReplayed: (how) => {
        replayed = how;
      },
    },
  });
  const test: TestZone = { ...empty, buffers: { ...empty.buffers, journal: buffers.journal }, zone };
  const kept: string[] = [];
  const { commits } = ledger;
  let applied = 0;
  const counters = createCounterBuffer('store');
  const { words, index } = createCounters('store', counters);
  const zones = createZoneJournals({
    journal,
    buffers: [buffers.journal!],
    start: { game: 'bank', gameVersion: '1', assets: bank.assets, accounts: bank.accounts },
    nodeId: 'node',
    settleMs: 0,
    counters,
    now: () => clock.nowMs,
    applier: {
      take(position, each) {
        commits.push(...each);
        applied = position;
        return true;
      },
      appliedPosition: () => applied,
      whenApplied: async () => {},
    },
    ledger: {
      async keepMark(_, mark) {
        const { length } = ledger.commits;
        await breathe();
        if (clock.nowMs % 3 === 0) throw new Error('the store is down');
        ledger.synced = length;
        ledger.mark = mark;
      },
    },
    onMarkFailed: () => {},
    backPressure: createBackPressure(),
    onKeeping: (state) => void kept.push(state),
    ...store,
  });
  zones.replayCommits(ledger.mark);
  return { zone: test, zones, kept, lagMs: () => words[index.lagJournalMs]!, commits, replayed, clock, isCut: false };
}

/** Lets the pool's promises run. */
const breathe = () => new Promise((resolve) => setImmediate(resolve));

interface Command {
  readonly client: number;
  readonly key: number;
  readonly gold: number;
  readonly to: number;
}

const command = fc.record({
  client: fc.constantFrom(...PLAYERS),
  gold: fc.integer({ min: 0, max: 60 }),
  to: fc.constantFrom(...PLAYERS),
});

/** A tick, and what the store thread makes of it. */
async function pass(server: Server): Promise<void> {
  run(server.zone);
  server.clock.nowMs += 17;
  server.zones.update();
  await breathe();
  if (server.isCut) throw new PowerCut();
}

/** Sends it; the answer, undefined when there is none for some ticks. */
async function askOnce(server: Server, { client, key, gold, to }: Command): Promise<string | undefined> {
  const body = to === client ? { mint: { gold, gems: 0 } } : { swap: { to: handleOf(server, to), gold, gems: 0 } };
  request(server.zone, client, { id: 1, key, ...body });
  for (let tick = 0; tick < 8; tick++) {
    await pass(server);
    const answer = receive(server.zone).find(({ kind, client: whose }) => kind === 'response' && whose === client);
    if (answer !== undefined) return answer.value!.refused as string;
  }
  return undefined;
}

/** Sends it until it is answered, and not put off. Throws when the power is cut before. */
async function ask(server: Server, command: Command): Promise<string> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const refused = await askOnce(server, command);
    if (refused !== undefined && refused !== 'not_now') return refused;
  }
  throw new Error('no answer');
}

function handleOf({ zone }: Server, client: number): number {
  return zone.zone.sim.handle(zone.zone.slotOfPlayer.get(1000 + client)!);
}

function enter(server: Server): void {
  for (const client of PLAYERS) join(server.zone, client, { epoch: 1 });
  run(server.zone);
  receive(server.zone);
}

/** A keyframe of it is on disk, so that whoever comes after it has something to go on from. */
function hasKeyframe({ zone }: Server): boolean {
  return new Int32Array(zone.buffers.journal!.words)[KEPT_TICK]! > 0;
}

/** What players have once it is done. */
function book(model: Map<number, number>, { client, gold, to }: Command): void {
  const add = (player: number, amount: number) => model.set(1000 + player, model.get(1000 + player)! + amount);
  add(to, gold);
  if (to !== client) add(client, -gold);
}

/** By player, from the commits alone; each counts once, however often it was handed over. */
function sum(commits: readonly Commit[]): Map<number, number> {
  const gold = new Map<number, number>();
  const seen = new Set<string>();
  for (const { id, transfers } of commits) {
    if (seen.has(id)) continue;
    seen.add(id);
    for (const { amount, from, to } of transfers) {
      if (isPlayerSide(from)) gold.set(from.playerId, (gold.get(from.playerId) ?? 0) - amount);
      if (isPlayerSide(to)) gold.set(to.playerId, (gold.get(to.playerId) ?? 0) + amount);
    }
  }
  return gold;
}

test('whatever the disk forgets when the power is cut: what was answered is there, once, in the zone and in the ledger', async () => {
  const life = fc.record({ commands: fc.array(command, { maxLength: 14 }), cutAfter: fc.nat(120) });
  const seen = { replays: 0, cuts: 0, players: 0 };
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(life, { minLength: 2, maxLength: 5 }), async (seed, lives) => {
      const random = createRandom(seed);
      const files = createFaultyFiles(random);
      const model = new Map<number, number>(PLAYERS.map((client) => [1000 + client, 0]));
      const ledger = createTestLedger();
      let open: Command | undefined;
      let wasKept = false;
      let key = 2 ** 32 - 100;
      const goOn = (): Server => {
        const server = start(files, ledger);
        expect(wasKept ? ['whole'] : ['whole', undefined]).toContain(server.replayed?.end);
        if (server.replayed !== undefined) seen.replays++;
        return server;
      };
      for (const { commands, cutAfter } of lives) {
        const server = goOn();
        enter(server);
        let left = cutAfter;
        files.before = () => {
          if (left-- > 0) return;
          server.isCut = true;
          throw new DiskError('EIO');
        };
        try {
          const fresh = commands.map((each) => ({ ...each, key: key++ }));
          for (const each of [...(open === undefined ? [] : [open]), ...fresh]) {
            open = each;
            if ((await ask(server, each)) === '') book(model, each);
            open = undefined;
          }
        } catch (error) {
          if (!(error instanceof PowerCut)) throw error;
          seen.cuts++;
        }
        wasKept ||= hasKeyframe(server);
        cutPower(files, ledger, random);
      }
      const server = goOn();
      if (open !== undefined) {
        enter(server);
        if ((await ask(server, open)) === '') book(model, open);
      }
      const found = sum(ledger.commits);
      for (const [playerId, gold] of model) {
        expect(found.get(playerId) ?? 0, `ledger of ${playerId}`).toBe(gold);
        const slot = server.zone.zone.slotOfPlayer.get(playerId);
        if (slot === undefined) continue;
        expect(server.zone.zone.world.columns.gold[slot], `player ${playerId}`).toBe(gold);
        seen.players++;
      }
    }),
    { numRuns: 40 },
  );
  // Else nothing was recovered.
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(20);
}, 120_000);

test('a disk that is full: commands are refused, the zone ticks on, and when there is room again nothing is missing', async () => {
  const files = createFaultyFiles(createRandom(3));
  const server = start(files);
  enter(server);
  expect(await ask(server, { client: 1, key: 1, gold: 10, to: 1 })).toBe('');
  let isFull = true;
  files.before = (operation) => {
    if (isFull && (operation === 'write' || operation === 'create')) throw new DiskError('ENOSPC');
  };
  const before = server.zone.zone.world.words[0]!;
  request(server.zone, 1, { id: 1, key: 2, mint: { gold: 5, gems: 0 } });
  for (let tick = 0; tick < 30; tick++) {
    run(server.zone);
    server.zones.update();
    await breathe();
  }
  expect(receive(server.zone)).toEqual([]);
  request(server.zone, 2, { id: 1, key: 2, mint: { gold: 5, gems: 0 } });
  run(server.zone);
  expect(receive(server.zone).map(({ value }) => value?.refused)).toEqual(['not_now']);
  expect(server.zone.zone.world.words[0]).toBe(before + 31);
  expect(server.kept).toEqual(['failing']);
  server.clock.nowMs += 700;
  server.zones.update();
  expect(server.lagMs()).toBe(700);
  isFull = false;
  server.clock.nowMs += 10_000;
  server.zones.update();
  run(server.zone);
  expect(receive(server.zone).map(({ client, value }) => [client, value?.refused])).toEqual([[1, '']]);
  expect(server.kept).toEqual(['failing', 'recovered']);
  expect(server.lagMs()).toBe(0);
  expect(await ask(server, { client: 2, key: 2, gold: 5, to: 2 })).toBe('');
  expect(server.zone.zone.world.columns.gold.subarray(0, 2)).toEqual(Int32Array.of(15, 5));
  expect(sum(server.commits)).toEqual(
    new Map([
      [1001, 15],
      [1002, 5],
    ]),
  );
});

const mint = (key: number): Command => ({ client: 1, key, gold: 1, to: 1 });

test('while too many bytes wait for the store, commands are put off; they are done again once most of it has', async () => {
  const backPressure = createBackPressure(1000, 800);
  const groups: number[] = [];
  let applied = 0;
  const server = start(createFaultyFiles(createRandom(5)), createTestLedger(), {
    backPressure,
    applier: {
      take(position, commits) {
        if (commits.length > 0) groups.push(position);
        return true;
      },
      appliedPosition: () => applied,
      whenApplied: async () => {},
    },
  });
  enter(server);
  let key = 1;
  expect(await ask(server, mint(key))).toBe('');
  while (backPressure.bytes() < 1000 && key < 100) expect(await askOnce(server, mint(++key))).toBe('');
  const done = key;
  expect(groups).toHaveLength(done);
  while (backPressure.bytes() >= 800) {
    expect(await askOnce(server, mint(++key)), `with ${backPressure.bytes()} bytes`).toBe('not_now');
    applied = groups.shift()!;
    // While nobody waits for the disk, the store thread looks at what there is each 100 ms.
    for (let tick = 0; tick < 7; tick++) await pass(server);
  }
  expect(key - done, 'refused').toBeGreaterThan(2);
  expect(await askOnce(server, mint(++key))).toBe('');
  expect(server.zone.zone.world.columns.gold[0]).toBe(done + 1);
});

test('while the applier has no room, commands are put off; then it gets what waited, and they are done again', async () => {
  const taken: Commit[] = [];
  let hasRoom = true;
  let applied = 0;
  const server = start(createFaultyFiles(createRandom(6)), createTestLedger(), {
    applier: {
      take(position, commits) {
        if (!hasRoom) return false;
        taken.push(...commits);
        applied = position;
        return true;
      },
      appliedPosition: () => applied,
      whenApplied: async () => {},
    },
  });
  enter(server);
  expect(await ask(server, mint(1))).toBe('');
  hasRoom = false;
  expect(await askOnce(server, mint(2)), 'promised before anybody knew').toBe('');
  for (const key of [3, 4, 3]) expect(await askOnce(server, mint(key))).toBe('not_now');
  expect(taken.map(({ key }) => key)).toEqual([1]);
  hasRoom = true;
  for (let tick = 0; tick < 7; tick++) await pass(server);
  expect(await askOnce(server, mint(3))).toBe('');
  expect(taken.map(({ key }) => key)).toEqual([1, 2, 3]);
});

test('who replays many ticks hears of it now and then', () => {
  const ticks = Array.from({ length: 1300 }, (_, index) => Uint8Array.of(index & 255));
  const packed = Uint8Array.from(ticks.flatMap(([byte]) => [1, 0, 0, 0, byte!]));
  let told = 0;
  expect([...unpackTicks(packed, () => void told++)]).toEqual(ticks);
  expect(told).toBe(2);
});

test('commits that wait are applied as what they were, whatever game and however many zones are run by then', async () => {
  const files = createFaultyFiles(createRandom(4));
  const server = start(files);
  enter(server);
  expect(await ask(server, { client: 1, key: 1, gold: 10, to: 1 })).toBe('');
  files.cutPower();
  const journal = openBench(files, { nowMs: 0 });
  expect(takeRecovered(journal, 0, 0)).toEqual([]);
  const commits: Commit[] = [];
  let applied = 0;
  const zones = createZoneJournals({
    journal,
    buffers: [],
    start: { game: 'other', gameVersion: '9', assets: ['rubies'], accounts: ['bank'] },
    nodeId: 'node',
    settleMs: 0,
    counters: createCounterBuffer('store'),
    now: () => 0,
    applier: {
      take(position, each) {
        if (commits.length === 0 && each.length > 0 && applied === 0) {
          applied = -1;
          return false;
        }
        commits.push(...each);
        applied = position;
        return true;
      },
      appliedPosition: () => Math.max(0, applied),
      whenApplied: async () => {},
    },
    ledger: { keepMark: async () => {} },
    onMarkFailed: () => {},
    backPressure: createBackPressure(),
    onKeeping: () => {},
  });
  zones.replayCommits();
  await expect(zones.whenApplied(1001)).rejects.toMatchObject({ code: 'DARKAGES_STORE_BUSY' });
  zones.update(true);
  await zones.whenApplied(1001);
  const [commit] = commits;
  expect(commit).toMatchObject({ game: 'bank', zoneId: 1, transfers: [{ asset: 'gold', from: { account: 'mint' } }] });
});

test('a keyframe that failed is tried again half a second later, and one that comes while another is written waits for that', async () => {
  const clock = { nowMs: 0 };
  const writes: { readonly tick: number; readonly finish: (isKept: boolean) => void }[] = [];
  const journal = Object.assign(Object.create(openBench(createFaultyFiles(createRandom(5)), clock)) as Journal, {
    writeKeyframe: (_zoneId: number, _epoch: number, tick: number) =>
      new Promise<boolean>((finish) => writes.push({ tick, finish })),
  });
  const zone = createTestZone(bank, 1, 1, 64, true);
  const zones = createZoneJournals({
    ...{ journal, buffers: [zone.buffers.journal!], nodeId: 'node', settleMs: 0, now: () => clock.nowMs },
    start: { game: 'bank', gameVersion: '1', assets: bank.assets, accounts: bank.accounts },
    counters: createCounterBuffer('store'),
    applier: { take: () => true, appliedPosition: () => 0, whenApplied: async () => {} },
    ledger: { keepMark: async () => {} },
    ...{ backPressure: createBackPressure(), onMarkFailed: () => {}, onKeeping: () => {} },
  });
  const pass = async (ticks: number): Promise<void> => {
    for (let tick = 0; tick < ticks; tick++) {
      run(zone);
      clock.nowMs += 17;
      zones.update(true);
      await breathe();
    }
  };
  const ask = async () => {
    request(zone, 1, { id: 1, mint: { gold: 1, gems: 0 } });
    await pass(3);
    return receive(zone).flatMap(({ value }) => value?.refused ?? []);
  };
  join(zone, 1);
  await pass(2);
  expect([writes.length, await ask()]).toEqual([1, ['not_now']]);
  writes[0]!.finish(false);
  await pass(28);
  expect(writes).toHaveLength(1);
  await pass(4);
  expect(writes.map(({ tick }) => tick)).toEqual([1, 1]);
  // Ticks that found no room on the ring: what is being written is too old for promises.
  const { world, journal: end } = zone.zone;
  end!.unbrokenSince = worldTick(world) + 1;
  end!.keyframeDue = end!.unbrokenSince;
  await pass(5);
  expect([writes.length, await ask()]).toEqual([2, ['not_now']]);
  writes[1]!.finish(true);
  await pass(3);
  expect(writes).toHaveLength(3);
  expect(writes[2]!.tick).toBeGreaterThanOrEqual(end!.unbrokenSince);
  writes[2]!.finish(true);
  await pass(1);
  expect(await ask()).toEqual(['']);
});

test('at a beginning and at an end all that is on the rings is kept, though it is more than one group', () => {
  const server = start(createFaultyFiles(createRandom(6)));
  const { words, ring } = server.zone.buffers.journal!;
  run(server.zone, 5_000);
  expect(new Int32Array(words)[COMMITTED_TICK]).toBe(0);
  server.zones.update(true);
  expect(new Int32Array(words)[COMMITTED_TICK]).toBe(5_000);
  expect(createKeepingRingReader(ring).next()).toBe(false);
});

// How many trades a second zones can promise, and how long one who trades waits: 500 players in four zones swap gold
// for gems, in pairs, at a steady rate; each command goes into a zone's input ring as from an edge, is run by a real zone
// thread at its next tick, kept in the journal by a real store thread with a sync of the real disk, and answered then. The
// time is from the ring to the answer, so it holds the wait for the tick. At the end everything is in the ledger of the
// database, once: what each player has is compared with what its trades come to.

import { setTimeout as sleep } from 'node:timers/promises';
import { openEmbeddedStore } from '../../src/io/embedded-store.ts';
import { game as bank } from '../../tools/chaos/bank.ts';
import { quantileOf } from '../../tools/swarm/statistics.ts';
import type { Bench, Figure } from '../bench.ts';
import { type BenchZones, startBenchZones } from './zones.ts';

interface Load {
  readonly zones: number;
  readonly players: number;
  readonly tradesPerSecond: number;
  readonly measuredS: number;
}

const FULL: Load = { zones: 4, players: 125, tradesPerSecond: 5_400, measuredS: 10 };
const SMALL: Load = { zones: 2, players: 8, tradesPerSecond: 200, measuredS: 1 };
const WARM_S = 3;
const MINTED = 1_000_000;
const OPEN_MS_MAX = 20_000;
const ANSWER_MS_MAX = 10_000;

interface Trade {
  readonly zone: number;
  readonly from: number;
  readonly to: number;
  readonly gold: number;
  readonly gems: number;
  readonly sentMs: number;
}

export const bench: Bench = {
  figures: [
    'durable.tradesPerSecond',
    'durable.tradeMsP99',
    'durable.tradesPerFsync',
    'durable.tradesRefused',
    'durable.writers',
    'durable.tradeStoreCpuMicros',
  ],
  async run(seed, isSmall) {
    const load = isSmall ? SMALL : FULL;
    const zones = await startBenchZones(load.zones, load.players);
    try {
      return await measure(zones, load, seed);
    } finally {
      zones.remove();
    }
  },
};

async function measure(zones: BenchZones, load: Load, seed: number): Promise<Figure[]> {
  const run = createRun(zones, load, seed);
  await run.mintAll();
  await run.trade(isShort(load) ? 0.2 : WARM_S);
  run.msEach.length = 0;
  const groups = groupsOf(zones);
  const before = (await zones.cpuS()).store;
  const startMs = performance.now();
  await run.trade(load.measuredS);
  const seconds = (performance.now() - startMs) / 1000;
  const cpuS = (await zones.cpuS()).store - before;
  const trades = run.msEach.length;
  const fsyncs = groupsOf(zones) - groups;
  await zones.stop();
  const corrupt = await countCorrupt(zones.folder, load, run.balances);
  const checksum = `${trades} trades, ${run.refused} refused, ${corrupt} corrupt`;
  const figure = (name: string, value: number, unit: string): Figure => ({
    figure: `durable.${name}`,
    value,
    unit,
    seed,
    checksum,
  });
  return [
    figure('tradesPerSecond', trades / seconds, '1/s'),
    figure('tradeMsP99', quantileOf(run.msEach, 0.99), 'ms'),
    figure('tradesPerFsync', trades / fsyncs, ''),
    figure('tradesRefused', run.refused, ''),
    figure('writers', corrupt, 'corrupt'),
    figure('tradeStoreCpuMicros', (cpuS * 1e6) / trades, 'µs'),
  ];
}

function isShort(load: Load): boolean {
  return load === SMALL;
}

function groupsOf({ counters: { words, index } }: BenchZones): number {
  return words[index.journalGroups]!;
}

function createRun(zones: BenchZones, load: Load, seed: number) {
  const { handles } = zones;
  const open = new Map<string, Trade>();
  const balances = handles.map((each) => each.map(() => ({ gold: 0, gems: 0 })));
  const msEach: number[] = [];
  let refused = 0;
  let nextId = 1;
  let state = seed;
  const draw = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const take = (): void => {
    const nowMs = performance.now();
    for (const { zone, client, id, refused: why } of zones.answers()) {
      const key = `${zone} ${client} ${id}`;
      const trade = open.get(key);
      if (trade === undefined) throw new Error('an answer to nothing');
      open.delete(key);
      msEach.push(nowMs - trade.sentMs);
      if (why !== '') refused++;
      else book(balances[zone]!, trade);
    }
  };
  const send = (trade: Omit<Trade, 'sentMs'>, isMint: boolean): void => {
    const { zone, from, to, gold, gems } = trade;
    const id = nextId++;
    const body = isMint ? { mint: { gold, gems } } : { swap: { to: handles[zone]![to]!, gold, gems } };
    if (!zones.request(zone, from, { id, key: id, ...body })) throw new Error('the input ring is full');
    open.set(`${zone} ${from} ${id}`, { ...trade, sentMs: performance.now() });
  };
  const settle = async (): Promise<void> => {
    const deadlineMs = performance.now() + ANSWER_MS_MAX;
    while (open.size > 0) {
      if (performance.now() > deadlineMs) throw new Error(`${open.size} commands were not answered`);
      await sleep(1);
      take();
    }
  };
  return {
    msEach,
    balances,
    get refused() {
      return refused;
    },
    /** A zone promises nothing before its first keyframe is on disk. */
    async mintAll(): Promise<void> {
      const deadlineMs = performance.now() + OPEN_MS_MAX;
      while (!zones.isOpen()) {
        if (performance.now() > deadlineMs) throw new Error('no keyframe of each zone is on disk');
        await sleep(10);
      }
      for (let zone = 0; zone < load.zones; zone++) {
        for (let from = 0; from < load.players; from++) {
          send({ zone, from, to: -1, gold: MINTED, gems: MINTED }, true);
          if (from % 20 === 0) await settle();
        }
      }
      await settle();
      if (refused > 0) throw new Error('gold could not be made');
    },
    async trade(seconds: number): Promise<void> {
      const startMs = performance.now();
      const total = Math.floor(seconds * load.tradesPerSecond);
      for (let sent = 0; sent < total; ) {
        const due = Math.min(total, ((performance.now() - startMs) / 1000) * load.tradesPerSecond);
        for (; sent < due; sent++) {
          const zone = sent % load.zones;
          const from = draw(load.players);
          const to = (from + 1 + draw(load.players - 1)) % load.players;
          send({ zone, from, to, gold: 1 + draw(9), gems: 1 + draw(3) }, false);
        }
        await sleep(1);
        take();
      }
      await settle();
    },
  };
}

function book(balances: { gold: number; gems: number }[], { from, to, gold, gems }: Trade): void {
  const payer = balances[from]!;
  payer.gold += to < 0 ? gold : -gold;
  payer.gems += gems;
  if (to < 0) return;
  balances[to]!.gold += gold;
  balances[to]!.gems -= gems;
}

/** Players whose account in the database is not what their trades come to. */
async function countCorrupt(
  folder: string,
  load: Load,
  balances: readonly (readonly { readonly gold: number; readonly gems: number }[])[],
): Promise<number> {
  const store = openEmbeddedStore(folder);
  let corrupt = 0;
  for (const [zone, players] of balances.entries()) {
    for (const [client, expected] of players.entries()) {
      const { balances: found } = await store.loadBalances(1 + zone * load.players + client, bank.name);
      if (found.gold !== expected.gold || found.gems !== expected.gems) corrupt++;
    }
  }
  await store.close();
  return corrupt;
}

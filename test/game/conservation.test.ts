// Nothing is made of nothing: several players do all there is to do, at random, and each tick what they and the named
// accounts have is held against a ledger that knows the commits alone.

import { expect, test } from 'vitest';
import { Writer } from '../../src/base/bytes.ts';
import { createRandom, type Random } from '../../src/base/random.ts';
import { SLASH } from '../../src/game/abilities.ts';
import { game } from '../../src/game/game.ts';
import { placesUsed } from '../../src/game/inventory.ts';
import { ITEMS, PLACES } from '../../src/game/items.ts';
import { TROLL, WOLF } from '../../src/game/kinds.ts';
import { VENDORS_MM } from '../../src/game/vendor.ts';
import { type Commit, isPlayerSide, type Side } from '../../src/store/commit.ts';
import { beginTickRecord, endTaken, readCommits, readTickHead } from '../../src/store/tick-record.ts';
import { type Arena, addCreature, addPlayer, ask, createArena, drawValues, give, put, step } from './arena.ts';

const PLAYERS = 8;
const TICKS = 2500;
const [X, Z] = VENDORS_MM[0]!;
const SEEDS = [11, 12, 13];

/** As the journal has them. */
function commitsOf({ commits, sim }: Arena): readonly Commit[] {
  const writer = new Writer(new Uint8Array(1 << 18));
  beginTickRecord(writer, sim.tick, 1, true, false);
  endTaken(writer);
  writer.raw(commits.writer.bytes, 0, commits.writer.offset);
  const bytes = writer.copy();
  const { assets, accounts } = game;
  return readCommits(bytes, readTickHead(bytes)!, { origin: 'n/1', zoneId: 1, game: game.name, assets, accounts })!;
}

/** Balances by account and asset, and how many transfers each player has had. */
interface Ledger {
  readonly balances: Map<string, number>;
  readonly seqs: Map<number, number>;
}

function enter({ balances, seqs }: Ledger, { transfers }: Commit): void {
  for (const { asset, amount, from, to } of transfers) {
    expect(amount).toBeGreaterThan(0);
    const change = (side: Side, by: number): void => {
      const name = `${isPlayerSide(side) ? side.playerId : side.account} ${asset}`;
      const balance = (balances.get(name) ?? 0) + by;
      balances.set(name, balance);
      if (!isPlayerSide(side)) return;
      const seq = (seqs.get(side.playerId) ?? 0) + 1;
      seqs.set(side.playerId, seq);
      expect([side.seq, side.balance]).toEqual([seq, balance]);
      expect(balance).toBeGreaterThanOrEqual(0);
    };
    change(from, -amount);
    change(to, amount);
  }
}

function sumOf({ balances }: Ledger, asset: string): number {
  let sum = 0;
  for (const [name, balance] of balances) if (name.endsWith(` ${asset}`)) sum += balance;
  return sum;
}

function play(arena: Arena, random: Random, slots: readonly number[]): void {
  const { columns } = arena;
  const names = slots.map((slot) => arena.names.get(slot)!);
  for (const slot of slots) {
    columns.ability[slot] = random.below(20) === 0 ? SLASH : 0;
    columns.aim[slot] = random.below(65_536);
    columns.moveX[slot] = random.below(255) - 127;
    columns.moveZ[slot] = random.below(255) - 127;
    if (random.below(200) === 0) put(arena, slot, X + random.below(4000), Z + random.below(4000));
    if (random.below(3) > 0) continue;
    const requests = Object.keys(game.requests!);
    const isTrading = columns.tradeWith[slot] !== 0;
    const name = isTrading && random.below(2) === 0 ? 'tradeConfirm' : requests[random.below(requests.length)]!;
    // A quarrel takes trades apart: mostly they go on.
    if (name === 'tradeDecline' && random.below(4) > 0) continue;
    const values = drawValues(game.requests![name]!.fields, random, names);
    const revision = columns.tradeRevision[slot]!;
    ask(arena, slot, name, name === 'tradeConfirm' && random.below(5) > 0 ? { revision } : values);
  }
}

test.for(SEEDS)('the sum over all accounts stays nothing, whatever is played (SEED=%s)', (seed) => {
  const arena = createArena(undefined, 128, seed);
  const random = createRandom(seed);
  const slots = Array.from({ length: PLAYERS }, () => addPlayer(arena, X + random.below(4000), Z));
  // One comes from before there were accounts.
  arena.columns.gold[slots[0]!] = 77;
  arena.columns.sword[slots[0]!] = 2;
  for (let count = 0; count < 6; count++) addCreature(arena, count === 0 ? TROLL : WOLF, X + 3000, Z - count * 900);
  for (const slot of slots.slice(1)) game.join!(arena.sim, slot, false);
  for (const slot of slots) for (let item = 0; item <= 7; item++) if (random.below(2) === 0) give(arena, slot, item, 2);
  const ledger: Ledger = { balances: new Map(), seqs: new Map() };
  const requests = new Map<string, number>();
  for (let tick = 0; tick < TICKS; tick++) {
    play(arena, random, slots);
    for (const commit of commitsOf(arena)) {
      enter(ledger, commit);
      const deed = commit.request === '' ? 'happened' : `${commit.request}${commit.refused === '' ? '' : ' refused'}`;
      requests.set(deed, (requests.get(deed) ?? 0) + 1);
    }
    step(arena);
    // What systems promised in that tick is there still, and read with what is asked before the next one.
    const late = commitsOf(arena);
    const seen: Ledger = { balances: new Map(ledger.balances), seqs: new Map(ledger.seqs) };
    for (const commit of late) enter(seen, commit);
    for (const { asset } of ITEMS) {
      expect(sumOf(seen, asset)).toBe(0);
      for (const slot of slots) {
        if (arena.columns.ledgerSeq[slot] === 0) continue;
        const held = arena.sim.columns[asset][slot]!;
        expect(held).toBe(seen.balances.get(`${slot + 1} ${asset}`) ?? 0);
        expect(held).toBeGreaterThanOrEqual(0);
      }
    }
    for (const slot of slots) {
      const { weapon, armour } = arena.columns;
      expect(placesUsed(arena.sim, slot)).toBeLessThanOrEqual(PLACES);
      for (const worn of [weapon[slot]!, armour[slot]!]) {
        expect(worn === 0 || arena.sim.columns[ITEMS[worn]!.asset][slot]! > 0).toBe(true);
      }
    }
    for (const [account, seq] of seen.seqs) expect(arena.columns.ledgerSeq[account - 1]).toBe(seq);
  }
  for (const deed of ['happened', 'use', 'buy', 'sell', 'tradeConfirm', 'buy refused', 'tradeConfirm refused']) {
    expect(requests.get(deed) ?? 0, deed).toBeGreaterThan(3);
  }
  expect(arena.told.filter(({ event }) => event === 'traded').length).toBeGreaterThan(3);
});

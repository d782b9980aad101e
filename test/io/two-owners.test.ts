// Two nodes that both believe they have a character, with the real keeper, applier and store: what the one with the older
// epoch saves and promises is refused and counted, and of the newer one nothing is lost.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Writer } from '../../src/base/bytes.ts';
import { createManualClock } from '../../src/base/clock.ts';
import { createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import { TOKEN_LIFETIME_S } from '../../src/base/limits.ts';
import { createRingBuffer, createRingWriter } from '../../src/base/ring.ts';
import { openEmbeddedAudit } from '../../src/io/audit-sources.ts';
import { createCommitApplier } from '../../src/io/commit-applier.ts';
import { openEmbeddedStore } from '../../src/io/embedded-store.ts';
import { createStoreKeeper } from '../../src/io/store-keeper.ts';
import { auditLedger } from '../../src/store/audit.ts';
import type { Commit } from '../../src/store/commit.ts';
import { writeSaveRecord } from '../../src/store/save-record.ts';
import type { Store } from '../../src/store/store.ts';
import { createTestZone } from '../contract/store-ledger.ts';
import { createPlainNames } from '../contract/store-operations.ts';

const NAMES = createPlainNames();

function createNode(store: Store, nodeId: string) {
  const clock = createManualClock();
  const ring = createRingBuffer(1 << 16);
  const toStore = createRingWriter(ring);
  const counters = createCounters('store', createCounterBuffer('store'));
  const block = counters.words.buffer as SharedArrayBuffer;
  const zone = createTestZone(`${nodeId}/1/1`, NAMES);
  const epochs = new Map<number, number>();
  const letGo: number[] = [];
  let position = 0;
  let tick = 0;
  const applier = createCommitApplier({
    ...{ ledger: store, clock, counters: block, pauseMs: () => 100, onTrouble: () => {} },
    onFenced: (player, epoch) => keeper.letGo(player, epoch),
  });
  const keeper = createStoreKeeper({
    ...{ store, clock, nowS: () => 1_000, tokensFromS: 0, gameName: 'g', nodeId, savedColumns: ['gold', 'ledgerSeq'] },
    ...{ assets: ['gold'], saveRings: [ring], counters: block, whenApplied: applier.whenApplied },
  });
  keeper.onMoved(({ playerId, zoneId }) => {
    if (zoneId !== 1) letGo.push(playerId);
  });
  return {
    keeper,
    letGo,
    zone,
    count: (name: keyof typeof counters.index) => counters.words[counters.index[name]],
    async enter(player: number): Promise<void> {
      const token = { tokenId: `${nodeId} ${player} ${tick++}`, expiresS: 1_000 + TOKEN_LIFETIME_S };
      const entry = await keeper.methods.enterZone({ playerId: player, zoneId: 1, isZoneFull: false, ...token });
      if (!('epoch' in entry)) throw new Error(JSON.stringify(entry));
      const { gold = 0, ledgerSeq = 0 } = entry.character ?? {};
      epochs.set(player, entry.epoch);
      zone.enter(player, entry.epoch, { seq: ledgerSeq, balances: { gold } });
    },
    save(player: number, ledgerSeq: number, final = false): void {
      const writer = new Writer(new Uint8Array(64));
      const gold = zone.amountOf(player, 'gold');
      writeSaveRecord(writer, player, epochs.get(player)!, ++tick, final, [gold, ledgerSeq]);
      toStore.push(writer.bytes, 0, writer.offset);
    },
    async promise(...commits: readonly Commit[]): Promise<void> {
      expect(applier.take(++position, commits)).toBe(true);
      await applier.flush();
    },
  };
}

test('the one with the older epoch keeps saving and committing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-owners-'));
  const store = openEmbeddedStore(folder);
  const [old, young] = [createNode(store, 'old'), createNode(store, 'young')];
  for (const player of [1, 2, 3]) await old.enter(player);
  await old.promise(...[1, 2, 3].map((player) => old.zone.commit('loot', [['gold', 10, 'ground', player]])));
  for (const player of [1, 2, 3]) old.save(player, 1);
  await old.keeper.flush();

  await young.enter(1);
  expect(young.zone.amountOf(1, 'gold')).toBe(10);
  let spent = 0;
  for (let round = 0; round < 10; round++) {
    await old.promise(
      old.zone.commit('gift', [['gold', 1, 1, 2]]),
      old.zone.commit('loot', [['gold', 50, 'ground', 1]]),
    );
    await young.promise(young.zone.commit('buy', [['gold', 1, 1, 'vendor']]));
    spent++;
    old.save(1, 99, round === 9);
    young.save(1, 1 + spent);
    await Promise.all([old.keeper.flush(), young.keeper.flush()]);
    expect(await store.loadCharacter(1, 'g')).toEqual({ gold: 10 - spent, ledgerSeq: 1 + spent });
  }
  expect([old.count('ledgerFenced'), old.count('savesFenced')]).toEqual([20, 10]);
  expect([young.count('ledgerFenced'), young.count('savesFenced'), young.letGo]).toEqual([0, 0, []]);
  expect(new Set(old.letGo)).toEqual(new Set([1, 2]));
  // Who was to get something from it goes on from what the ledger says, and whoever had nothing to do with it goes on.
  old.save(2, 11, true);
  await old.promise(old.zone.commit('loot', [['gold', 5, 'ground', 3]]));
  await old.enter(2);
  await old.enter(1);
  expect([1, 2, 3].map((player) => old.zone.amountOf(player, 'gold'))).toEqual([0, 10, 15]);
  const source = openEmbeddedAudit(folder);
  expect(await auditLedger(source)).toMatchObject({ contradictions: [], fenced: 20, ahead: 0 });
  source.close();
  await store.close();
  rmSync(folder, { recursive: true });
});

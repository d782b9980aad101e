// What needs a store thread around it is in store-keeper.test.ts.

import { expect, test } from 'vitest';
import { createManualClock } from '../../src/base/clock.ts';
import { TOKEN_LIFETIME_S } from '../../src/base/limits.ts';
import type { PlayerMoved } from '../../src/io/store-client.ts';
import { createZoneEntries, type ZoneEntriesOptions } from '../../src/io/zone-entries.ts';
import { createZoneOwners } from '../../src/store/zone-owners.ts';

const TAKEN = { epoch: 7, columns: undefined, isNew: true, answers: [] };
const LET_IN = { character: undefined, epoch: 7, isNew: true, isStanding: false, answers: [] };

function setUp(
  takeSaves: () => boolean = () => true,
  owners = createZoneOwners(2),
  options: Partial<ZoneEntriesOptions> = {},
) {
  const clock = createManualClock();
  const entries = createZoneEntries({
    owners,
    clock,
    nowS: () => 1_000,
    tokensFromS: 0,
    takeSaves,
    lostEpoch: () => undefined,
    useToken: async () => true,
    take: async () => TAKEN,
    ...options,
  });
  const moved: PlayerMoved[] = [];
  const stop = entries.onMoved((one) => moved.push(one));
  let tokens = 0;
  const enter = (playerId: number, zoneId: number) => {
    const tokenId = `token-${tokens++}`;
    const expiresS = 1_000 + TOKEN_LIFETIME_S;
    return entries.enterZone({ playerId, tokenId, expiresS, zoneId, isZoneFull: false });
  };
  return { owners, enter, moved, stop, clock, entries };
}

/** All that can go on without a store has. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Takings that end when the test says so, in the order in which they began. */
function setUpHeld(more: Partial<ZoneEntriesOptions> = {}) {
  const takings: { end(taken?: typeof TAKEN): void; fail(): void; isWanted(): boolean }[] = [];
  const take: ZoneEntriesOptions['take'] = (_playerId, _zoneId, isWanted) =>
    new Promise((end, reject) => takings.push({ end, fail: () => reject(new Error('store broken')), isWanted }));
  return { ...setUp(undefined, createZoneOwners(), { take, ...more }), takings };
}

test('while its character stands in another zone a player is refused, and that zone is told to let go', async () => {
  const owners = createZoneOwners();
  const waiting = [{ isFinal: false }];
  const takeSaves = () => {
    for (const { isFinal } of waiting.splice(0)) owners.takeSave(1, 1, isFinal, 0);
    return true;
  };
  const { enter, moved, stop } = setUp(takeSaves, owners);
  // That it stands there is first heard of by a save that waited.
  expect(await enter(1, 2)).toEqual({ refused: 'still_leaving' });
  expect(moved).toEqual([{ playerId: 1, zoneId: 2 }]);
  expect(await enter(1, 1)).toEqual({ isStanding: true });
  waiting.push({ isFinal: true });
  expect(await enter(1, 1)).toEqual(LET_IN);
  waiting.push({ isFinal: true });
  expect(await enter(1, 2)).toEqual(LET_IN);
  const told = moved.length;
  stop();
  await enter(1, 3);
  expect(moved).toHaveLength(told);
});

test('while saves can not be taken, or too many players are known, nobody gets in and nothing changes', async () => {
  const full = setUp(() => false);
  await expect(full.enter(1, 1)).rejects.toMatchObject({ code: 'DARKAGES_STORE_BUSY' });
  expect(full.owners.count()).toBe(0);
  const { enter, owners } = setUp();
  await enter(1, 1);
  await enter(2, 1);
  await expect(enter(3, 1)).rejects.toMatchObject({ code: 'DARKAGES_STORE_BUSY' });
  expect(await enter(1, 1)).toEqual(LET_IN);
  expect(owners.count()).toBe(2);
});

test('who gave up and asks again is answered by the taking that is under way, however long it takes, and shortly after it', async () => {
  const { enter, clock, takings } = setUpHeld();
  const asking = [];
  for (let time = 0; time < 5; time++) {
    asking.push(enter(1, 1));
    await settled();
    clock.advance(5_300);
  }
  expect([takings.length, takings[0]!.isWanted()]).toEqual([1, true]);
  takings[0]!.end(TAKEN);
  expect(await Promise.all(asking)).toEqual(asking.map(() => LET_IN));
  clock.advance(3_000);
  expect(await enter(1, 1)).toEqual(LET_IN);
  expect(takings).toHaveLength(1);
  clock.advance(1);
  void enter(1, 1);
  await settled();
  expect(takings).toHaveLength(2);
});

test('a taking that nobody asked for in ten seconds is not wanted, and what comes to nothing frees the player', async () => {
  const { enter, clock, takings, owners } = setUpHeld();
  const first = enter(1, 1);
  await settled();
  clock.advance(10_000);
  expect(takings[0]!.isWanted()).toBe(true);
  clock.advance(1);
  expect([takings[0]!.isWanted(), owners.zoneOf(1)]).toEqual([false, 1]);
  takings[0]!.end();
  expect([await first, owners.zoneOf(1)]).toEqual([{ refused: 'still_leaving' }, undefined]);
});

test('a taking that another one came after is not wanted, and does nothing to whom that one let in', async () => {
  for (const how of ['fail', 'end'] as const) {
    const { enter, clock, takings, owners, moved } = setUpHeld();
    const zones = [1, 2, 1];
    const asking = [];
    for (const zone of zones) {
      clock.advance(20_001);
      asking.push(enter(1, zone).catch(() => 'failed'));
      await settled();
    }
    expect(takings.map(({ isWanted }) => isWanted())).toEqual([false, false, true]);
    takings[2]!.end(TAKEN);
    expect(await asking[2]).toEqual(LET_IN);
    const told = moved.length;
    for (const one of [0, 1]) takings[one]![how]();
    const refused = how === 'fail' ? 'failed' : { refused: 'replaced' };
    expect(await Promise.all(asking)).toEqual([refused, refused, LET_IN]);
    expect([owners.zoneOf(1), moved.length]).toEqual([1, told]);
  }
});

test('a token that fails beside a taking leaves its player to it', async () => {
  const used = [true, false];
  const { enter, takings, owners } = setUpHeld({ useToken: async () => used.shift()! });
  const first = enter(1, 1);
  expect(await enter(1, 1)).toEqual({ refused: 'token_used' });
  takings[0]!.end(TAKEN);
  expect([await first, owners.zoneOf(1)]).toEqual([LET_IN, 1]);
});

test('who is kept out has no taking that is wanted: it ends before the work begins, and so does who shows a token just then', async () => {
  let isTokenUsed = (_isUsed: boolean): void => {};
  const tokens = [Promise.resolve(true), new Promise<boolean>((resolve) => (isTokenUsed = resolve))];
  const { enter, takings, entries } = setUpHeld({ useToken: () => tokens.shift()! });
  const asking = [enter(1, 1), enter(1, 1)];
  await settled();
  const order: string[] = [];
  const kept = entries.keepOut(1, async () => void order.push('work'));
  expect([takings[0]!.isWanted(), order]).toEqual([false, []]);
  await settled();
  order.push('ends');
  takings[0]!.end(TAKEN);
  await kept;
  isTokenUsed(true);
  expect(await Promise.all(asking)).toEqual([{ refused: 'replaced' }, { refused: 'token_used' }]);
  expect([order, takings.length]).toEqual([['ends', 'work'], 1]);
});

test('who was not answered in time while its token was looked up is not let in behind its back', async () => {
  let useToken = (_isUsed: boolean): void => {};
  const { enter, clock, owners, takings } = setUpHeld({
    useToken: () => new Promise((resolve) => (useToken = resolve)),
  });
  const late = enter(1, 1);
  clock.advance(5_001);
  useToken(true);
  expect([await late, owners.count(), takings.length]).toEqual([{ refused: 'token_used' }, 0, 0]);
});

test('of two deletions of one account at once one is refused; one that fails later lets nobody in whom the first keeps out', async () => {
  const { enter, entries } = setUp();
  const hold = Promise.withResolvers<void>();
  const first = entries.keepOut(1, () => hold.promise);
  await expect(entries.keepOut(1, async () => {})).rejects.toMatchObject({ code: 'DARKAGES_STORE_BUSY' });
  expect(await enter(1, 1)).toEqual({ refused: 'token_used' });
  hold.resolve();
  await first;
  await expect(entries.keepOut(1, () => Promise.reject(new Error('store broken')))).rejects.toThrow('store broken');
  expect(await enter(1, 1)).toEqual({ refused: 'token_used' });
  await expect(entries.keepOut(2, () => Promise.reject(new Error('store broken')))).rejects.toThrow('store broken');
  expect(await enter(2, 1)).toMatchObject(LET_IN);
});

// What needs a store thread around it is in store-keeper.test.ts.

import { expect, test } from 'vitest';
import { createManualClock } from '../../src/base/clock.ts';
import { TOKEN_LIFETIME_S } from '../../src/base/limits.ts';
import type { PlayerMoved } from '../../src/io/store-client.ts';
import { createZoneEntries } from '../../src/io/zone-entries.ts';
import { createZoneOwners } from '../../src/store/zone-owners.ts';

function setUp(takeSaves: () => boolean = () => true, owners = createZoneOwners(2)) {
  const entries = createZoneEntries({
    owners,
    clock: createManualClock(),
    nowS: () => 1_000,
    tokensFromS: 0,
    takeSaves,
    lostEpoch: () => undefined,
    useToken: async () => true,
    take: async () => ({ epoch: 7, columns: undefined, isNew: true, answers: [] }),
  });
  const moved: PlayerMoved[] = [];
  const stop = entries.onMoved((one) => moved.push(one));
  let tokens = 0;
  const enter = (playerId: number, zoneId: number) => {
    const tokenId = `token-${tokens++}`;
    const expiresS = 1_000 + TOKEN_LIFETIME_S;
    return entries.enterZone({ playerId, tokenId, expiresS, zoneId, isZoneFull: false });
  };
  return { owners, enter, moved, stop };
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
  expect(await enter(1, 1)).toEqual({ character: undefined, epoch: 7, isNew: true, isStanding: false, answers: [] });
  waiting.push({ isFinal: true });
  expect(await enter(1, 2)).toEqual({ character: undefined, epoch: 7, isNew: true, isStanding: false, answers: [] });
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
  expect(await enter(1, 1)).toEqual({ character: undefined, epoch: 7, isNew: true, isStanding: false, answers: [] });
  expect(owners.count()).toBe(2);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PLAYERS_PER_ADDRESS_DEFAULT, STRANGERS_MAX, STRANGERS_PER_ADDRESS_MAX } from '../../src/base/limits.ts';
import {
  createStrangers,
  leaveDoor,
  meetStranger,
  releaseStranger,
  type Stranger,
  seatPlayer,
} from '../../src/session/strangers.ts';

test('whoever comes and goes: the books hold who is at the door, within both bounds', () => {
  const step = fc.record({ host: fc.nat(20), count: fc.nat(90), leaves: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const strangers = createStrangers();
      const held: Stranger[] = [];
      for (const { host, count, leaves } of steps) {
        const address = `10.0.0.${host}`;
        for (let index = 0; index < count; index++) {
          if (leaves) {
            const stranger = held.shift();
            if (stranger !== undefined) releaseStranger(strangers, stranger);
            if (stranger !== undefined && index % 3 === 0) releaseStranger(strangers, stranger);
            continue;
          }
          const ofHost = held.filter((one) => one.address === address).length;
          const stranger = meetStranger(strangers, address);
          if (typeof stranger !== 'string') held.push(stranger);
          else expect(stranger).toBe(ofHost < STRANGERS_PER_ADDRESS_MAX ? 'door_full' : 'address');
        }
        expect(strangers.total).toBe(held.length);
        expect(held.length).toBeLessThanOrEqual(STRANGERS_MAX);
        for (const [one, times] of strangers.byAddress) {
          expect(held.filter((stranger) => stranger.address === one)).toHaveLength(times);
          expect(times).toBeLessThanOrEqual(STRANGERS_PER_ADDRESS_MAX);
        }
      }
      for (const stranger of held) releaseStranger(strangers, stranger);
      expect([strangers.total, strangers.byAddress.size]).toEqual([0, 0]);
    }),
    { numRuns: 30 },
  );
});

test('whoever takes a place and goes: an address has as many players as it may, and the books hold them', () => {
  const step = fc.record({ host: fc.nat(3), act: fc.constantFrom('come', 'come', 'sit', 'sit', 'go') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 5 }), (steps, max) => {
      const strangers = createStrangers();
      const here: Stranger[] = [];
      for (const { host, act } of steps) {
        const address = `10.0.0.${host}`;
        if (act === 'come') here.push(meetStranger(strangers, address) as Stranger);
        const players = here.filter((one) => one.address === address && one.isPlayer).length;
        const waiting = here.find((one) => one.address === address && !one.isPlayer);
        if (act === 'sit' && waiting !== undefined) {
          expect(seatPlayer(strangers, waiting, max)).toBe(players < max);
          if (waiting.isPlayer) leaveDoor(strangers, waiting);
        }
        if (act === 'go' && here.length > 0) {
          const gone = here.splice(host % here.length, 1)[0]!;
          releaseStranger(strangers, gone);
          releaseStranger(strangers, gone);
          expect(seatPlayer(strangers, gone, max), 'who is gone takes no place').toBe(false);
        }
        for (const [one, count] of strangers.playersByAddress) {
          expect(here.filter((stranger) => stranger.address === one && stranger.isPlayer)).toHaveLength(count);
        }
      }
      for (const stranger of here) releaseStranger(strangers, stranger);
      expect([strangers.total, strangers.byAddress.size, strangers.playersByAddress.size]).toEqual([0, 0, 0]);
    }),
  );
});

test('the usual number is for other machines, a number that was given for all, and 0 is none', () => {
  const playersOf = (isLoopback: boolean, perAddress: number | undefined): number => {
    const strangers = createStrangers();
    let players = 0;
    for (let index = 0; index < 2 * PLAYERS_PER_ADDRESS_DEFAULT; index++) {
      const stranger = meetStranger(strangers, 'host', isLoopback) as Stranger;
      if (seatPlayer(strangers, stranger, perAddress)) players++;
    }
    return players;
  };
  expect([playersOf(false, undefined), playersOf(true, undefined)]).toEqual([
    PLAYERS_PER_ADDRESS_DEFAULT,
    2 * PLAYERS_PER_ADDRESS_DEFAULT,
  ]);
  expect([playersOf(false, 3), playersOf(true, 3), playersOf(false, 0)]).toEqual([
    3,
    3,
    2 * PLAYERS_PER_ADDRESS_DEFAULT,
  ]);
});

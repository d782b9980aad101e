import fc from 'fast-check';
import { expect, test } from 'vitest';
import { STRANGERS_MAX, STRANGERS_PER_ADDRESS_MAX } from '../../src/base/limits.ts';
import { createStrangers, meetStranger, releaseStranger, type Stranger } from '../../src/session/strangers.ts';

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

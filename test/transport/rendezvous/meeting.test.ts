// Point, host and guest together: what a rendezvous is for.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAddress } from '../../../src/transport/address.ts';
import { PUNCH, PUNCHES_MAX } from '../../../src/transport/rendezvous/layout.ts';
import { NO_HOST, OPEN, UNREACHED } from '../../../src/transport/rendezvous/states.ts';
import { addGuest, addHost, addPoint, between, countOf, createWorld, lastParty, POINT_ADDRESS } from './lab.ts';

test('both behind a NAT: the host learns its address, the guest the host’s, and punches go through', () => {
  const world = createWorld(1);
  const point = addPoint(world);
  const host = addHost(world);
  const hostParty = lastParty(world);
  world.run(1_000);
  expect(host.isRegistered).toBe(true);
  expect(formatAddress(host.publicAddress)).toBe('198.51.100.2:7777');
  const guest = addGuest(world);
  const guestParty = lastParty(world);
  world.run(500);
  expect(guest.state).toBe(OPEN);
  expect(formatAddress(guest.hostAddress)).toBe('198.51.100.2:7777');
  expect(countOf(host.asking.counts, 'opened')).toBe(1);
  expect(countOf(point.counts, 'introductions')).toBe(1);
  // Open both ways: what either sends now comes in at the other.
  expect(hostParty.flows).toContain(formatAddress(guestParty.address));
  expect(guestParty.flows).toContain(formatAddress(hostParty.address));
  const punches = world.sent.filter(({ bytes }) => bytes[0] === PUNCH).length;
  world.run(3_000);
  expect(world.sent.filter(({ bytes }) => bytes[0] === PUNCH).length, 'they stop once heard').toBe(punches);
});

test('without the point nothing comes through either NAT', () => {
  const world = createWorld(2);
  addHost(world);
  const guest = addGuest(world);
  world.run(6_000);
  expect(guest.state).toBe(UNREACHED);
});

test('a host that is not there is known to be', () => {
  const world = createWorld(3);
  const point = addPoint(world);
  const guest = addGuest(world);
  world.run(500);
  expect(guest.state).toBe(NO_HOST);
  expect(countOf(point.counts, 'unknownHosts')).toBe(1);
});

test('a host goes on over a restart of the point, and is forgotten when it is gone', () => {
  const world = createWorld(4);
  addPoint(world);
  const host = addHost(world);
  world.run(1_000);
  world.parties.shift();
  world.run(5_000);
  const point = addPoint(world);
  world.run(12_000);
  expect(countOf(point.counts, 'registrations')).toBeGreaterThan(0);
  world.parties.splice(0, 1);
  world.run(40_000);
  expect(countOf(point.counts, 'hostsLost')).toBe(1);
  expect(point.hosts.byId.count).toBe(0);
  expect(host.isRegistered).toBe(true);
});

test('a point that is gone leaves its host without a public address', () => {
  const world = createWorld(5);
  addPoint(world);
  const host = addHost(world);
  world.run(1_000);
  world.parties.shift();
  world.run(40_000);
  expect(host.isRegistered).toBe(false);
  expect(countOf(host.asking.counts, 'hostsLost')).toBe(1);
  expect(between(world, lastParty(world).address, POINT_ADDRESS).length).toBeLessThan(2 * 40 + 10);
});

test('many guests over a line that loses: all open, or say that they are not; nobody is sent more than a few packets', () => {
  fc.assert(
    fc.property(fc.integer(), fc.double({ min: 0, max: 0.4, noNaN: true }), (seed, loss) => {
      const world = createWorld(seed);
      addPoint(world);
      const host = addHost(world);
      const hostAddress = lastParty(world).address;
      world.run(3_000);
      world.loss = loss;
      const guests = [1, 2, 3].map((index) => {
        const guest = addGuest(world, { address: `203.0.113.${index}:4000${index}` });
        return { guest, address: lastParty(world).address };
      });
      world.run(6_000);
      for (const { guest, address } of guests) {
        expect([OPEN, UNREACHED]).toContain(guest.state);
        if (loss < 0.05) expect(guest.state).toBe(OPEN);
        expect(between(world, hostAddress, address).length).toBeLessThanOrEqual(PUNCHES_MAX);
        expect(between(world, address, hostAddress).length).toBeLessThanOrEqual(PUNCHES_MAX);
      }
      expect(host.isRegistered).toBe(true);
    }),
    { numRuns: 40 },
  );
});

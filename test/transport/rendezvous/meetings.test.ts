import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Address, isSameAddress, isSameHost, parseAddress } from '../../../src/transport/address.ts';
import { MEETING_MS } from '../../../src/transport/rendezvous/layout.ts';
import {
  beginMeeting,
  createMeetings,
  findByAddress,
  findByTag,
  findPlace,
  NO_PLACE,
  SHARE_TAKEN,
} from '../../../src/transport/rendezvous/meetings.ts';

const CAPACITY = 5;
const SHARE = 2;
const GUESTS = [
  '10.0.0.1:1',
  '10.0.0.1:2',
  '10.0.0.1:3',
  '10.0.0.2:1',
  '10.0.0.3:1',
  '[2001:db8::1]:1',
  '[2001:db8::2]:1',
].map((text) => parseAddress(text)!);

interface Model {
  readonly tag: number;
  readonly address: Address;
  readonly startedMs: number;
  readonly place: number;
  isOver: boolean;
}

const step = fc.record({
  guest: fc.nat(GUESTS.length - 1),
  tag: fc.nat(12),
  waitMs: fc.constantFrom(1, 1, 7, MEETING_MS / 3),
  ends: fc.nat(2 * CAPACITY),
});

test('who is taken, dropped, remembered and pushed out is as in a list', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const meetings = createMeetings(CAPACITY, SHARE, 3);
      let model: Model[] = [];
      let nowMs = 0;
      for (const { guest, tag, waitMs, ends } of steps) {
        nowMs += waitMs;
        const ended = model.find(({ place }) => place === ends);
        if (ended !== undefined) {
          ended.isOver = true;
          meetings.isOver[ends] = 1;
        }
        const address = GUESTS[guest]!;
        const tagWords = Uint32Array.of(tag, 0, 0, tag);
        const isFresh = (one: Model): boolean => nowMs - one.startedMs < MEETING_MS;
        const isHere = (one: Model): boolean => isSameAddress(one.address, 0, address, 0);
        const known = model.findLast((one) => one.tag === tag && isFresh(one));
        expect(findByTag(meetings, nowMs, tagWords)).toBe(known?.place ?? -1);
        expect(findByAddress(meetings, nowMs, address, 0)).toBe(
          model.findLast((one) => isHere(one) && isFresh(one))?.place ?? -1,
        );
        if (known !== undefined) continue;
        const place = findPlace(meetings, address);
        const open = model.filter(({ isOver }) => !isOver);
        const share = open.filter((one) => isSameHost(one.address, 0, address, 0)).length;
        if (share >= SHARE || open.length === CAPACITY) {
          expect(place).toBe(share >= SHARE ? SHARE_TAKEN : NO_PLACE);
          continue;
        }
        // A place that was never taken, else that of the oldest that is over: the list is in order of age.
        if (model.length < CAPACITY) expect(model.map((one) => one.place)).not.toContain(place);
        else expect(place).toBe(model.find(({ isOver }) => isOver)!.place);
        for (const one of model) if (isHere(one)) one.isOver = true;
        model = [
          ...model.filter((one) => one.place !== place),
          { tag, address, startedMs: nowMs, place, isOver: false },
        ];
        beginMeeting(meetings, nowMs, place, address, tagWords);
        expect([...meetings.isOver].filter((over) => over === 0).length).toBe(
          model.filter(({ isOver }) => !isOver).length,
        );
      }
    }),
  );
});

import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { findKey } from '../../src/transport/key-table.ts';
import { markReceived, wasReceived } from '../../src/transport/replay-window.ts';
import { createSlots, moveSlot, releaseSlot, takeSlot } from '../../src/transport/slots.ts';
import { CONFIRMED } from '../../src/transport/states.ts';
import { clientAddress } from './lab.ts';

test('whoever has a slot is found by address, and not once it is released', () => {
  const random = createRandom(3);
  const slots = createSlots(5, 1);
  const taken = new Map<number, number>();
  for (let step = 0; step < 500; step++) {
    const id = random.below(9);
    const slot = taken.get(id);
    if (slot === undefined && slots.freeCount > 0) {
      const place = takeSlot(slots, step, clientAddress(id), 0, id, 7);
      expect([...taken.values()]).not.toContain(place);
      taken.set(id, place);
    } else if (slot !== undefined) {
      releaseSlot(slots, slot);
      taken.delete(id);
    }
    expect(slots.freeCount).toBe(5 - taken.size);
    for (let other = 0; other < 9; other++) {
      expect(findKey(slots.byAddress, clientAddress(other), 0)).toBe(taken.get(other) ?? -1);
    }
  }
});

test('nothing of who had it before is left: keys are wiped, the window is open, the state is free', () => {
  const slots = createSlots(1, 1);
  const slot = takeSlot(slots, 5, clientAddress(1), 0, 1, 0);
  slots.clientKeys[slot]!.fill(1);
  slots.serverKeys[slot]!.fill(2);
  slots.states[slot] = CONFIRMED;
  markReceived(slots.windows, 9, 9, slot);
  releaseSlot(slots, slot);
  expect([slots.clientKeys[slot]![0], slots.serverKeys[slot]![0], slots.states[slot]]).toEqual([0, 0, 0]);
  expect(takeSlot(slots, 77, clientAddress(2), 0, 2, 0)).toBe(slot);
  expect(wasReceived(slots.windows, 9, 9, slot)).toBe(false);
  expect([slots.heardMs[slot], slots.sentMs[slot]]).toEqual([77, 77]);
});

test('whoever has moved is found by the new address and not by the old one', () => {
  const slots = createSlots(2, 1);
  const slot = takeSlot(slots, 5, clientAddress(1), 0, 1, 0);
  moveSlot(slots, slot, Uint32Array.of(9, ...clientAddress(2)), 1);
  expect(findKey(slots.byAddress, clientAddress(1), 0)).toBe(-1);
  expect(findKey(slots.byAddress, clientAddress(2), 0)).toBe(slot);
  expect(slots.byAddress.count).toBe(1);
  releaseSlot(slots, slot);
  expect(slots.byAddress.count).toBe(0);
});

// Where a connection is, at the server. Who sends under its keys from another address is asked there whether it gets what
// is sent there, and only its response moves the connection; until then all goes to the old address, and to the new one
// never more than 0.31 of the bytes that came from it. Edge threads; nothing allocates but the drawing of a challenge.
//
// A packet that was copied on its way and comes from elsewhere before the original moves nothing by itself: the response
// has to come from there too, so who copies has to be faster with that as well, and again with all that follows. One that
// was replayed does not even get here. A connection has one other address at a time.

import { ADDRESS_WORDS, copyAddress, isSameAddress } from './address.ts';
import { ID_BYTES } from './bound-packet.ts';
import { CONTROL_BYTES, PATH_CHALLENGE } from './control.ts';
import { COUNT } from './counts.ts';
import { findKey } from './key-table.ts';
import { BOUND_CONTROL, TAG_BYTES } from './layout.ts';
import { drop, type Server, sendBound } from './server-state.ts';
import { moveSlot } from './slots.ts';
import { assertPathStep, DOUBTED, PROVEN } from './states.ts';
import { readWord, writeWord } from './u64.ts';

/** The longest that a challenge gets. */
const CHALLENGE_PACKET_BYTES = 1 + 8 + ID_BYTES + CONTROL_BYTES[PATH_CHALLENGE]! + TAG_BYTES;
const CHALLENGE_AGAIN_MS = 100;
/** Of the bytes that came from an address, in percent: what may go back until it is proven. */
const UNPROVEN_PERCENT = 31;

function step(server: Server, slot: number, state: number): void {
  const { states } = server.rekeys!.paths;
  assertPathStep(states[slot]!, state);
  states[slot] = state;
}

/**
 * An authentic packet of `bytesIn` bytes came from `address[at …]`.
 * @param isAhead whether its sequence number is the highest so far: what was overtaken says nothing about now
 */
export function notePath(
  server: Server,
  nowMs: number,
  slot: number,
  address: Uint32Array,
  at: number,
  bytesIn: number,
  isAhead: boolean,
): void {
  const { paths } = server.rekeys!;
  const isDoubted = paths.states[slot] === DOUBTED;
  if (isSameAddress(server.slots.addresses, slot * ADDRESS_WORDS, address, at)) {
    if (isDoubted && isAhead) step(server, slot, PROVEN);
    return;
  }
  if (!isDoubted || !isSameAddress(paths.addresses, slot * ADDRESS_WORDS, address, at)) {
    if (!isAhead) return;
    step(server, slot, DOUBTED);
    begin(server, slot, address, at);
  }
  paths.bytesIn[slot]! += bytesIn;
  challenge(server, nowMs, slot);
}

function begin(server: Server, slot: number, address: Uint32Array, at: number): void {
  const { paths, control } = server.rekeys!;
  copyAddress(address, at, paths.addresses, slot * ADDRESS_WORDS);
  server.options.aead.randomize(control);
  paths.challenges[slot * 2] = readWord(control, 0);
  paths.challenges[slot * 2 + 1] = readWord(control, 4);
  paths.bytesIn[slot] = 0;
  paths.bytesOut[slot] = 0;
}

/** When enough has come from there, and not too often: a connection's, whichever address the last one went to. */
function challenge(server: Server, nowMs: number, slot: number): void {
  const { paths, control } = server.rekeys!;
  const { bytesIn, bytesOut, sentMs, challenges, addresses } = paths;
  if ((bytesOut[slot]! + CHALLENGE_PACKET_BYTES) * 100 > bytesIn[slot]! * UNPROVEN_PERCENT) return;
  if (nowMs - sentMs[slot]! < CHALLENGE_AGAIN_MS) return;
  control[0] = PATH_CHALLENGE;
  writeWord(control, 1, challenges[slot * 2]!);
  writeWord(control, 5, challenges[slot * 2 + 1]!);
  const end = CONTROL_BYTES[PATH_CHALLENGE]!;
  bytesOut[slot]! += sendBound(server, slot, BOUND_CONTROL, control, 0, end, addresses, slot * ADDRESS_WORDS);
  sentMs[slot] = nowMs;
  server.counts[COUNT.pathChallenges]!++;
}

/** An authentic response, in `server.payload`, from `address[at …]`. */
export function takePathResponse(server: Server, slot: number, address: Uint32Array, at: number): -1 {
  const { slots, payload } = server;
  const { states, addresses, challenges } = server.rekeys!.paths;
  if (states[slot] !== DOUBTED || !isSameAddress(addresses, slot * ADDRESS_WORDS, address, at)) {
    return drop(server, COUNT.pathForged);
  }
  if (readWord(payload, 1) !== challenges[slot * 2] || readWord(payload, 5) !== challenges[slot * 2 + 1]) {
    return drop(server, COUNT.pathForged);
  }
  if (findKey(slots.byAddress, address, at) >= 0) return drop(server, COUNT.pathTaken);
  step(server, slot, PROVEN);
  moveSlot(slots, slot, address, at);
  server.counts[COUNT.moves]!++;
  return -1;
}

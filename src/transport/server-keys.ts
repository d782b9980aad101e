// New keys for a connection, at the server: a client's offer comes in two parts, is answered in one packet, and the new
// keys count from the first packet that comes under them. Until then everything leaves under the old ones, which are wiped
// a little later: who learns the token afterwards opens nothing that was sent since. Edge threads.
//
// What a client can cost: one offer at a time in memory that is there anyway, one answer in ten seconds, repeated at most
// ten times a second; and all clients of an edge together so many answers a second.

import { ADDRESS_WORDS } from './address.ts';
import {
  ANSWER,
  ANSWER_AT,
  ANSWER_ID_AT,
  ANSWER_NUMBER_AT,
  CONTROL_BYTES,
  OFFER_NUMBER_AT,
  OFFER_PART_AT,
  OFFER_PART_BYTES,
  OFFER_PARTS,
} from './control.ts';
import { COUNT } from './counts.ts';
import { deriveKeys } from './key-exchange.ts';
import { closePair, NO_PAIR, openPair, otherPair } from './key-sets.ts';
import { BOUND_CONTROL } from './layout.ts';
import { ANSWERS_BURST, ANSWERS_PER_SECOND, FADE_MS, REKEY_MS_MIN, type Rekeys } from './rekey-state.ts';
import { drop, type Server, sendBound } from './server-state.ts';
import { ANSWERED, assertKeyStep, FADING, GATHERING, SETTLED } from './states.ts';
import { readWord, writeWord } from './u64.ts';

const ALL_PARTS = (1 << OFFER_PARTS) - 1;
const ANSWER_AGAIN_MS = 100;

function step(rekeys: Rekeys, slot: number, state: number): void {
  assertKeyStep(rekeys.states[slot]!, state);
  rekeys.states[slot] = state;
}

/** An authentic part of an offer, in `server.payload`; what comes under keys that fade is stale by its number. */
export function takeOffer(server: Server, nowMs: number, slot: number): -1 {
  const rekeys = server.rekeys!;
  const { payload } = server;
  const { states, numbers, parts, answeredMs, texts } = rekeys;
  const part = payload[1]!;
  const number = readWord(payload, OFFER_NUMBER_AT);
  if (part >= OFFER_PARTS) return drop(server, COUNT.controlMalformed);
  if (number < numbers[slot]!) return drop(server, COUNT.offerStale);
  if (number === numbers[slot]) {
    if (states[slot] === ANSWERED) return answerAgain(server, nowMs, slot);
    if (states[slot] !== GATHERING) return drop(server, COUNT.offerStale);
  } else {
    if (states[slot] === FADING || nowMs - answeredMs[slot]! < REKEY_MS_MIN) return drop(server, COUNT.offerEarly);
    step(rekeys, slot, GATHERING);
    numbers[slot] = number;
    parts[slot] = 0;
  }
  const text = texts[slot]!;
  for (let index = 0; index < OFFER_PART_BYTES; index++) {
    text[part * OFFER_PART_BYTES + index] = payload[OFFER_PART_AT + index]!;
  }
  parts[slot]! |= 1 << part;
  if (parts[slot] !== ALL_PARTS) return -1;
  if (!takeTurn(rekeys, nowMs)) return drop(server, COUNT.offerBusy);
  return answer(server, nowMs, slot);
}

/** Whether there is time for one more answer on this edge. */
function takeTurn(rekeys: Rekeys, nowMs: number): boolean {
  const earned = ((nowMs - rekeys.refilledMs) / 1000) * ANSWERS_PER_SECOND;
  rekeys.answers = Math.min(ANSWERS_BURST, rekeys.answers + earned);
  rekeys.refilledMs = nowMs;
  if (rekeys.answers < 1) return false;
  rekeys.answers--;
  return true;
}

/** The offer is whole. Allocates, and takes about 0.2 ms. */
function answer(server: Server, nowMs: number, slot: number): -1 {
  const rekeys = server.rekeys!;
  const { exchange, keySets, texts, numbers, answeredMs } = rekeys;
  const offer = texts[slot]!;
  answeredMs[slot] = nowMs;
  const answered = exchange.answerOffer(offer);
  if (answered === undefined) {
    step(rekeys, slot, SETTLED);
    return drop(server, COUNT.offerRefused);
  }
  const next = otherPair(keySets, slot);
  // An answer that was never used made keys that seal nothing.
  closePair(keySets, next);
  openPair(keySets, server.options.aead, next);
  const pair = keySets.current[slot]!;
  const clientKey = pair === NO_PAIR ? server.slots.clientKeys[slot]! : keySets.clientKeys[pair]!;
  const serverKey = pair === NO_PAIR ? server.slots.serverKeys[slot]! : keySets.serverKeys[pair]!;
  const id = keySets.ids[next]!;
  const exchanged = { clientKey, serverKey, offer, id, answer: answered.bytes, secret: answered.secret };
  deriveKeys(exchange, exchanged, keySets.clientKeys[next]!, keySets.serverKeys[next]!);
  const message = texts[slot]!;
  message[0] = ANSWER;
  writeWord(message, ANSWER_NUMBER_AT, numbers[slot]!);
  writeWord(message, ANSWER_ID_AT, id);
  message.set(answered.bytes, ANSWER_AT);
  step(rekeys, slot, ANSWERED);
  return sendAnswer(server, nowMs, slot);
}

function answerAgain(server: Server, nowMs: number, slot: number): -1 {
  return nowMs - server.rekeys!.sentMs[slot]! < ANSWER_AGAIN_MS ? -1 : sendAnswer(server, nowMs, slot);
}

function sendAnswer(server: Server, nowMs: number, slot: number): -1 {
  const { texts, sentMs } = server.rekeys!;
  const { addresses } = server.slots;
  sendBound(server, slot, BOUND_CONTROL, texts[slot]!, 0, CONTROL_BYTES[ANSWER]!, addresses, slot * ADDRESS_WORDS);
  sentMs[slot] = nowMs;
  return -1;
}

/** The first packet under the new keys, those of `pair`, has come: the client has them, so they seal from now on. */
export function switchKeys(server: Server, nowMs: number, slot: number, pair: number): void {
  const rekeys = server.rekeys!;
  step(rekeys, slot, FADING);
  rekeys.keySets.current[slot] = pair;
  rekeys.switchedMs[slot] = nowMs;
  server.counts[COUNT.rekeys]!++;
}

/** Wipes keys whose last packets have come by now. */
export function updateKeys(server: Server, nowMs: number, slot: number): void {
  const { rekeys, slots } = server;
  if (rekeys === undefined || rekeys.states[slot] !== FADING || nowMs - rekeys.switchedMs[slot]! < FADE_MS) return;
  step(rekeys, slot, SETTLED);
  if (rekeys.hasForgotten[slot] === 1) {
    closePair(rekeys.keySets, otherPair(rekeys.keySets, slot));
    return;
  }
  slots.clientKeys[slot]!.fill(0);
  slots.serverKeys[slot]!.fill(0);
  rekeys.hasForgotten[slot] = 1;
}

// The states of a connection and the steps between them that there are, as tables: the code asserts each step it takes,
// proto/STANDARD.md shows the same rows, and test/transport/states.test.ts holds the three together. Edge threads,
// clients. Negative: failed; zero: nothing; positive: further along.

import { assert } from '../base/assert.ts';

export interface Step {
  readonly from: number;
  readonly to: number;
  readonly when: string;
}

// --- a client; the numbers are the standard's
export const TOKEN_EXPIRED = -6;
export const INVALID_TOKEN = -5;
export const TIMED_OUT = -4;
export const RESPONSE_TIMED_OUT = -3;
export const REQUEST_TIMED_OUT = -2;
export const WAS_DENIED = -1;
export const DISCONNECTED = 0;
export const SENDING_REQUEST = 1;
export const SENDING_RESPONSE = 2;
export const CONNECTED = 3;

export const CLIENT_STATES: ReadonlyMap<number, string> = new Map([
  [TOKEN_EXPIRED, 'token expired'],
  [INVALID_TOKEN, 'invalid token'],
  [TIMED_OUT, 'timed out'],
  [RESPONSE_TIMED_OUT, 'response timed out'],
  [REQUEST_TIMED_OUT, 'request timed out'],
  [WAS_DENIED, 'denied'],
  [DISCONNECTED, 'disconnected'],
  [SENDING_REQUEST, 'sending request'],
  [SENDING_RESPONSE, 'sending response'],
  [CONNECTED, 'connected'],
]);

export const CLIENT_STEPS: readonly Step[] = [
  { from: DISCONNECTED, to: SENDING_REQUEST, when: 'it was given a token' },
  { from: DISCONNECTED, to: INVALID_TOKEN, when: 'it was given something else' },
  { from: SENDING_REQUEST, to: SENDING_RESPONSE, when: 'a challenge came' },
  { from: SENDING_REQUEST, to: SENDING_REQUEST, when: 'denied or silence, and the token names another server' },
  { from: SENDING_REQUEST, to: WAS_DENIED, when: 'denied by the last server' },
  { from: SENDING_REQUEST, to: REQUEST_TIMED_OUT, when: 'silence of the last server' },
  { from: SENDING_REQUEST, to: TOKEN_EXPIRED, when: 'the token’s lifetime is over' },
  { from: SENDING_REQUEST, to: DISCONNECTED, when: 'its program gave up' },
  { from: SENDING_RESPONSE, to: CONNECTED, when: 'a keep-alive came' },
  { from: SENDING_RESPONSE, to: SENDING_REQUEST, when: 'denied or silence, and the token names another server' },
  { from: SENDING_RESPONSE, to: WAS_DENIED, when: 'denied by the last server' },
  { from: SENDING_RESPONSE, to: RESPONSE_TIMED_OUT, when: 'silence of the last server' },
  { from: SENDING_RESPONSE, to: TOKEN_EXPIRED, when: 'the token’s lifetime is over' },
  { from: SENDING_RESPONSE, to: DISCONNECTED, when: 'its program gave up' },
  { from: CONNECTED, to: DISCONNECTED, when: 'either side sent a disconnect' },
  { from: CONNECTED, to: TIMED_OUT, when: 'silence' },
];

// --- an address, as the server sees it
export const STRANGER = 0;
export const CHALLENGED = 1;
export const UNCONFIRMED = 2;
export const CONFIRMED = 3;

export const SERVER_STATES: ReadonlyMap<number, string> = new Map([
  [STRANGER, 'stranger'],
  [CHALLENGED, 'challenged'],
  [UNCONFIRMED, 'unconfirmed'],
  [CONFIRMED, 'confirmed'],
]);

export const SERVER_STEPS: readonly Step[] = [
  { from: STRANGER, to: CHALLENGED, when: 'a request with a good token, and there is room' },
  { from: CHALLENGED, to: CHALLENGED, when: 'a request came again' },
  { from: CHALLENGED, to: STRANGER, when: 'silence, no room any more, or newer handshakes need the place' },
  { from: CHALLENGED, to: UNCONFIRMED, when: 'its response came, and there is room' },
  { from: UNCONFIRMED, to: CONFIRMED, when: 'its first keep-alive or payload came' },
  { from: UNCONFIRMED, to: STRANGER, when: 'silence, a disconnect of either side, or the response for another token' },
  { from: CONFIRMED, to: STRANGER, when: 'silence, a disconnect of either side, or the response for another token' },
];

// --- new keys, as a client has it; whatever it is in, the end of the connection ends it
export const CONTENT = 0;
export const OFFERING = 1;
export const SWITCHING = 2;

export const OFFER_STATES: ReadonlyMap<number, string> = new Map([
  [CONTENT, 'content'],
  [OFFERING, 'offering'],
  [SWITCHING, 'switching'],
]);

export const OFFER_STEPS: readonly Step[] = [
  { from: CONTENT, to: OFFERING, when: 'it is connected, or its keys are used up' },
  { from: OFFERING, to: SWITCHING, when: 'an answer came' },
  { from: OFFERING, to: CONTENT, when: 'an answer came that is none' },
  { from: SWITCHING, to: CONTENT, when: 'its server has used the new keys, 3 s ago' },
];

// --- the same, as its server has it
export const SETTLED = 0;
export const GATHERING = 1;
export const ANSWERED = 2;
export const FADING = 3;

export const KEY_STATES: ReadonlyMap<number, string> = new Map([
  [SETTLED, 'settled'],
  [GATHERING, 'gathering'],
  [ANSWERED, 'answered'],
  [FADING, 'fading'],
]);

export const KEY_STEPS: readonly Step[] = [
  { from: SETTLED, to: GATHERING, when: 'a part of an offer came' },
  { from: GATHERING, to: GATHERING, when: 'a part of a newer offer came' },
  { from: GATHERING, to: ANSWERED, when: 'both parts came, and there is time for them' },
  { from: GATHERING, to: SETTLED, when: 'both parts came, and are no keys' },
  { from: ANSWERED, to: GATHERING, when: 'a part of a newer offer came: the answer was never used' },
  { from: ANSWERED, to: FADING, when: 'the first packet under the new keys came' },
  { from: FADING, to: SETTLED, when: 'that was 3 s ago: the old keys are wiped' },
];

// --- the address of a connection, as its server sees it
export const PROVEN = 0;
export const DOUBTED = 1;

export const PATH_STATES: ReadonlyMap<number, string> = new Map([
  [PROVEN, 'proven'],
  [DOUBTED, 'doubted'],
]);

export const PATH_STEPS: readonly Step[] = [
  { from: PROVEN, to: DOUBTED, when: 'the newest packet came from another address' },
  { from: DOUBTED, to: DOUBTED, when: 'the newest packet came from a third address' },
  { from: DOUBTED, to: PROVEN, when: 'the other address responded, or the newest packet came from the old one' },
];

const OFFSET = 8;

function matrixOf(steps: readonly Step[]): Uint8Array {
  const matrix = new Uint8Array(16 * 16);
  for (const { from, to } of steps) matrix[(from + OFFSET) * 16 + to + OFFSET] = 1;
  return matrix;
}

const clientMatrix = matrixOf(CLIENT_STEPS);
const serverMatrix = matrixOf(SERVER_STEPS);
const offerMatrix = matrixOf(OFFER_STEPS);
const keyMatrix = matrixOf(KEY_STEPS);
const pathMatrix = matrixOf(PATH_STEPS);

export function assertClientStep(from: number, to: number): void {
  assert(clientMatrix[(from + OFFSET) * 16 + to + OFFSET] === 1, 'a client takes a step of the table');
}

export function assertServerStep(from: number, to: number): void {
  assert(serverMatrix[(from + OFFSET) * 16 + to + OFFSET] === 1, 'an address takes a step of the table');
}

export function assertOfferStep(from: number, to: number): void {
  assert(offerMatrix[(from + OFFSET) * 16 + to + OFFSET] === 1, 'a client’s offer takes a step of the table');
}

export function assertKeyStep(from: number, to: number): void {
  assert(keyMatrix[(from + OFFSET) * 16 + to + OFFSET] === 1, 'keys take a step of the table');
}

export function assertPathStep(from: number, to: number): void {
  assert(pathMatrix[(from + OFFSET) * 16 + to + OFFSET] === 1, 'a path takes a step of the table');
}

// What hostile clients do, one kind of harm each. Tests break each rule once and look at what comes of it
// (test/e2e/attacks.ts); these go on and on, so that honest players beside them can be asked what they noticed.
// What is sent again and again is encoded once: on a machine of few cores the attack shall cost the server, not itself.

import type { Random } from '../../src/base/random.ts';
import { game } from '../../src/game/game.ts';
import { encodeToBytes, type WireObject } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { nextTick, play, type RawClient, send } from './raw-client.ts';

const PINGS = 300;
const REQUESTS = 60;
const TEXTS = 40;
const TEXT_LENGTH = 250;
/** An act comes 20 times a second, as many requests as that pass the edge: these are ten times too many. */
const REQUESTS_AN_ACT = 10;
const FAR_MM = 190_000;
const HANDLES = [0, 1, 65_537, 0x7fff_ffff];
const WORDS = ['kill', 'ｗｉｄｅ', 'grüße', 'привет', 'f u n', 'assassin', "o'or", 'a.b', '‹3', 'select', 'из'];

const { clientMessage } = createMessages(game);

/** One act. */
export type Attack = (client: RawClient, random: Random) => void;

/** Nothing but to come in, into one zone after the other, while the connection before is open: that may be refused. */
export const hopZones: Attack = () => {};

export const ATTACKS: readonly Attack[] = [
  floodFrames,
  sendNoise,
  jumpAbout,
  castAtNothing,
  sendOtherTimes,
  floodRequests,
  floodParties,
  floodTexts,
  hopZones,
];

const pings = Array.from({ length: PINGS }, (_, id) =>
  encodeToBytes(clientMessage, { ping: { clientTimeMs: id + 1 } }),
);

/** Far more frames than a client has reason to send. */
function floodFrames({ socket }: RawClient): void {
  for (const bytes of pings) socket.send(bytes);
}

/** Bytes that mean nothing. */
function sendNoise({ socket }: RawClient, random: Random): void {
  for (let count = 0; count < 20; count++) socket.send(Uint8Array.from({ length: 200 }, () => random.below(256)));
}

/** It is wherever it likes, as fast as it likes. */
function jumpAbout(client: RawClient, random: Random): void {
  const far = { claimedX: (random.below(3) - 1) * FAR_MM, claimedY: 0, claimedZ: (random.below(3) - 1) * FAR_MM };
  send(client, { inputs: [{ tick: nextTick(client), ackAge: 5, moveX: 127, moveZ: 127, ...far }] });
}

/** Every ability each tick, at targets that are not there. */
function castAtNothing(client: RawClient, random: Random): void {
  const target = HANDLES[random.below(HANDLES.length)]!;
  play(client, (tick) => ({ ability: 1 + (tick % 4), target, reach: 5000 }));
}

/** Inputs from another time. */
function sendOtherTimes(client: RawClient): void {
  const tick = nextTick(client);
  send(client, { inputs: [tick + 500, tick - 500, tick + 30].map((at): WireObject => ({ tick: at, ackAge: 1 })) });
}

const requests = Array.from({ length: REQUESTS }, (_, id) =>
  encodeToBytes(clientMessage, { request: { id: id + 1, say: { text: `buy gold ${id}` } } }),
);

/** Requests without end. */
function floodRequests({ socket }: RawClient): void {
  for (const bytes of requests) socket.send(bytes);
}

/** Whoever it sees, and whoever isn't there, is invited, thrown out and made a leader; and who is the best of all? */
function floodParties(client: RawClient, random: Random): void {
  const seen = [...client.replicas.bySlot.values()].map(({ name }) => name).filter((name) => name !== '');
  for (let id = 1; id <= REQUESTS_AN_ACT; id++) {
    const name = seen[random.below(seen.length * 2)] ?? `nobody-${random.below(1000)}`;
    const asks = [{ invite: { name } }, { kick: { name } }, { promote: { name } }, { scores: {} }, { accept: {} }];
    send(client, { request: { id, ...asks[random.below(asks.length)] } });
  }
}

const texts = Array.from({ length: TEXTS }, (_, id) => {
  let text = `${id} `;
  for (let word = id; text.length < TEXT_LENGTH; word++) text += `${WORDS[(word * (id + 1)) % WORDS.length]} `;
  return encodeToBytes(clientMessage, { request: { id: id + 1, say: { text } } });
});

/** Long texts of everything that screening looks at twice. */
function floodTexts({ socket }: RawClient, random: Random): void {
  for (let count = 0; count < REQUESTS_AN_ACT; count++) socket.send(texts[random.below(TEXTS)]!);
}

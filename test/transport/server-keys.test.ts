import { expect, test } from 'vitest';
import { updateClient } from '../../src/transport/client.ts';
import { CONTROL_BYTES, OFFER } from '../../src/transport/control.ts';
import type { KeyExchange } from '../../src/transport/key-exchange.ts';
import { ANSWERS_BURST, ANSWERS_PER_SECOND, FADE_MS, REKEY_MS_MIN } from '../../src/transport/rekey-state.ts';
import { updateServer } from '../../src/transport/server.ts';
import { ANSWERED, CONTENT, FADING, GATHERING, SETTLED } from '../../src/transport/states.ts';
import { FEATURE_REKEY } from '../../src/transport/token.ts';
import { createLab, exchange, type LabClient, type LabServer, START_MS } from './lab.ts';
import { connectRekeyClient, keyExchange, passTime, startRekeyServer } from './rekey-lab.ts';

const stateOf = ({ server }: LabServer, slot = 0): number => server.rekeys!.states[slot]!;

/** The two packets of the client's offer, which it makes now or again. */
function offerOf(client: LabClient, nowMs: number): [Uint8Array, Uint8Array] {
  client.client.rekey!.offeredMs = Number.NEGATIVE_INFINITY;
  updateClient(client.client, nowMs);
  const packets = client.take().map(({ bytes }) => bytes);
  const parts = packets.filter(({ length }) => length > CONTROL_BYTES[OFFER]!);
  expect(parts).toHaveLength(2);
  return parts as [Uint8Array, Uint8Array];
}

/** What a client that begins anew says: another exchange, the one before forgotten. */
function newOfferOf(client: LabClient, nowMs: number): [Uint8Array, Uint8Array] {
  Object.assign(client.client.rekey!, { state: CONTENT, settledMs: Number.NEGATIVE_INFINITY, former: undefined });
  return offerOf(client, nowMs);
}

function begin(seed: number, options: Parameters<typeof startRekeyServer>[1] = {}) {
  const lab = createLab(seed);
  const server = startRekeyServer(lab, options);
  const client = connectRekeyClient(lab, server, { token: lab.mint({ features: FEATURE_REKEY, timeoutS: 60 }) });
  server.moved();
  const receive = (nowMs: number, ...packets: Uint8Array[]): number => {
    for (const bytes of packets) server.receive(nowMs, client.address, bytes);
    return server.take().length;
  };
  return { lab, server, client, receive };
}

test('an offer is gathered, answered once it is whole, and counts from the first packet under the new keys', () => {
  const { server, client } = begin(1);
  const [first, second] = offerOf(client, START_MS);
  server.receive(START_MS, client.address, second);
  expect([stateOf(server), server.take().length]).toEqual([GATHERING, 0]);
  server.receive(START_MS, client.address, first);
  expect(stateOf(server)).toBe(ANSWERED);
  const [answer] = server.take();
  client.receive(START_MS, answer!.bytes);
  expect(server.moved()).toEqual({});
  exchange(server, client, START_MS);
  expect([stateOf(server), server.moved()]).toEqual([FADING, { rekeys: 1 }]);
  updateServer(server.server, START_MS + FADE_MS - 1);
  expect(stateOf(server)).toBe(FADING);
  updateServer(server.server, START_MS + FADE_MS);
  expect([stateOf(server), server.server.slots.clientKeys[0]![5]]).toEqual([SETTLED, 0]);
});

test('the same offer again gets the same answer, ten times a second at most, and no more work', () => {
  let answers = 0;
  const answerOffer: KeyExchange['answerOffer'] = (offer) => {
    answers++;
    return keyExchange.answerOffer(offer);
  };
  const counting = { ...keyExchange, answerOffer };
  const { server, client, receive } = begin(2, { keyExchange: counting });
  expect(receive(START_MS, ...offerOf(client, START_MS))).toBe(1);
  const text = server.server.rekeys!.texts[0]!.slice();
  let sent = 0;
  for (let passed = 10; passed <= 1000; passed += 10) sent += receive(START_MS + passed, ...offerOf(client, START_MS));
  expect(sent).toBe(10);
  expect([answers, server.moved()]).toEqual([1, {}]);
  expect(server.server.rekeys!.texts[0]).toEqual(text);
});

test('an answer that was never used makes room for a newer offer, ten seconds later', () => {
  const { server, client, receive } = begin(3);
  receive(START_MS, ...offerOf(client, START_MS));
  const before = server.server.rekeys!.keySets.ids.slice();
  receive(START_MS + 9000, ...newOfferOf(client, START_MS));
  expect(server.moved()).toEqual({ offerEarly: 2 });
  expect(receive(START_MS + REKEY_MS_MIN, ...offerOf(client, START_MS))).toBe(1);
  expect([stateOf(server), server.moved()]).toEqual([ANSWERED, {}]);
  expect(server.server.rekeys!.keySets.ids).not.toEqual(before);
  expect(server.server.rekeys!.keySets.byId.count).toBe(1);
  passTime(server, client, REKEY_MS_MIN, 20_000);
  expect(server.moved()).toMatchObject({ rekeys: 1 });
});

test('offers of an exchange that is over, or under the keys before, are stale', () => {
  const { server, client, receive } = begin(4);
  const old = offerOf(client, START_MS);
  for (const bytes of offerOf(client, START_MS)) server.receive(START_MS, client.address, bytes);
  client.receive(START_MS, server.take()[0]!.bytes);
  exchange(server, client, START_MS);
  expect(stateOf(server)).toBe(FADING);
  server.moved();
  receive(START_MS + 400, ...old);
  expect(server.moved()).toEqual({ offerStale: 2 });
});

test('a client that wants new keys all the time gets them every ten seconds', () => {
  const { server, client } = begin(5);
  passTime(server, client, 0, 4000);
  server.moved();
  for (let passed = 4000; passed < 44_000; passed += 100) {
    const nowMs = START_MS + passed;
    updateServer(server.server, nowMs);
    const { state } = client.client.rekey!;
    const packets = state === CONTENT ? newOfferOf(client, nowMs) : state === 1 ? offerOf(client, nowMs) : [];
    for (const bytes of packets) server.receive(nowMs, client.address, bytes);
    for (const { bytes } of server.take()) client.receive(nowMs, bytes);
    updateClient(client.client, nowMs);
    exchange(server, client, nowMs);
  }
  expect(server.moved().rekeys).toBe(4);
});

test('what is no offer costs its client ten seconds', () => {
  const { server, client, receive } = begin(6);
  client.client.rekey!.exchange.createOffer();
  const broken = { ...keyExchange.createOffer(), bytes: new Uint8Array(1216).fill(255) };
  const [first] = offerOf(client, START_MS);
  receive(START_MS, first);
  client.client.rekey!.offer = broken;
  receive(START_MS, ...offerOf(client, START_MS));
  expect([stateOf(server), server.moved()]).toEqual([SETTLED, { offerRefused: 1 }]);
  receive(START_MS + 10, ...offerOf(client, START_MS));
  expect(server.moved()).toEqual({ offerStale: 2 });
  receive(START_MS + 20, ...newOfferOf(client, START_MS));
  expect(server.moved()).toEqual({ offerEarly: 2 });
});

test('all clients of an edge together get so many answers a second; the others come again and get theirs', () => {
  const lab = createLab(7);
  const count = 40;
  const server = startRekeyServer(lab, { clientsMax: count, handshakesMax: count });
  const clients = Array.from({ length: count }, () => connectRekeyClient(lab, server));
  server.moved();
  for (const client of clients) {
    for (const bytes of offerOf(client, START_MS)) server.receive(START_MS, client.address, bytes);
  }
  expect(server.take()).toHaveLength(ANSWERS_BURST);
  expect(server.moved()).toEqual({ offerBusy: count - ANSWERS_BURST });
  const later = START_MS + 20;
  for (const client of clients.slice(ANSWERS_BURST)) {
    for (const bytes of offerOf(client, later)) server.receive(later, client.address, bytes);
  }
  expect(server.take()).toHaveLength((20 * ANSWERS_PER_SECOND) / 1000);
});

test('old keys are kept for their three seconds, however late the new ones were used first', () => {
  const { server, client, receive } = begin(8);
  for (const bytes of offerOf(client, START_MS)) server.receive(START_MS, client.address, bytes);
  client.receive(START_MS, server.take()[0]!.bytes);
  const late = START_MS + REKEY_MS_MIN - 1000;
  for (const { bytes } of client.take()) server.receive(late, client.address, bytes);
  expect(stateOf(server)).toBe(FADING);
  receive(late + 2000, ...newOfferOf(client, late));
  expect([stateOf(server), server.moved()]).toEqual([FADING, { rekeys: 1, offerEarly: 2 }]);
  updateServer(server.server, late + FADE_MS);
  server.take();
  expect(receive(late + FADE_MS, ...offerOf(client, late))).toBe(1);
});

test('who came all at once are refused at first, and spread by themselves: a second later everyone has new keys', () => {
  const lab = createLab(9);
  const count = 60;
  const server = startRekeyServer(lab, { clientsMax: count, handshakesMax: count });
  const clients = Array.from({ length: count }, () => connectRekeyClient(lab, server));
  for (let passed = 0; passed <= 1200; passed += 10) {
    for (const { client } of clients) updateClient(client, START_MS + passed);
    for (const client of clients) exchange(server, client, START_MS + passed);
  }
  const { rekeys, offerBusy } = server.moved();
  expect(offerBusy).toBeGreaterThan(count - ANSWERS_BURST - 1);
  expect(rekeys).toBe(count);
});

// Random lives of an edge: connections open, join, are answered or not, send, end; ticks, turns of the edge, deaths of
// the zone and of the edge fall anywhere between. A naive model says which index may be given out and what may reach
// whom; at rest, edge and zone must agree on who plays.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LINGER_TICKS } from '../../src/base/limits.ts';
import { closeConnection, ENTERING, PLAYING, updateEdge } from '../../src/session/edge.ts';
import { serveClients } from '../../src/session/serve.ts';
import { slotCount } from '../../src/sim/world.ts';
import type { WireObject } from '../../src/wire/codec.ts';
import { run } from '../zone/harness.ts';
import {
  admit,
  type Client,
  createSession,
  leave,
  loseAnswers,
  open,
  restart,
  send,
  sendInput,
  sendJoin,
  slotOf,
  startEdge,
  step,
  type TestSession,
} from './harness.ts';

const PLAYERS = 4;

interface Life {
  readonly session: TestSession;
  /** Every client there ever was; those of an edge that died are only listened to. */
  readonly clients: Client[];
  alive: Client[];
  /** Requests sent, by id: who may get the answer. */
  readonly askedBy: Map<number, Client>;
  /** Whether answers of the zone are lost; then nobody comes twice, for to be replaced is told once only. */
  readonly isLossy: boolean;
  /** Indexes whose leave the zone has not answered, or whose answer the edge has not read. */
  readonly leaving: Map<number, 'sent' | 'answered'>;
}

type Action = { readonly what: (typeof WEIGHTS)[number][1]; readonly pick: number };

const WEIGHTS = [
  [6, 'open'],
  [6, 'join'],
  [6, 'admit'],
  [1, 'refuse'],
  [4, 'leave'],
  [1, 'close'],
  [5, 'input'],
  [4, 'ask'],
  [5, 'tick'],
  [5, 'serve'],
  [3, 'update'],
  [1, 'lose'],
  [1, 'kill zone'],
  [1, 'kill edge'],
] as const;

const action: fc.Arbitrary<Action> = fc.record({
  what: fc.oneof(...WEIGHTS.map(([weight, what]) => ({ weight, arbitrary: fc.constant(what) }))),
  pick: fc.nat(1000),
});

function openOne(life: Life, pick: number): void {
  const client = open(life.session, life.isLossy ? 1 + life.clients.length : 1 + (pick % PLAYERS));
  const { index } = client.connection!;
  expect(life.leaving.get(index), `index ${index} is given out while its leave is on the way`).toBeUndefined();
  expect(life.alive.some(({ connection }) => connection!.index === index)).toBe(false);
  life.clients.push(client);
  life.alive.push(client);
}

function end(life: Life, client: Client, act: () => void): void {
  const { state, index } = client.connection!;
  if (state >= ENTERING) life.leaving.set(index, 'sent');
  act();
  life.alive = life.alive.filter((one) => one !== client);
}

function ask(life: Life, client: Client, body: WireObject): void {
  const id = life.askedBy.size + 1;
  if (client.connection!.state === PLAYING) life.askedBy.set(id, client);
  send(life.session, client, { request: { id, ...body } });
}

/** The edge's turn: it may close connections that the zone let go of, whose leave is then on the way. */
function serve(life: Life): void {
  for (const [index, state] of life.leaving) if (state === 'answered') life.leaving.delete(index);
  const before = life.alive;
  serveClients(life.session.edge, life.session.nowMs);
  life.alive = before.filter(({ isClosed }) => !isClosed);
  for (const { connection, isClosed } of before) if (isClosed) life.leaving.set(connection!.index, 'sent');
}

function tick(life: Life): void {
  run(life.session.zone);
  for (const index of life.leaving.keys()) life.leaving.set(index, 'answered');
  checkAims(life);
}

/** The edge asks again for what was not answered, and closes who waits for what is lost. */
function update(life: Life): void {
  const before = life.alive;
  const entering = before.filter(({ connection }) => connection!.state >= ENTERING);
  updateEdge(life.session.edge, life.session.nowMs);
  life.alive = before.filter(({ isClosed }) => !isClosed);
  for (const { connection, isClosed } of entering) if (isClosed) life.leaving.set(connection!.index, 'sent');
}

function lose(life: Life): void {
  if (life.isLossy) loseAnswers(life.session);
}

/** Each player only ever looks where it said itself: no input of another reaches it. */
function checkAims({ session }: Life): void {
  const { world } = session.zone.zone;
  for (let slot = 0; slot < slotCount(world); slot++) {
    const playerId = world.columns.playerLow[slot]!;
    if (playerId !== 0) expect([0, playerId * 1000]).toContain(world.columns.aim[slot]);
  }
}

/** A tick dies half way: what it took and said must count only once the next one has run. */
function killZone(life: Life, pick: number): void {
  const killer = life.alive.filter(({ connection }) => connection!.state === PLAYING)[pick % 3];
  if (killer !== undefined && slotOf(life.session, killer) >= 0) {
    send(life.session, killer, { request: { id: 0, boom: {} } });
    if (pick % 2 === 0)
      for (const client of life.alive.slice(0, 1)) end(life, client, () => leave(life.session, client));
    try {
      run(life.session.zone);
    } catch {
      serve(life);
    }
  }
  restart(life.session);
}

function killEdge(life: Life): void {
  life.session.edge = startEdge(life.session);
  life.alive = [];
  life.leaving.clear();
}

function act(life: Life, { what, pick }: Action): void {
  const { session, alive } = life;
  session.nowMs += 40;
  const client = alive[pick % Math.max(1, alive.length)];
  if (what === 'open') openOne(life, pick);
  else if (what === 'tick') tick(life);
  else if (what === 'serve') serve(life);
  else if (what === 'update') update(life);
  else if (what === 'lose') lose(life);
  else if (what === 'kill zone') killZone(life, pick);
  else if (what === 'kill edge') killEdge(life);
  else if (client !== undefined) actAs(life, client, what, pick);
}

function actAs(life: Life, client: Client, what: Action['what'], pick: number): void {
  const { session } = life;
  const connection = client.connection!;
  if (what === 'join') sendJoin(session, client);
  else if (what === 'admit') admit(session, client);
  else if (what === 'refuse') end(life, client, () => closeConnection(session.edge, connection, 'token_invalid'));
  else if (what === 'leave') end(life, client, () => leave(session, client));
  else if (what === 'close') end(life, client, () => closeConnection(session.edge, connection, 'idle'));
  else if (what === 'input') sendInput(session, client, { aim: client.playerId * 1000, moveX: (pick % 255) - 127 });
  else ask(life, client, pick % 2 === 0 ? { pay: { amount: 1 } } : { shout: { text: 'x' } });
}

function checkMessages({ clients, askedBy }: Life): void {
  const answered = new Set<unknown>();
  for (const client of clients) {
    if (client.welcome !== undefined) expect(client.welcome.playerId).toBe(String(client.playerId));
    for (const { responses } of client.got) {
      for (const { id } of responses as WireObject[]) {
        expect(askedBy.get(Number(id)), `response ${id} reaches who asked`).toBe(client);
        expect(answered.has(id), `response ${id} comes once`).toBe(false);
        answered.add(id);
      }
    }
  }
}

/** When all that was on the way has arrived, edge and zone name the same players in the same slots. */
function checkRest(life: Life): void {
  const { session } = life;
  for (let round = 0; round < 8; round++) {
    tick(life);
    serve(life);
    update(life);
  }
  expect(session.edge.isReset, 'the edge is not deaf').toBe(true);
  const { world } = session.zone.zone;
  const playing = life.alive.filter(({ connection }) => connection!.state === PLAYING);
  for (const client of playing) {
    const slot = slotOf(session, client);
    expect(slot).toBe(client.connection!.viewer!.slot);
    expect(world.columns.playerLow[slot]).toBe(client.playerId);
    expect(world.columns.client[slot]).toBe(client.connection!.index + 1);
    expect(client.connection!.state).not.toBe(ENTERING);
  }
  let owned = 0;
  for (let slot = 0; slot < slotCount(world); slot++) if (world.columns.client[slot] !== 0) owned++;
  expect(owned, 'entities with a connection').toBe(playing.length);
  for (const client of playing) expect(client.applied).toBeGreaterThan(0);
}

test('whatever order things come in, nothing meant for the one before reaches the one after', () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 250 }), fc.boolean(), (actions, isLossy) => {
      const life: Life = {
        session: createSession(0, 1, isLossy ? 128 : 16),
        isLossy,
        clients: [],
        alive: [],
        askedBy: new Map(),
        leaving: new Map(),
      };
      for (const one of actions) act(life, one);
      checkRest(life);
      checkMessages(life);
      for (const client of life.alive) leave(life.session, client);
      for (let round = 0; round < 4; round++) {
        step(life.session);
        update(life);
      }
      expect(life.session.edge.leaves.size, 'every index is free again').toBe(0);
      expect(new Set(life.session.edge.freeIndexes).size).toBe(life.session.edge.freeIndexes.length);
      step(life.session, LINGER_TICKS + 2);
      expect(life.session.zone.zone.slotOfPlayer.size, 'nobody stays behind').toBe(0);
    }),
    { numRuns: Number(process.env.RUNS ?? 100) },
  );
});

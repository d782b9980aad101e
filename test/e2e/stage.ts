// Players of a real server that runs fixtures/stage-game.ts, for tests of what the game refuses: they are put into a scene,
// one of them does what no honest client would, and everything that must not change is looked at.

import { expect } from 'vitest';
import { readMetrics } from '../../bench/server.ts';
import { Reader } from '../../src/base/bytes.ts';
import { decodeMessage, type WireObject } from '../../src/wire/codec.ts';
import { enter, ownColumns, play, type RawClient, send } from '../../tools/hostile/raw-client.ts';
import { game } from './fixtures/stage-game.ts';
import { type LaunchedServer, linesOf, until } from './server.ts';

/** Longer than hits are judged back. */
const SETTLE_TICKS = 20;
/** Longer than a refusal keeps the next one from being told. */
const RELEASE_TICKS = 10;
/** What no refusal changes, of who is refused and of anybody else. */
const KEPT = [
  ...['positionX', 'positionY', 'positionZ', 'facing', 'health', 'party', 'kills', 'deaths', ...game.assets],
  ...['weapon', 'armour'],
  ...['castAbility', 'actedTick', 'readyTick1', 'readyTick2', 'readyTick3', 'readyTick4'],
];

export interface Player {
  readonly client: RawClient;
  readonly name: string;
  readonly handle: number;
  /** Inputs of every tick from now on. */
  wish: WireObject;
  /** Reasons of the events `refused`, oldest first. */
  readonly refusals: number[];
  /** Of the last event `trade`. */
  revision: number;
  lastId: number;
}

export interface Stage {
  readonly server: LaunchedServer;
  readonly players: readonly Player[];
}

export async function enterPlayers(server: LaunchedServer, count: number): Promise<Player[]> {
  const players: Player[] = [];
  for (let index = 0; index < count; index++) {
    const { client } = await enter(game, server.url());
    const { slot, generation, name } = client.welcome!;
    const handle = Number(generation) * 0x1_0000 + Number(slot);
    const player: Player = { client, name: String(name), handle, wish: {}, refusals: [], revision: 0, lastId: 0 };
    client.socket.on('message', (bytes: Buffer) => hear(player, bytes));
    play(client, () => player.wish);
    players.push(player);
  }
  return players;
}

function hear(player: Player, bytes: Buffer): void {
  const { client, refusals } = player;
  if (bytes[0] !== 0x1a) return;
  const { value } = decodeMessage(new Reader(bytes), client.messages.serverMessage, 'reject');
  for (const { refused, trade } of value.events as WireObject[]) {
    if (trade !== undefined) player.revision = Number((trade as WireObject).revision);
    if (refused !== undefined) refusals.push(Number((refused as WireObject).reason));
  }
}

/** Asks and waits for the answer: '' or why not. */
export async function ask(player: Player, request: WireObject): Promise<string> {
  const { client } = player;
  const id = ++player.lastId;
  send(client, { request: { id, ...request } });
  const answer = () => client.responses.find((response) => response.id === id);
  await until(`an answer to ${JSON.stringify(request)}`, () => answer() !== undefined);
  return String(answer()!.refused);
}

export interface Place {
  readonly xMm?: number;
  readonly zMm?: number;
  readonly facing?: number;
  readonly health?: number;
  readonly mana?: number;
}

/** Puts a player somewhere, and waits until that is the past too. */
export async function stand(player: Player, place: Place): Promise<void> {
  const all = { xMm: 0, zMm: 0, facing: 0, health: 100, mana: 100, ...place };
  player.wish = { aim: all.facing };
  // What it pressed before may be under way yet.
  await untilLater(player);
  await ask(player, { stand: all });
  await untilLater(player);
}

async function untilLater({ client }: Player): Promise<void> {
  const { tick } = client.replicas;
  await until('a later snapshot', () => client.replicas.tick > tick + SETTLE_TICKS);
}

/** Presses until what is wanted has come of it, and lets go for long enough that the next press is one of its own. */
export async function pressUntil(player: Player, wish: WireObject, isDone: () => boolean): Promise<void> {
  const { client } = player;
  const still = player.wish;
  player.wish = { ...still, ...wish };
  await until(`what is to come of ${JSON.stringify(wish)}`, isDone).finally(() => {
    player.wish = still;
  });
  const released = client.inputTick;
  await until('the key is up', () => client.inputTick >= released + RELEASE_TICKS);
}

/** Presses until that is refused; answers with the reason. */
export async function press(player: Player, wish: WireObject): Promise<number> {
  const { refusals } = player;
  const told = refusals.length;
  await pressUntil(player, wish, () => refusals.length > told);
  return refusals[told]!;
}

/** Refusals so far, by rule. */
async function readRules(server: LaunchedServer): Promise<Map<string, number>> {
  const { values } = await readMetrics(server.url());
  const rules = new Map<string, number>();
  for (const rule of game.rules) {
    const count = values.get(`darkages_game_refused_total{rule="${rule}"}`);
    expect([rule, count]).toEqual([rule, expect.any(Number)]);
    rules.set(rule, count!);
  }
  return rules;
}

function keptOf({ client }: Player, changes: readonly string[]): Record<string, number> {
  const columns = ownColumns(client);
  return Object.fromEntries(KEPT.filter((name) => !changes.includes(name)).map((name) => [name, columns[name]!]));
}

/** Columns in which a deed may change a player. */
export type Changes = ReadonlyMap<Player, readonly string[]>;

/**
 * Does a deed that is to be refused. Only `rule` may be counted, nobody may change but as `changes` says, no mana may be
 * spent, nothing may be logged, and every session goes on. Answers how often the rule was counted.
 */
export async function expectRefused(
  { server, players }: Stage,
  rule: string,
  deed: () => Promise<unknown>,
  changes: Changes = new Map(),
): Promise<number> {
  const keptOfAll = () => players.map((player) => keptOf(player, changes.get(player) ?? []));
  await Promise.all(players.map(untilLater));
  const lines = linesOf(server).length;
  const rules = await readRules(server);
  const kept = keptOfAll();
  const mana = players.map(({ client }) => ownColumns(client).mana!);
  await deed();
  await until(`${rule} is counted`, async () => (await readRules(server)).get(rule)! > rules.get(rule)!);
  await Promise.all(players.map(untilLater));
  const counted = [...(await readRules(server))].filter(([name, count]) => count !== rules.get(name));
  expect(counted.map(([name]) => name)).toEqual([rule]);
  expect(keptOfAll()).toEqual(kept);
  for (const [index, player] of players.entries()) {
    const isPaid = changes.get(player)?.includes('mana') === true;
    if (!isPaid) expect(ownColumns(player.client).mana).toBeGreaterThanOrEqual(mana[index]!);
    expect(player.client.isClosed).toBe(false);
  }
  expect(linesOf(server).length, server.output()).toBe(lines);
  return counted[0]![1] - rules.get(rule)!;
}

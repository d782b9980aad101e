import { expect, test } from 'vitest';
import { ANSWERS_PER_PLAYER_MAX } from '../../src/base/limits.ts';
import { startClient, stopClient } from '../../src/client/client.ts';
import { sendCommand } from '../../src/client/commands.ts';
import { type Client, PLAYING } from '../../src/client/state.ts';
import { game as bank } from '../../tools/chaos/bank.ts';
import type { LineOptions } from '../simulated-network.ts';
import { addClient, breakConnections, createSimulatedServer, run, type SimulatedServer } from './simulated-server.ts';

const SEED = 31;
const LINE: LineOptions = { kind: 'stream', latencyMs: 40, jitterMs: 5, loss: 0 };

function enter(): { server: SimulatedServer; client: Client; answers: string[]; mint: (amount: number) => number } {
  const server = createSimulatedServer(bank, SEED, LINE);
  const client = addClient(server);
  run(server, 1_000);
  expect(client.state).toBe(PLAYING);
  const answers: string[] = [];
  const mint = (amount: number): number =>
    sendCommand(client, 'mint', { gold: amount }, server.random.fraction, (refused) => answers.push(refused));
  return { server, client, answers, mint };
}

const goldOf = ({ zone }: SimulatedServer): number => zone.world.columns.gold!.reduce((sum, each) => sum + each, 0);

test('a command is done once, and its answer heard once', () => {
  const { server, client, answers, mint } = enter();
  expect(mint(5)).toBeGreaterThan(0);
  run(server, 2_000);
  expect([answers, goldOf(server), client.commands.size]).toEqual([[''], 5, 0]);
});

test('while nothing can be promised it is asked again, with the same key', () => {
  const { server, answers, mint } = enter();
  let isOpen = false;
  Object.defineProperty(server.zone.commits, 'isOpen', { get: () => isOpen, set: () => {} });
  mint(5);
  run(server, 3_000);
  const { words, index } = server.zone.counters;
  expect([answers, goldOf(server), words[index.commandsPutOff]! > 2]).toEqual([[], 0, true]);
  isOpen = true;
  run(server, 1_500);
  expect([answers, goldOf(server)]).toEqual([[''], 5]);
});

test('an answer that got lost with the connection comes by the next one, and nothing is done twice', () => {
  const { server, client, answers, mint } = enter();
  for (let round = 1; round <= 3; round++) {
    mint(5);
    // It arrives, and the answer is on its way.
    const before = server.zone.counters.words[server.zone.counters.index.commands]!;
    for (let ms = 0; ms < 500 && server.zone.counters.words[server.zone.counters.index.commands] === before; ms++) {
      run(server, 1);
    }
    expect([goldOf(server), answers.length]).toEqual([5 * round, round - 1]);
    breakConnections(server);
    run(server, 6_000);
    expect([client.state, answers.length, goldOf(server)]).toEqual([PLAYING, round, 5 * round]);
  }
  expect(answers).toEqual(['', '', '']);
  const { words, index } = server.zone.counters;
  expect(words[index.commandsRepeated]).toBe(3);
});

test('who plays as nobody sends none; who plays as another one by then is told so, and the key is not that one’s', () => {
  const { server, client, answers, mint } = enter();
  stopClient(client);
  mint(5);
  run(server, 100);
  startClient(client, server.clock.now());
  run(server, 1_500);
  expect([answers, goldOf(server)]).toEqual([[''], 5]);
  stopClient(client);
  mint(7);
  Object.assign([...client.commands.values()][0]!, { playerId: 'another' });
  startClient(client, server.clock.now());
  run(server, 1_500);
  expect([answers, goldOf(server)]).toEqual([['', 'replaced'], 5]);
});

test('so many may be under way, and no key is drawn twice or is none', () => {
  const { client, answers } = enter();
  const keys = new Set<number>();
  const draws = [0, 0, 0.5, 0.5, 0.999_999_999_9, 0.999_999_999_9];
  for (let count = 0; count < 40; count++) {
    const key = sendCommand(
      client,
      'mint',
      { gold: 1 },
      () => draws[count] ?? count / 64,
      (code) => answers.push(code),
    );
    if (key !== 0) keys.add(key);
  }
  expect(keys.size).toBe(32);
  expect(answers).toEqual(Array(8).fill('too_many'));
  expect(Math.min(...keys)).toBeGreaterThan(0);
  expect(Math.max(...keys)).toBeLessThanOrEqual(0xffff_ffff);
});

test('while the oldest has no answer no more are sent than the server remembers keys', () => {
  const { server, client, answers, mint } = enter();
  for (let each = 1; each <= 30; each++) mint(1);
  client.update(client.updatedMs);
  expect([...client.commands.values()].map(({ isSent }) => isSent)).toEqual(
    Array.from({ length: 30 }, (_, index) => index < ANSWERS_PER_PLAYER_MAX / 2),
  );
  run(server, 25_000);
  expect([answers.length, goldOf(server)]).toEqual([30, 30]);
});

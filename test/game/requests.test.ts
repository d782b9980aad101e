import { expect, test } from 'vitest';
import { game } from '../../src/game/game.ts';
import { createTestZone, join, leave, receive, request, run } from '../zone/harness.ts';
import { addPlayer, createArena, toldOf } from './arena.ts';

function createChat() {
  const arena = createArena();
  const slots = ['ann', 'bob', 'cat'].map((name, index) => addPlayer(arena, index * 90_000, 0, name));
  const ask = (name: string, slot: number, values: Record<string, string> = {}) =>
    game.requests![name]!.run(arena.sim, slot, values);
  return { arena, slots, ask };
}

test('what is said in the zone goes to all of it, a whisper to two, a word to the party to the party', () => {
  const { arena, slots, ask } = createChat();
  expect(ask('say', slots[0]!, { text: 'hello' })).toBe('');
  expect(arena.told).toMatchObject([{ to: -1, values: { channel: 1, from: 'ann', to: '', text: 'hello' } }]);
  arena.told.length = 0;
  expect(ask('whisper', slots[0]!, { to: 'CAT', text: 'psst' })).toBe('');
  const whisper = { channel: 2, from: 'ann', to: 'cat', text: 'psst' };
  expect(arena.told).toMatchObject([
    { to: slots[2], values: whisper },
    { to: slots[0], values: whisper },
  ]);
  arena.told.length = 0;
  expect(ask('partySay', slots[0]!, { text: 'hey' })).toBe('no_party');
  arena.columns.party[slots[0]!] = 4;
  arena.columns.party[slots[2]!] = 4;
  expect(ask('partySay', slots[0]!, { text: 'hey' })).toBe('');
  expect(arena.told.map(({ to, values }) => [to, values.channel])).toEqual([
    [slots[0], 3],
    [slots[2], 3],
  ]);
});

test('texts come screened: what is empty or too long is refused before the game hears of it, 256 wolves are not', () => {
  const zone = createTestZone(game);
  const texts = ['', ' \t ', 'xy'.repeat(129), '🐺🐗'.repeat(128)];
  const refused: unknown[] = [];
  let heard = '';
  for (const [client, name] of ['say', 'whisper', 'partySay'].entries()) {
    join(zone, client);
    for (const text of texts) {
      request(zone, client, { id: 1, [name]: name === 'whisper' ? { to: 'nobody', text } : { text } });
      run(zone);
      for (const { kind, value } of receive(zone)) {
        if (kind === 'response') refused.push(value!.refused);
        else if (kind === 'event' && value!.said !== undefined) heard += (value!.said as { text: string }).text;
      }
    }
  }
  const screened = ['text_empty', 'text_empty', 'text_long'];
  expect(refused).toEqual([...screened, '', ...screened, 'no_such_player', ...screened, 'no_party']);
  expect(heard).toBe(texts[3]);
});

test('nobody whispers to who is not there, nor to himself', () => {
  const { slots, ask } = createChat();
  expect(ask('whisper', slots[0]!, { to: 'nobody', text: 'x' })).toBe('no_such_player');
  expect(ask('whisper', slots[0]!, { to: 'ann', text: 'x' })).toBe('yourself');
});

test('a party is made, handed on, and left or lost by request', () => {
  const { arena, slots, ask } = createChat();
  const [ann, bob, cat] = slots as [number, number, number];
  for (const [name, slot] of [
    ['bob', bob],
    ['cat', cat],
  ] as const) {
    expect(ask('invite', ann, { name })).toBe('');
    expect(ask('accept', slot)).toBe('');
  }
  expect(ask('promote', ann, { name: 'bob' })).toBe('');
  expect(ask('kick', ann, { name: 'cat' })).toBe('not_leader');
  expect(ask('kick', bob, { name: 'cat' })).toBe('');
  expect(toldOf(arena, 'party').at(-1)).toEqual({ members: 'bob,ann', thrownOut: 'cat' });
  expect(ask('leaveParty', bob)).toBe('');
  expect([...arena.columns.party].every((party) => party === 0)).toBe(true);
});

test('who connects again to a character that still stands is told of its party', () => {
  const zone = createTestZone(game);
  join(zone, 0, { name: 'anna' });
  join(zone, 1, { name: 'bert', playerId: 5 });
  run(zone);
  request(zone, 0, { id: 1, invite: { name: 'bert' } });
  request(zone, 1, { id: 1, accept: {} });
  run(zone, 30);
  leave(zone, 1);
  run(zone, 60);
  receive(zone);
  join(zone, 7, { name: 'bert', playerId: 5 });
  run(zone, 30);
  const heard = receive(zone).filter(({ kind, client }) => kind === 'event' && client === 7);
  expect(heard[0]!.value!.party).toEqual({ members: 'anna,bert', thrownOut: '' });
  expect(heard[1]!.value!.partyState).toMatchObject({ member: 1, health: 100 });
});

test('the scoreboard: ten best, more kills first, then fewer deaths, and one’s own rank', () => {
  const arena = createArena();
  const slots = Array.from({ length: 14 }, (_, index) => addPlayer(arena, 0, 0, `p${index}`));
  const { kills, deaths } = arena.columns;
  for (const slot of slots) kills[slot] = slot >> 1;
  for (const slot of slots) deaths[slot] = 9 - (slot & 1);
  expect(game.requests!.scores!.run(arena.sim, slots[2]!, {})).toBe('');
  expect(game.requests!.scores!.run(arena.sim, slots[2]!, {})).toBe('too_soon');
  const [scores] = toldOf(arena, 'scores');
  expect(scores).toMatchObject({ rank: 12, players: 14 });
  const top = String(scores!.top).split(',');
  expect(top.length).toBe(10);
  expect(top.slice(0, 3)).toEqual(['p13:6:8', 'p12:6:9', 'p11:5:8']);
});

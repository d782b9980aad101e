import { expect, test } from 'vitest';
import { createMessages, type GameSchema, type Message } from '../../src/wire/schema.ts';
import { PROBE_SCHEMA } from './probe-schema.ts';

const messages = createMessages(PROBE_SCHEMA);

function reachable(message: Message, found: Set<Message> = new Set()): Set<Message> {
  found.add(message);
  for (const { type } of message.fields) if (typeof type === 'object') reachable(type, found);
  return found;
}

test('every message is part of a frame', () => {
  const found = new Set([...reachable(messages.clientMessage), ...reachable(messages.serverMessage)]);
  for (const message of Object.values(messages) as Message[]) expect(found, message.name).toContain(message);
});

test('rows become fields of both entity messages, differences are signed and optional', () => {
  const state = new Map(messages.entityState.fields.map((field) => [field.name, field]));
  const delta = new Map(messages.entityDelta.fields.map((field) => [field.name, field]));
  expect(state.get('positionX')).toMatchObject({ field: 4, type: 'sint32' });
  expect(state.get('heading')).toMatchObject({ field: 130, type: 'uint32' });
  expect(delta.get('heading')).toMatchObject({ field: 130, type: 'sint32', optional: true });
  expect(delta.get('cargoFine')).toMatchObject({ field: 2500 });
  expect(state.has('hidden') || delta.has('hidden')).toBe(false);
  for (const message of [messages.entityState, messages.entityDelta, messages.clientInput]) {
    const numbers = message.fields.map((field) => field.field);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  }
});

const row = { name: 'x', bits: 8, field: 16, signed: false, ownerOnly: false, comment: '' } as const;
const none = { field: 16, fields: {} };

test.each<[string, Partial<GameSchema>]>([
  ['EntityDelta has two fields called slot', { rows: [{ ...row, name: 'slot' }] }],
  ['EntityDelta has two fields with the number 11', { rows: [{ ...row, field: 11 }] }],
  ['ClientRequest has two fields called id', { requests: { id: none } }],
  ['ServerEvent has two fields called tick', { events: { tick: none } }],
  ['two messages of the game are called ClientRequest', { requests: { client: none } }],
  ['ClientInput has two fields called ackAge', { inputs: { ackAge: { field: 16, type: 'int', min: 0, max: 1 } } }],
])('names and numbers that collide are refused: %s', (sentence, change) => {
  const empty: GameSchema = { name: 'empty', version: 1, rows: [] };
  expect(() => createMessages({ ...empty, ...change })).toThrow(sentence);
});

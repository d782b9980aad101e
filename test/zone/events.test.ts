import { expect, test } from 'vitest';
import { Reader, Writer } from '../../src/base/bytes.ts';
import { decodeMessage } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { createEvents, writeEvent } from '../../src/zone/events.ts';

const { serverEvent } = createMessages({
  name: 'probe',
  version: 1,
  rows: [],
  events: {
    struck: { field: 16, fields: { by: { field: 1, type: 'int', min: 0, max: 0x7fff_ffff } } },
    said: { field: 17, fields: { text: { field: 1, type: 'text', maxBytes: 300 } } },
  },
});
const events = createEvents(serverEvent);

function told(event: string, values: Record<string, number | string>): unknown {
  const writer = new Writer(new Uint8Array(1024));
  writeEvent(events, writer, event, 4711, values);
  const reader = new Reader();
  reader.reset(writer.bytes, 0, writer.offset);
  return decodeMessage(reader, serverEvent, 'reject');
}

test('an event decodes to what was told, with its tick; also one whose values are all 0', () => {
  const text = 'é'.repeat(140);
  expect(told('said', { text })).toEqual({ code: 0, value: { tick: 4711, struck: undefined, said: { text } } });
  expect(told('struck', { by: 0 })).toEqual({ code: 0, value: { tick: 4711, struck: { by: 0 }, said: undefined } });
});

test('what the game does not state is a fault of the game', () => {
  expect(() => told('sang', {})).toThrow('events that it states');
});

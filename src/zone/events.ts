// Events on their way to the edges, encoded where they are told: a fight tells thousands a second, so no object of its
// own is made for one. Zone thread; writes to the writer it is given.

import { assert } from '../base/assert.ts';
import type { Writer } from '../base/bytes.ts';
import { encodeMessage, LENGTH_DELIMITED, VARINT, type WireObject } from '../wire/codec.ts';
import type { Message } from '../wire/schema.ts';

interface EventBody {
  readonly tag: number;
  readonly message: Message;
}

export interface Events {
  readonly tickTag: number;
  readonly bodies: ReadonlyMap<string, EventBody>;
}

export function createEvents(serverEvent: Message): Events {
  const bodies = new Map<string, EventBody>();
  let tickTag = 0;
  for (const { name, field, type } of serverEvent.fields) {
    if (typeof type === 'object') bodies.set(name, { tag: (field << 3) | LENGTH_DELIMITED, message: type });
    else if (name === 'tick') tickTag = (field << 3) | VARINT;
  }
  return { tickTag, bodies };
}

/** Appends the ServerEvent. Allocates for texts alone. */
export function writeEvent(events: Events, writer: Writer, event: string, tick: number, values: WireObject): void {
  const body = events.bodies.get(event);
  assert(body !== undefined, 'a game tells only events that it states');
  writer.varint(events.tickTag);
  writer.varint(tick);
  writer.varint(body.tag);
  const start = writer.beginPart();
  encodeMessage(writer, body.message, values);
  writer.endPart(start);
}

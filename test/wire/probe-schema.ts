// A game that no one plays: columns of every type, seen by everyone, by the owner and by nobody, field numbers of one,
// two and three bytes on the wire, inputs, requests and events with numbers and texts. Wire and snapshot tests use it.

import { createRows, ENGINE_COLUMNS } from '../../src/sim/columns.ts';
import type { GameSchema } from '../../src/wire/schema.ts';

export const PROBE_COLUMNS = {
  ...ENGINE_COLUMNS,
  level: { type: 'u8', seenBy: 'everyone', field: 16 },
  heading: { type: 'u16', seenBy: 'everyone', field: 130 },
  heat: { type: 'i16', seenBy: 'everyone', field: 2047 },
  score: { type: 'u31', seenBy: 'everyone', field: 2048 },
  depth: { type: 'i32', seenBy: 'everyone', field: 17 },
  cargo: { type: 'i32', seenBy: 'everyone', field: 18, shift: 5, fineField: 2500 },
  secret: { type: 'u31', seenBy: 'owner', field: 19 },
  mood: { type: 'i16', seenBy: 'owner', field: 3000 },
  debt: { type: 'i32', seenBy: 'owner', field: 140 },
  hidden: { type: 'i32', seenBy: 'nobody' },
} as const;

export const PROBE_ROWS = createRows(PROBE_COLUMNS);

const int = (field: number, min: number, max: number) => ({ field, type: 'int', min, max }) as const;
const text = (field: number, maxBytes: number) => ({ field, type: 'text', maxBytes }) as const;

export const PROBE_SCHEMA: GameSchema = {
  name: 'probe',
  version: 3,
  rows: PROBE_ROWS,
  inputs: {
    pitch: int(16, -90, 90),
    charge: int(2049, 0, 0x7fff_ffff),
    stance: int(140, 1, 3),
    drift: int(2047, -0x8000_0000, 0x7fff_ffff),
  },
  requests: {
    say: { field: 16, fields: { channel: int(1, 0, 3), words: text(2, 256) } },
    trade: {
      field: 2048,
      fields: { withWhom: int(1, 1, 0x7fff_ffff), amount: int(17, -1000, 1000), note: text(3000, 20) },
    },
    nothing: { field: 2047, fields: {} },
  },
  events: {
    hit: { field: 2100, fields: { by: int(1, 0, 0xffff_ffff), damage: int(2, -0x8000_0000, 0x7fff_ffff) } },
    said: { field: 17, fields: { who: text(15, 64), words: text(16, 256) } },
  },
};

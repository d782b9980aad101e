// The messages of the game wire as tables: the one place that says what is on it. Encoder, decoder and the printed
// .proto read the same rows. The engine's messages are fixed, those that carry a game's columns, inputs, requests and
// events are made for that game. Pure; any thread, server and client.
// Fields are only ever added; a number is never reused. proto/STANDARD.md says the same in words.

import { assert } from '../base/assert.ts';
import { type Fields, type IntField, isSigned, toSnakeCase } from '../base/fields.ts';

export interface WireField {
  /** camelCase in code; snake_case in the .proto. */
  readonly name: string;
  readonly field: number;
  readonly type: 'uint32' | 'sint32' | 'string' | 'bytes' | Message;
  /** Packed for numbers. */
  readonly repeated?: boolean;
  /** Explicit presence: "unchanged" and "now 0" differ. */
  readonly optional?: boolean;
  /** Bounds of a number; what is outside makes the message out of range. */
  readonly min?: number;
  readonly max?: number;
  /** Bound of a string in bytes, or of a repeated field in elements. */
  readonly most?: number;
  /** Fields of one message that exclude each other share it. */
  readonly oneof?: string;
  readonly comment?: string;
}

export interface Message {
  readonly name: string;
  readonly comment: string;
  readonly fields: readonly WireField[];
}

/** What a game adds to the wire; a `Game` of src/sim fits. */
export interface GameSchema {
  readonly name: string;
  readonly version: number;
  readonly rows: readonly {
    readonly name: string;
    readonly field: number;
    /** Width of the value; a client needs it to know where sums go round. */
    readonly bits: number;
    readonly signed: boolean;
    readonly ownerOnly: boolean;
    readonly comment: string;
  }[];
  readonly inputs?: Readonly<Record<string, IntField>>;
  readonly requests?: Readonly<Record<string, { readonly field: number; readonly fields: Fields }>>;
  readonly events?: Readonly<Record<string, { readonly field: number; readonly fields: Fields }>>;
}

export interface Messages {
  readonly clientMessage: Message;
  readonly clientJoin: Message;
  readonly clientInput: Message;
  readonly clientRequest: Message;
  readonly clientPing: Message;
  readonly serverMessage: Message;
  readonly serverWelcome: Message;
  readonly serverSnapshot: Message;
  readonly serverEvent: Message;
  readonly serverResponse: Message;
  readonly serverPong: Message;
  readonly serverGoodbye: Message;
  readonly serverLoad: Message;
  readonly entityState: Message;
  readonly entityDelta: Message;
}

// Numbers that the hot paths in client-frame.ts and src/snapshot write and read without the tables.
export const CLIENT_MESSAGE = { join: 1, inputs: 2, request: 3, ping: 4 } as const;
export const CLIENT_INPUT = {
  tick: 1,
  ackAge: 2,
  moveX: 3,
  moveZ: 4,
  aim: 5,
  buttons: 6,
  claimedX: 7,
  claimedY: 8,
  claimedZ: 9,
  viewAge: 10,
} as const;
export const SERVER_MESSAGE = {
  welcome: 1,
  snapshot: 2,
  events: 3,
  responses: 4,
  pong: 5,
  goodbye: 6,
  load: 7,
} as const;
export const SNAPSHOT = {
  tick: 1,
  baselineAge: 2,
  inputAge: 3,
  inputLead: 4,
  deltas: 5,
  entities: 6,
  leaves: 7,
  omitted: 8,
  changes: 9,
} as const;
export const ENTITY = { slot: 1, generation: 2, kind: 3, baselineAge: 11, name: 12 } as const;

const uint = (name: string, field: number, comment: string, max = 0xffff_ffff): WireField => ({
  name,
  field,
  type: 'uint32',
  max,
  comment,
});
const text = (name: string, field: number, most: number, comment: string): WireField => ({
  name,
  field,
  type: 'string',
  most,
  comment,
});

const clientJoin: Message = {
  name: 'ClientJoin',
  comment: 'First message of a connection.',
  fields: [
    text('token', 1, 1024, 'from POST /v1/session; works once'),
    uint('protocolVersion', 2, 'must be the server’s'),
    text('game', 3, 32, 'name of the game module, must be the server’s'),
    uint('gameVersion', 4, 'must be the server’s'),
  ],
};

const clientPing: Message = {
  name: 'ClientPing',
  comment: 'Answered at once with ServerPong.',
  fields: [uint('clientTimeMs', 1, 'any clock of the client’s; comes back unchanged')],
};

const serverPong: Message = {
  name: 'ServerPong',
  comment: 'Answer to ClientPing, for round trip and clock.',
  fields: [
    uint('clientTimeMs', 1, 'as sent'),
    uint('tick', 2, 'newest tick of the zone'),
    uint('tickAgeUs', 3, 'microseconds since that tick was published'),
    uint('inputsPerFrame', 4, 'inputs that a frame shall wait for; 0 or 1: none'),
  ],
};

const serverWelcome: Message = {
  name: 'ServerWelcome',
  comment: 'The player is in the zone. Precedes every snapshot.',
  fields: [
    uint('protocolVersion', 1, ''),
    uint('zoneId', 2, ''),
    uint('tickHz', 3, 'simulation steps a second'),
    uint('snapshotIntervalTicks', 4, 'ticks between two snapshots'),
    uint('seed', 5, 'for the game’s map'),
    uint('slot', 6, 'of the player’s own entity'),
    uint('generation', 7, 'of the player’s own entity'),
    uint('tick', 8, 'at which the player entered'),
    text('name', 9, 64, 'of the player'),
    text('playerId', 10, 32, 'of the player, decimal'),
  ],
};

const serverResponse: Message = {
  name: 'ServerResponse',
  comment: 'Answer to one ClientRequest. Reliable.',
  fields: [uint('id', 1, 'of the request'), text('refused', 2, 64, 'empty: done; else why not, a short code')],
};

const serverGoodbye: Message = {
  name: 'ServerGoodbye',
  comment: 'Last message before the server closes the connection.',
  fields: [
    text(
      'reason',
      1,
      64,
      'protocol_version, game_version, token_invalid, token_expired, token_used, zone_full, address_full, replaced, shutting_down, zone_restarted, idle, rate, backlog, cheating, store_unavailable, still_leaving',
    ),
  ],
};

const serverLoad: Message = {
  name: 'ServerLoad',
  comment: 'How busy the zone is, when that has changed. Reliable. Until the first: step 0 at full pace.',
  fields: [
    uint('tick', 1, 'from which on it holds'),
    { ...uint('pacePercent', 2, 'ticks take place at this share of tick_hz', 100), min: 1 },
    uint('step', 3, '0 none, 1 less_detail, 2 lower_rate, 3 time_dilation; more may follow', 0xff),
    uint('snapshotIntervalTicks', 4, 'ticks between two snapshots, at least; in place of the welcome’s'),
  ],
};

/** All messages of the wire for one game. Throws an assertion with a sentence when its names or numbers collide. */
export function createMessages(game: GameSchema): Messages {
  const messages = createAllMessages(game);
  const seen = new Map<string, Message>();
  for (const message of [messages.clientMessage, messages.serverMessage]) checkMessage(message, seen);
  return messages;
}

function checkMessage(message: Message, seen: Map<string, Message>): void {
  const known = seen.get(message.name);
  assert(known === undefined || known === message, `two messages of the game are called ${message.name}`);
  if (known !== undefined) return;
  seen.set(message.name, message);
  const names = new Set<string>();
  const numbers = new Set<number>();
  for (const { name, field, type } of message.fields) {
    assert(!names.has(name), `${message.name} has two fields called ${name}`);
    assert(!numbers.has(field), `${message.name} has two fields with the number ${field}`);
    names.add(name);
    numbers.add(field);
    if (typeof type === 'object') checkMessage(type, seen);
  }
}

function createAllMessages(game: GameSchema): Messages {
  const clientInput = createClientInput(game);
  const clientRequest = createGameMessage(
    'ClientRequest',
    'Asks for something; answered by ServerResponse. Reliable.',
    [
      uint('id', 1, 'chosen by the client, comes back in the response'),
      uint('key', 2, 'of what is committed: drawn by the client, sent again it gets the first answer; 0: none'),
    ],
    game.requests ?? {},
  );
  const serverEvent = createGameMessage(
    'ServerEvent',
    'Something happened. Reliable, in order.',
    [uint('tick', 1, 'at which it happened')],
    game.events ?? {},
  );
  const entityState = createEntityMessage(game, false);
  const entityDelta = createEntityMessage(game, true);
  const serverSnapshot = createSnapshotMessage(entityState, entityDelta);
  return {
    clientJoin,
    clientInput,
    clientRequest,
    clientPing,
    clientMessage: {
      name: 'ClientMessage',
      comment: 'One WebSocket frame from the client; any of its parts. At most 4,096 bytes.',
      fields: [
        { name: 'join', field: CLIENT_MESSAGE.join, type: clientJoin },
        {
          name: 'inputs',
          field: CLIENT_MESSAGE.inputs,
          type: clientInput,
          repeated: true,
          most: 8,
          comment: 'oldest first',
        },
        { name: 'request', field: CLIENT_MESSAGE.request, type: clientRequest },
        { name: 'ping', field: CLIENT_MESSAGE.ping, type: clientPing },
      ],
    },
    serverWelcome,
    serverSnapshot,
    serverEvent,
    serverResponse,
    serverPong,
    serverGoodbye,
    serverLoad,
    entityState,
    entityDelta,
    serverMessage: {
      name: 'ServerMessage',
      comment: 'One WebSocket frame from the server; any of its parts.',
      fields: [
        { name: 'welcome', field: SERVER_MESSAGE.welcome, type: serverWelcome },
        { name: 'snapshot', field: SERVER_MESSAGE.snapshot, type: serverSnapshot },
        { name: 'events', field: SERVER_MESSAGE.events, type: serverEvent, repeated: true },
        { name: 'responses', field: SERVER_MESSAGE.responses, type: serverResponse, repeated: true },
        { name: 'pong', field: SERVER_MESSAGE.pong, type: serverPong },
        { name: 'goodbye', field: SERVER_MESSAGE.goodbye, type: serverGoodbye },
        { name: 'load', field: SERVER_MESSAGE.load, type: serverLoad },
      ],
    },
  };
}

function createClientInput(game: GameSchema): Message {
  const claimed = (name: string, field: number): WireField => ({
    name,
    field,
    type: 'sint32',
    optional: true,
    comment: 'mm: where the client believes it is; compared, never applied',
  });
  const { tick, ackAge, moveX, moveZ, aim, buttons, claimedX, claimedY, claimedZ, viewAge } = CLIENT_INPUT;
  const fields: WireField[] = [
    uint('tick', tick, 'the tick this input is meant for, and its sequence number: one input a tick', 0x7fff_ffff),
    uint('ackAge', ackAge, 'tick minus the tick of the newest snapshot applied; 0 = none', 0x7fff_ffff),
    { name: 'moveX', field: moveX, type: 'sint32', min: -127, max: 127, comment: 'where to go, world axes' },
    { name: 'moveZ', field: moveZ, type: 'sint32', min: -127, max: 127 },
    uint('aim', aim, 'where to look: turns / 65536; 0 = +X, 16384 = +Z', 0xffff),
    uint('buttons', buttons, 'bits; meaning is the game’s', 0xffff),
    claimed('claimedX', claimedX),
    claimed('claimedY', claimedY),
    claimed('claimedZ', claimedZ),
    uint('viewAge', viewAge, 'tick minus the tick at which the client showed the others when it decided', 255),
  ];
  for (const [name, input] of Object.entries(game.inputs ?? {})) fields.push(intField(name, input));
  return { name: 'ClientInput', comment: 'Intent for one tick.', fields: fields.sort((a, b) => a.field - b.field) };
}

function intField(name: string, field: IntField): WireField {
  const { field: number, min, max } = field;
  const type = isSigned(field) ? 'sint32' : 'uint32';
  return { name, field: number, type, min, max, ...(field.comment !== undefined && { comment: field.comment }) };
}

function capitalise(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function createGameMessage(
  name: string,
  comment: string,
  head: readonly WireField[],
  bodies: Readonly<Record<string, { readonly field: number; readonly fields: Fields }>>,
): Message {
  const fields = [...head];
  for (const [bodyName, body] of Object.entries(bodies)) {
    const bodyFields = Object.entries(body.fields).map(([fieldName, field]) =>
      field.type === 'int'
        ? intField(fieldName, field)
        : text(fieldName, field.field, field.maxBytes, field.comment ?? ''),
    );
    const message: Message = {
      name: `${capitalise(bodyName)}${name.replace(/^Client|^Server/, '')}`,
      comment: '',
      fields: bodyFields,
    };
    fields.push({ name: bodyName, field: body.field, type: message, oneof: 'body' });
  }
  return { name, comment, fields };
}

const OWNER_ONLY = 'to its owner only';

function createEntityMessage(game: GameSchema, isDelta: boolean): Message {
  const fields: WireField[] = [uint('slot', ENTITY.slot, 'names the entity while the client sees it', 0xffff)];
  if (isDelta) {
    fields.push(
      uint('baselineAge', ENTITY.baselineAge, 'when it differs from the snapshot’s: tick minus baseline tick', 127),
    );
  } else {
    fields.push(uint('generation', ENTITY.generation, 'tells entities apart that had the same slot', 0x7fff));
    fields.push(uint('kind', ENTITY.kind, 'of the game’s kinds', 0xff));
    fields.push(text('name', ENTITY.name, 64, 'of the player, if it is one'));
  }
  for (const row of game.rows) {
    const type = isDelta || row.signed ? 'sint32' : 'uint32';
    const name = row.name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    const audience = row.ownerOnly && !row.comment.includes(OWNER_ONLY) ? OWNER_ONLY : '';
    const comment = [row.comment, `${row.signed ? 'i' : 'u'}${row.bits}`, audience]
      .filter((words) => words !== '')
      .join('; ');
    fields.push({ name, field: row.field, type, comment, ...(isDelta && { optional: true }) });
  }
  fields.sort((a, b) => a.field - b.field);
  return isDelta
    ? {
        name: 'EntityDelta',
        comment: 'Differences to the baseline; absent is unchanged. Sums go round at the width of the type.',
        fields,
      }
    : { name: 'EntityState', comment: 'An entity in full.', fields };
}

function createSnapshotMessage(entityState: Message, entityDelta: Message): Message {
  return {
    name: 'ServerSnapshot',
    comment: 'The world around a client. What it doesn’t mention is as it was. Unreliable: apply only newer ones.',
    fields: [
      uint('tick', SNAPSHOT.tick, 'what the client acknowledges'),
      uint('baselineAge', SNAPSHOT.baselineAge, 'ticks back to the snapshot that deltas build on', 127),
      uint('inputAge', SNAPSHOT.inputAge, 'tick minus the tick of the newest input applied'),
      {
        name: 'inputLead',
        field: SNAPSHOT.inputLead,
        type: 'sint32',
        comment: 'ticks by which inputs arrive early, recent minimum; negative: too late',
      },
      {
        name: 'deltas',
        field: SNAPSHOT.deltas,
        type: entityDelta,
        repeated: true,
        comment: 'of the own entity; the others’ are in changes',
      },
      {
        name: 'entities',
        field: SNAPSHOT.entities,
        type: entityState,
        repeated: true,
        comment: 'entered, or in full again',
      },
      { name: 'leaves', field: SNAPSHOT.leaves, type: 'uint32', repeated: true, comment: 'slots no longer seen' },
      uint('omitted', SNAPSHOT.omitted, 'changed entities left out for the byte budget; they follow'),
      { name: 'changes', field: SNAPSHOT.changes, type: 'bytes', comment: 'differences of the others, in bits' },
    ],
  };
}

export { toSnakeCase };

// Rows of the table of checks (rules.ts says what it is for): those of edge threads and of the gateway, and what a row
// is. Data alone.

import type { CounterName } from '../base/counters.ts';
import * as limits from '../base/limits.ts';

export interface Rule {
  readonly code: string;
  readonly what: string;
  readonly limit: number | string;
  /** edge: src/session, src/io/websocket-….ts. zone: src/zone, src/guard. gateway: src/gateway. game: src/game. */
  readonly where: 'edge' | 'zone' | 'gateway' | 'game';
  /**
   * drop: the frame or input is gone, the session goes on. correct: the server's state wins. refuse: the player is told
   * a code. close: the connection ends, with that goodbye. count: nothing happens but the count.
   */
  readonly response: 'drop' | 'hold' | 'correct' | 'refuse' | 'close' | 'count';
  /** A row of COUNTERS, or one of the rules that the game that ships states. */
  readonly counter:
    | `edge.${CounterName<'edge'>}`
    | `zone.${CounterName<'zone'>}`
    | `gateway.${CounterName<'gateway'>}`
    | `rule.${string}`;
  /** Title of the test that breaks the rule. */
  readonly test: string;
}

export type Row = readonly [
  code: string,
  what: string,
  limit: number | string,
  where: Rule['where'],
  response: Rule['response'],
  counter: Rule['counter'],
  test: string,
];

/** In order of cost: what comes first is cheapest, and what it refuses the later ones never see. */
export const EDGE_ROWS: readonly Row[] = [
  [
    'origin',
    'a page of another site',
    'own host, --allow-origin',
    'edge',
    'refuse',
    'edge.refusedOrigin',
    'a page of another origin is refused and counted, and leaves no guest',
  ],
  [
    'full',
    'one connection too many',
    limits.PLAYERS_MAX,
    'edge',
    'close',
    'edge.refusedFull',
    'when the session layer has no room the client is told to try later',
  ],
  [
    'door_full',
    'one connection too many that has not joined',
    limits.STRANGERS_MAX,
    'edge',
    'close',
    'edge.refusedDoorFull',
    'whoever comes and goes: the books hold who is at the door, within both bounds',
  ],
  [
    'address',
    'one connection too many of one address that has not joined',
    limits.STRANGERS_PER_ADDRESS_MAX,
    'edge',
    'close',
    'edge.refusedAddress',
    'who has not joined takes no place of a player, and one address only its share of the door',
  ],
  [
    'flood_second',
    'more than ten times the rate in a second; its socket is not read for the rest of it',
    limits.FLOOD_FACTOR,
    'edge',
    'hold',
    'edge.heldUp',
    'a flood of %s is ended with a reason after five seconds, not before',
  ],
  [
    'flood',
    'more than ten times the rate for seconds on end',
    limits.FLOOD_SECONDS,
    'edge',
    'close',
    'edge.closedRate',
    'who floods for seconds is told why and closed',
  ],
  [
    'size',
    'a frame too long',
    `${limits.FRAME_BYTES_MAX} bytes`,
    'edge',
    'drop',
    'edge.dropSize',
    'a message above the wire’s limit reaches the session layer; one far above ends the connection',
  ],
  [
    'type',
    'a text frame',
    'binary only',
    'edge',
    'drop',
    'edge.dropType',
    'binary messages come through whole and in order, both ways; text ones are told apart',
  ],
  [
    'websocket',
    'bytes that are no WebSocket frame',
    'RFC 6455',
    'edge',
    'close',
    'edge.dropMalformed',
    'bytes that are no frame are counted and end the connection: %s',
  ],
  [
    'frame_rate',
    'too many frames',
    `${limits.FRAMES_PER_SECOND_MAX}/s, ${limits.FRAMES_BURST_MAX} at once`,
    'edge',
    'drop',
    'edge.dropRate',
    'floods of frames at ten times the budget, of joined clients and of strangers',
  ],
  [
    'byte_rate',
    'too many bytes',
    `${limits.BYTES_PER_SECOND_MAX}/s`,
    'edge',
    'drop',
    'edge.dropRate',
    'frames and bytes beyond the budget are dropped, to the exact one, and time gives them back',
  ],
  [
    'request_rate',
    'too many requests',
    `${limits.REQUESTS_PER_SECOND_MAX}/s`,
    'edge',
    'drop',
    'edge.dropRate',
    'requests have their own budget',
  ],
  [
    'decode',
    'what is no message: cut, unknown fields, wrong types',
    'proto/STANDARD.md',
    'edge',
    'drop',
    'edge.dropMalformed',
    'random bytes, and honest frames cut short or with one bit flipped',
  ],
  [
    'inputs_per_frame',
    'inputs in one frame',
    limits.INPUTS_PER_FRAME_MAX,
    'edge',
    'drop',
    'edge.dropMalformed',
    '%s moves one counter and nothing else',
  ],
  [
    'range',
    'a number or a text outside its field’s bounds',
    'of the field',
    'edge',
    'drop',
    'edge.dropRange',
    '%s moves one counter and nothing else',
  ],
  [
    'session',
    'play before the welcome, a second join',
    'state of the session',
    'edge',
    'drop',
    'edge.dropSession',
    'frames before the join, and play before the welcome, are dropped',
  ],
  [
    'version',
    'another wire, game or version',
    limits.PROTOCOL_VERSION,
    'edge',
    'close',
    'edge.refusedProtocol',
    'a join: %s is told so and closed',
  ],
  [
    'token_forged',
    'a token that we did not sign',
    'HMAC',
    'edge',
    'close',
    'edge.refusedToken',
    'a token shown twice, forged, made for another server, or no token at all',
  ],
  [
    'token_expired',
    'a token too old',
    `${limits.TOKEN_LIFETIME_S} s`,
    'edge',
    'close',
    'edge.refusedToken',
    'a token that has expired',
  ],
  [
    'token_used',
    'a token shown again',
    'once',
    'edge',
    'close',
    'edge.refusedToken',
    'takes a token once, and forgets it when it has expired',
  ],
  [
    'address_full',
    'one player too many of one address; this machine itself is exempt unless the flag is given',
    `--players-per-address, ${limits.PLAYERS_PER_ADDRESS_DEFAULT}`,
    'edge',
    'close',
    'edge.refusedAddressFull',
    'address_full: a player too many of one address is told so, by WebSocket and by UDP, and another address is let in',
  ],
  [
    'join_timeout',
    'no join',
    `${limits.JOIN_TIMEOUT_MS} ms`,
    'edge',
    'close',
    'edge.refusedJoinTimeout',
    'sockets that never join, never say hello, or never finish saying it',
  ],
  [
    'idle',
    'silence; of a player, to be there and do nothing',
    `${limits.IDLE_TIMEOUT_MS} ms; ${limits.PLAY_IDLE_TIMEOUT_MS} ms`,
    'edge',
    'close',
    'edge.closedIdle',
    'who falls silent is closed; a ping is enough to stay',
  ],
  [
    'backlog',
    'a client that reads nothing',
    `${4 * limits.SOCKET_BACKLOG_BYTES_MAX} bytes`,
    'edge',
    'close',
    'edge.closedBacklog',
    'a client that reads nothing: it gets fewer snapshots, then none, and memory stays',
  ],
  [
    'ack',
    'acknowledging what was never sent',
    'what was sent',
    'edge',
    'count',
    'edge.acksUnknown',
    'acknowledgements of what was never sent are counted, and the client’s world stays right',
  ],
  [
    'ring',
    'more than the zone takes',
    `${limits.INPUT_RING_BYTES} bytes`,
    'edge',
    'drop',
    'edge.dropRingFull',
    'inputs that find the ring full are counted',
  ],
];

export const GATEWAY_ROWS: readonly Row[] = [
  [
    'session_origin',
    'a page of another site asks for a session',
    'own host, --allow-origin',
    'gateway',
    'refuse',
    'gateway.refusedOrigin',
    'another site’s page is refused before anything else',
  ],
  [
    'tls',
    'a session asked for from another machine without encryption',
    '--allow-plain-http',
    'gateway',
    'refuse',
    'gateway.refusedTls',
    'plain HTTP opens no session, but answers the rest; https does',
  ],
  [
    'session_rate',
    'sessions, passwords and failed logins',
    '--sessions-per-minute',
    'gateway',
    'refuse',
    'gateway.refusedRate',
    'rate limits say how long to wait',
  ],
  [
    'name',
    'letters and length of a name',
    `[A-Za-z0-9_.-] ${limits.NAME_LENGTH_MIN}–${limits.NAME_LENGTH_MAX}`,
    'gateway',
    'refuse',
    'gateway.refusedBadName',
    'names: letters, digits, _ . - and 3 to 24 of them, no address, nothing profane',
  ],
  [
    'name_profanity',
    'profanity or an address in a new name',
    'src/guard/text.ts',
    'gateway',
    'refuse',
    'gateway.refusedName',
    'a profane name is refused to a new account before anything is hashed; who has one keeps it',
  ],
  [
    'name_reserved',
    'a new name that passes for the house or for nothing, or without a letter',
    'src/guard/words.ts',
    'gateway',
    'refuse',
    'gateway.refusedName',
    'name_reserved: names that pass for the house, for nothing, or for no name at all',
  ],
  [
    'name_twin',
    'a new name that looks like another player’s: case, _ . -, i l 1, o 0, rn m, vv w',
    'one player each',
    'gateway',
    'refuse',
    'gateway.refusedTaken',
    'name_twin: a name that looks like another one is taken, and finds nobody',
  ],
];

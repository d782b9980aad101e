// How a hostile client breaks each rule of an edge and of the gateway, by the rule's code (attacks.ts).

import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import WebSocket from 'ws';
import {
  FRAME_BYTES_MAX,
  INPUTS_PER_FRAME_MAX,
  PROTOCOL_VERSION,
  REQUESTS_PER_SECOND_MAX,
  STRANGERS_MAX,
  STRANGERS_PER_ADDRESS_MAX,
} from '../../src/base/limits.ts';
import { encodeToBytes, type WireObject } from '../../src/wire/codec.ts';
import {
  connect,
  hangUp,
  join,
  joinMessage,
  nextTick,
  openSession,
  type RawClient,
  send,
} from '../../tools/hostile/raw-client.ts';
import { type Attack, type InProcess, inputs, sendInputs, settle, untilLater } from './attack.ts';
import { game } from './fixtures/chat-game.ts';
import { type LaunchedServer, until } from './server.ts';

const FIRST_BYTE_OF_PONG = 0x2a;
const EVIL = 'http://evil.example';

/** Pings until nothing more comes of them; how many of them were not answered. */
async function sendPings(client: RawClient, count: number, bytes: Uint8Array): Promise<number> {
  let pongs = 0;
  client.socket.on('message', (message: Buffer) => {
    if (message[0] === FIRST_BYTE_OF_PONG) pongs++;
  });
  for (let sent = 0; sent < count; sent++) client.socket.send(bytes);
  await untilLater(client);
  await settle(client);
  return count - pongs;
}

/** Bare TCP connections from one address, ended by the server or still open. */
async function knock(server: LaunchedServer, localAddress: string, count: number): Promise<Socket[]> {
  const port = Number(new URL(server.zoneUrl()).port);
  const sockets: Socket[] = [];
  for (let index = 0; index < count; index++) {
    const tcp = connectTcp({ port, host: '127.0.0.1', localAddress });
    tcp.on('error', () => {});
    tcp.resume();
    sockets.push(tcp);
  }
  await until('they are connected', () => sockets.every(({ connecting }) => !connecting));
  return sockets;
}

async function leaveDoor(sockets: readonly Socket[]): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await until('they are gone', () => sockets.every(({ closed }) => closed));
}

/** Joins with a token that is refused; the goodbye. */
async function joinWith(server: LaunchedServer, token: string): Promise<string> {
  const client = await connect(game, server.zoneUrl());
  await join(client, token);
  await until('it is closed', () => client.isClosed);
  return client.goodbye;
}

/** A body that the gateway refuses with that code. */
function session(sends: string, told: string, body: WireObject, headers: Record<string, string> = {}): Attack {
  return {
    sends,
    told,
    async run({ server }) {
      return { times: 1, told: await refusalOf(server, body, headers) };
    },
  };
}

async function refusalOf(server: LaunchedServer, body: WireObject, headers = {}): Promise<string> {
  return String(((await openSession(server.url(), body, headers)) as unknown as WireObject).error);
}

export const EDGE_ATTACKS: Readonly<Record<string, Attack | InProcess>> = {
  origin: {
    sends: 'the handshake of a page of another site',
    told: 'Unexpected server response: 401',
    async run({ server }) {
      const [error] = (await once(new WebSocket(server.zoneUrl(), { origin: EVIL }), 'error')) as [Error];
      return { times: 1, told: error.message };
    },
  },
  full: { inProcess: 'needs 2,048 players who joined: what is left for others runs out before' },
  door_full: {
    sends: 'nothing, by as many sockets as the door holds and three more',
    async run({ server }) {
      const sockets: Socket[] = [];
      for (let host = 0; host < STRANGERS_MAX / STRANGERS_PER_ADDRESS_MAX; host++) {
        sockets.push(...(await knock(server, `127.0.1.${host + 1}`, STRANGERS_PER_ADDRESS_MAX)));
      }
      const late = await knock(server, '127.0.2.1', 3);
      await until('those are closed', () => late.every(({ closed }) => closed));
      expect(sockets.filter(({ closed }) => closed).length).toBe(0);
      await leaveDoor(sockets);
      return { times: late.length };
    },
  },
  address: {
    sends: 'nothing, by as many sockets as one address may open and three more',
    async run({ server }) {
      const sockets = await knock(server, '127.0.3.1', STRANGERS_PER_ADDRESS_MAX + 3);
      await until('three are closed', () => sockets.filter(({ closed }) => closed).length >= 3);
      await leaveDoor(sockets);
      return { times: 3 };
    },
  },
  flood_second: {
    sends: '2,000 pings at once',
    also: ['edge.dropRate'],
    async run({ client }) {
      // The second that is counted begins with them.
      await sleep(1100);
      for (let sent = 0; sent < 2000; sent++) client.socket.ping();
      return { times: 1 };
    },
  },
  size: {
    sends: 'a frame of one byte more than the wire has',
    async run({ client }) {
      client.socket.send(Buffer.alloc(FRAME_BYTES_MAX + 1));
      return { times: 1 };
    },
  },
  type: {
    sends: 'three frames of text',
    async run({ client }) {
      for (let sent = 0; sent < 3; sent++) client.socket.send('{"inputs": []}');
      return { times: 3 };
    },
  },
  websocket: {
    sends: 'bytes that are no frame',
    ends: true,
    async run({ client }) {
      (client.socket as unknown as { readonly _socket: Socket })._socket.write(Uint8Array.of(0xf2, 0x7f, 0xff, 0xff));
      await until('it is closed', () => client.isClosed);
      return { times: 1 };
    },
  },
  frame_rate: {
    sends: '300 small frames at once',
    async run({ client }) {
      const ping = encodeToBytes(client.messages.clientMessage, { ping: { clientTimeMs: 5 } });
      return { times: await sendPings(client, 300, ping) };
    },
  },
  byte_rate: {
    sends: '40 large frames at once',
    async run({ client }) {
      // A ping that says its time five hundred times.
      const body = Array.from({ length: 500 }, () => [0x08, 0x05]).flat();
      const ping = Uint8Array.from([0x22, 0xe8, 0x07, ...body]);
      return { times: await sendPings(client, 40, ping) };
    },
  },
  request_rate: {
    sends: '40 requests at once',
    async run({ client }) {
      for (let id = 1; id <= 40; id++) send(client, { request: { id, note: { text: 'hi' } } });
      await settle(client);
      await untilLater(client);
      expect(client.responses.length).toBeGreaterThanOrEqual(REQUESTS_PER_SECOND_MAX);
      return { times: 40 - client.responses.length };
    },
  },
  decode: {
    sends: 'an input cut short, a field that nobody knows, and noise',
    async run({ client }) {
      const honest = encodeToBytes(client.messages.clientMessage, { inputs: [{ tick: nextTick(client), moveX: 5 }] });
      const unknown = Uint8Array.of(0x12, 0x02, 0x78, 0x01);
      for (const bytes of [honest.slice(0, -1), unknown, Buffer.alloc(64, 0xff)]) client.socket.send(bytes);
      return { times: 3 };
    },
  },
  inputs_per_frame: {
    sends: 'one input more than a frame holds',
    async run({ client }) {
      sendInputs(
        client,
        Array.from({ length: INPUTS_PER_FRAME_MAX + 1 }, () => ({})),
      );
      return { times: 1 };
    },
  },
  range: {
    sends: 'a move and a text beyond their fields',
    async run({ client }) {
      sendInputs(client, [{ moveX: 128 }]);
      send(client, { request: { id: 1, note: { text: 'x'.repeat(1025) } } });
      return { times: 2 };
    },
  },
  session: {
    sends: 'inputs before the welcome, and a second join',
    async run({ client, session: { token }, server }) {
      const early = await connect(game, server.zoneUrl());
      sendInputs(early, [{}]);
      await settle(early);
      expect(early.isClosed).toBe(false);
      await hangUp(early);
      send(client, joinMessage(client, token));
      return { times: 2 };
    },
  },
  version: {
    sends: 'a join of another version',
    told: 'protocol_version',
    async run({ server }) {
      const client = await connect(game, server.zoneUrl());
      const { join: honest } = joinMessage(client, '') as { join: WireObject };
      send(client, { join: { ...honest, protocolVersion: PROTOCOL_VERSION + 1 } });
      await until('it is closed', () => client.isClosed);
      return { times: 1, told: client.goodbye };
    },
  },
  token_forged: {
    sends: 'a token with a letter of its signature changed',
    told: 'token_invalid',
    async run({ server }) {
      const { token } = await openSession(server.url());
      const forged = token.slice(0, -2) + (token.at(-2) === 'A' ? 'B' : 'A') + token.at(-1);
      return { times: 1, told: await joinWith(server, forged) };
    },
  },
  token_used: {
    sends: 'the token it is in with',
    told: 'token_used',
    async run({ server, session: { token } }) {
      return { times: 1, told: await joinWith(server, token) };
    },
  },
  idle: {
    sends: 'nothing for fifteen seconds',
    told: 'idle',
    ends: true,
    async run({ client }) {
      await until('it is closed', () => client.isClosed);
      return { times: 1, told: client.goodbye };
    },
  },
  ack: inputs('acknowledgements of snapshots to come', [{ ackAge: 1 }, { ackAge: 1 }, { ackAge: 1 }]),
  ring: { inProcess: 'needs a zone that takes nothing for seconds, or two thousand players who all send at once' },
};

export const GATEWAY_ATTACKS: Readonly<Record<string, Attack | InProcess>> = {
  session_origin: session('a request from a page of another site', 'origin_refused', {}, { origin: EVIL }),
  session_rate: {
    sends: 'an eleventh guess at a password',
    told: 'rate_limited',
    async run({ server }) {
      const guess = { name: 'somebody', password: 'password1' };
      for (let failed = 0; failed < 10; failed++) expect(await refusalOf(server, guess)).toBe('bad_credentials');
      return { times: 1, told: await refusalOf(server, guess) };
    },
  },
  name: session('a name with a blank', 'bad_name', { name: 'a b' }),
  name_profanity: session('a profane name', 'name_refused', { name: 'xX_fuck_Xx' }),
  name_reserved: session('the name of who runs the server', 'name_refused', { name: 'The_Adm1n' }),
  name_twin: {
    sends: 'the name of somebody else with a 1 for an l',
    told: 'name_taken',
    async run({ server }) {
      expect((await openSession(server.url(), { name: 'Aldric' })).status).toBe(200);
      return { times: 1, told: await refusalOf(server, { name: 'A1dric_' }) };
    },
  },
};

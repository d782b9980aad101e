// Messages of a client that was let in, on their whole way: sealed, through the transport and the channels into the
// session layer, and what is left of them into a zone that ticks. What lies behind decryption must be as robust as what
// lies before it: whoever has a token can send anything.

import { TICK_MS } from '../../src/base/limits.ts';
import { createDatagrams, type Datagrams, flushDatagrams, receiveDatagram } from '../../src/session/datagrams.ts';
import { admitConnection, CLOSED, type Connection, PLAYING } from '../../src/session/edge.ts';
import { serveClients } from '../../src/session/serve.ts';
import { beginPacket, createChannels, endPacket, writeMessage } from '../../src/transport/channels/channels.ts';
import { DOWN, UP } from '../../src/transport/channels/directions.ts';
import { MESSAGE_BYTES_MAX, UNRELIABLE } from '../../src/transport/channels/packet.ts';
import { sendToServer } from '../../src/transport/client.ts';
import { PAYLOAD_BYTES_MAX } from '../../src/transport/layout.ts';
import { encodeToBytes, type WireObject } from '../../src/wire/codec.ts';
import { createSession, enter, JOIN, messages, type TestSession } from '../session/harness.ts';
import { connect, createLab, type LabClient, type LabServer, START_MS } from '../transport/lab.ts';
import { run as runZone } from '../zone/harness.ts';
import { type FuzzTarget, hold } from './target.ts';

/** Within the honest rate, so that messages are read. */
const RUN_MS = 20;
const RUNS_PER_TICK = 8;
const RUNS_PER_WORLD = 1_000;

interface World {
  readonly session: TestSession;
  readonly datagrams: Datagrams;
  readonly server: LabServer;
  readonly client: LabClient;
  /** Of who sends anything, and of who plays beside it. */
  readonly connection: Connection;
  readonly bystander: Connection;
  say(bytes: Uint8Array): void;
}

function createWorld(): World {
  const session = createSession();
  session.nowMs = START_MS;
  const lab = createLab(7);
  const server = lab.startServer();
  const datagrams = createDatagrams(session.edge, server.server, undefined);
  const client = connect(lab, server);
  const channels = createChannels(UP, DOWN, undefined, START_MS);
  const packet = new Uint8Array(PAYLOAD_BYTES_MAX);
  const say = (bytes: Uint8Array): void => {
    beginPacket(channels, packet, 0, session.nowMs);
    writeMessage(channels, UNRELIABLE, bytes, 0, bytes.length);
    const end = endPacket(channels, session.nowMs);
    if (end > 0) sendToServer(client.client, session.nowMs, packet, 0, end);
    for (const sent of client.take()) {
      receiveDatagram(datagrams, session.nowMs, client.address, 0, sent.bytes, 0, sent.bytes.length);
    }
    flushDatagrams(datagrams, session.nowMs);
    server.take();
  };
  const { connection: bystander } = enter(session, 500);
  // The first one opens the connection in the session layer.
  say(encodeToBytes(messages.clientMessage, { join: { token: 'token', ...JOIN } }));
  const { connection } = session.asked.at(-1)!;
  admitConnection(session.edge, connection, {
    epoch: 1,
    playerId: connection.link.playerId!,
    name: 'fuzz',
    saved: undefined,
  });
  const world = { session, datagrams, server, client, connection, bystander: bystander!, say };
  pass(world);
  hold(connection.state === PLAYING, 'it plays');
  return world;
}

/** The test game breaks when it is asked to, which a mutation may find: that is no finding. */
function passUnlessAskedTo(world: World): boolean {
  try {
    pass(world);
    return true;
  } catch (error) {
    if ((error as Error).message !== 'the game is faulty') throw error;
    return false;
  }
}

function pass({ session, datagrams, server }: World): void {
  runZone(session.zone);
  session.nowMs += TICK_MS;
  datagrams.nowMs = session.nowMs;
  serveClients(session.edge, session.nowMs);
  flushDatagrams(datagrams, session.nowMs);
  server.take();
}

function seeds(): Uint8Array[] {
  const says: WireObject[] = [
    { ping: { clientTimeMs: 5 } },
    { inputs: [{ tick: 4, ackAge: 2, moveX: 3, claimedX: 1, claimedY: 2, claimedZ: 3, pitch: 9 }, { tick: 5 }] },
    { request: { id: 1, pay: { amount: 2 } } },
    { request: { id: 2, shout: { text: 'grüße' } } },
    { join: { token: 'token', ...JOIN } },
  ];
  return says.map((message) => encodeToBytes(messages.clientMessage, message));
}

export function sessionTarget(): FuzzTarget {
  let world = createWorld();
  let runs = 0;
  return {
    name: 'a client’s messages, from the seal to the zone',
    seeds: seeds(),
    run(bytes) {
      if (bytes.length === 0 || bytes.length > MESSAGE_BYTES_MAX) return;
      if (runs++ % RUNS_PER_WORLD === 0 || world.connection.state === CLOSED) world = createWorld();
      world.session.nowMs += RUN_MS;
      world.say(bytes);
      if (runs % RUNS_PER_TICK === 0 && !passUnlessAskedTo(world)) world = createWorld();
      const { connection, bystander } = world;
      hold(connection.state === PLAYING || connection.state === CLOSED, `state ${connection.state}`);
      hold(bystander.state === PLAYING, 'somebody else was thrown out');
    },
  };
}

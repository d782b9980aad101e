// A client of a real node over loopback: soon after it joined it has keys of its own, and when its packets come from
// another port, because it opened another socket or because something on the way changed it, it plays on.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readMetrics, type ServerProcess, startServer } from '../../bench/server.ts';
import { createClient, startClient, stopClient } from '../../src/client/client.ts';
import {
  createDatagramSocket,
  type DatagramSocket,
  receiveDatagram,
  updateDatagramSocket,
} from '../../src/client/datagram-socket.ts';
import { createGuestSecret, createSessionRequest } from '../../src/client/session.ts';
import { type Client, PLAYING } from '../../src/client/state.ts';
import { game } from '../../src/game/game.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { createNodeKeyExchange } from '../../src/io/key-exchange-node.ts';
import { systemClock } from '../../src/io/system.ts';
import { openUdp } from '../../src/io/udp.ts';
import { ADDRESS_WORDS } from '../../src/transport/address.ts';
import { TOKEN_ID } from '../../src/transport/bound-packet.ts';
import { createOutbox, OUTBOX_STRIDE } from '../../src/transport/outbox.ts';
import { createPacketBatch, type UdpSocket } from '../../src/transport/udp-port.ts';
import { postJson } from '../../tools/swarm/swarm.ts';

const WAIT_MS = 20_000;
let server: ServerProcess;

beforeAll(async () => {
  server = await startServer();
}, 60_000);

afterAll(async () => {
  expect(await server.stop()).toBe(0);
});

interface Player {
  readonly client: Client;
  readonly datagrams: () => DatagramSocket;
  /** Packets leave by another port from now on. */
  changePort(): Promise<void>;
  run(ms: number, until?: () => boolean): Promise<void>;
  end(): void;
}

async function createPlayer(): Promise<Player> {
  const openPort = (): Promise<UdpSocket> => openUdp({ host: '127.0.0.1', port: 0 });
  const aead = createSodiumAead();
  const outbox = createOutbox(64, () => {});
  let udp = await openPort();
  let socket: DatagramSocket | undefined;
  const client = createClient({
    game,
    requestSession: createSessionRequest({
      post: postJson,
      baseUrl: server.url,
      secret: createGuestSecret(),
      transport: 'udp',
    }),
    openSocket(session, events) {
      const token = session.connectToken!;
      const keyExchange = createNodeKeyExchange();
      socket = createDatagramSocket({ aead, keyExchange, token, outbox, clock: systemClock, events });
      return socket;
    },
    clock: systemClock,
    random: () => 0.5,
    interpolate: false,
    repeatInputs: 3,
  });
  const send = (): void => {
    const batch = createPacketBatch(64, OUTBOX_STRIDE);
    batch.bytes.set(outbox.bytes);
    batch.lengths.set(outbox.lengths);
    batch.addresses.set(outbox.addresses);
    batch.count = outbox.count;
    outbox.count = 0;
    if (batch.count > 0) udp.send(batch);
  };
  const receive = (): void => {
    const { incoming } = udp;
    const stride = incoming.bytes.length / incoming.capacity;
    const count = udp.receive();
    for (let index = 0; index < count; index++) {
      const from = index * stride;
      const end = from + incoming.lengths[index]!;
      receiveDatagram(socket!, incoming.addresses, index * ADDRESS_WORDS, incoming.bytes, from, end);
    }
  };
  return {
    client,
    datagrams: () => socket!,
    async changePort() {
      udp.close();
      udp = await openPort();
    },
    async run(ms, until = () => false) {
      for (const endMs = systemClock.now() + ms; systemClock.now() < endMs && !until(); ) {
        client.update(systemClock.now());
        if (socket !== undefined) {
          receive();
          updateDatagramSocket(socket);
        }
        send();
        await sleep(2);
      }
    },
    end() {
      stopClient(client);
      send();
      udp.close();
    },
  };
}

async function counted(name: string): Promise<number> {
  const { values } = await readMetrics(server.url);
  return [...values].reduce((sum, [key, value]) => (key.startsWith(`darkages_udp_${name}`) ? sum + value : sum), 0);
}

test('keys are renewed while it plays, and a change of its port costs it no connection, told or not', async () => {
  const player = await createPlayer();
  const { client } = player;
  startClient(client, systemClock.now());
  client.intent.moveX = 127;
  await player.run(
    WAIT_MS,
    () => client.state === PLAYING && player.datagrams().transport.rekey!.current.id !== TOKEN_ID,
  );
  expect(player.datagrams().transport.rekey!.current.id).not.toBe(TOKEN_ID);
  await player.run(1000);
  for (const isTold of [true, false]) {
    const before = client.stats.snapshots;
    await player.run(WAIT_MS, () => client.stats.snapshots > before + 5);
    await player.changePort();
    if (isTold) expect(player.datagrams().migrate()).toBe(true);
    const changed = client.stats.snapshots;
    await player.run(WAIT_MS, () => client.stats.snapshots > changed + 20);
    expect(client.stats.snapshots).toBeGreaterThan(changed + 20);
    expect([client.state, client.stats.reconnects]).toEqual([PLAYING, 0]);
  }
  await player.run(500);
  player.end();
  expect([await counted('moves_total'), await counted('rekeys_total')]).toEqual([2, 1]);
}, 90_000);

// A socket that was invited to a rendezvous: it asks the point beside connecting, keeps the two apart, and stops asking
// when it is connected.

import { expect, test } from 'vitest';
import { createManualClock } from '../../src/base/clock.ts';
import { createDatagramSocket, receiveDatagram, updateDatagramSocket } from '../../src/client/datagram-socket.ts';
import { COUNT } from '../../src/transport/counts.ts';
import { ASK, isRendezvous } from '../../src/transport/rendezvous/layout.ts';
import { CONNECTED } from '../../src/transport/states.ts';
import { clientAddress, createLab, createMailbox, type Packet, SERVER_ADDRESS, START_MS } from '../transport/lab.ts';
import { createWorld, POINT_ADDRESS } from '../transport/rendezvous/lab.ts';

test('it asks the point and the server at once, and the point no more when it is in', () => {
  const lab = createLab(3);
  const server = lab.startServer();
  const clock = createManualClock(START_MS);
  const { outbox, take } = createMailbox();
  const events = { opened: () => {}, received: () => {}, closed: () => {} };
  const invitation = createWorld(4).invite();
  const socket = createDatagramSocket({ aead: lab.aead, token: lab.mint(), invitation, outbox, clock, events });
  const isForPoint = ({ bytes }: Packet): boolean => isRendezvous(bytes[0]);
  let packets = take();
  expect(packets.filter(isForPoint).map(({ bytes, address }) => [bytes[0], address])).toEqual([[ASK, POINT_ADDRESS]]);
  expect(packets.length).toBe(2);

  receiveDatagram(socket, POINT_ADDRESS, 0, new Uint8Array(118).fill(ASK), 0, 118);
  expect(socket.transport.counts[COUNT.packetsIn], 'not a packet of netcode').toBe(0);
  clock.advance(600);
  updateDatagramSocket(socket);
  packets.push(...take());
  expect(packets.filter(isForPoint).length).toBe(2);

  for (let round = 0; round < 4; round++) {
    for (const packet of packets) if (!isForPoint(packet)) server.receive(clock.now(), clientAddress(1), packet.bytes);
    for (const { bytes } of server.take()) receiveDatagram(socket, SERVER_ADDRESS, 0, bytes, 0, bytes.length);
    packets = take();
  }
  expect(socket.transport.state).toBe(CONNECTED);
  clock.advance(600);
  updateDatagramSocket(socket);
  expect(take().filter(isForPoint)).toEqual([]);
});

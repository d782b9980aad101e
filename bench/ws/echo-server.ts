// The server of echo.bench.ts: one adapter, or plain `ws`, which sends back what comes. Run by the Node that uWebSockets.js
// needs, whichever it is. Told nothing; asked by any message, it says what CPU time it has used and how many messages it has echoed.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { SocketEvents, SocketLink, SocketServer } from '../../src/io/websocket-port.ts';
import { listenUws, loadUws } from '../../src/io/websocket-uws.ts';
import { listenWs } from '../../src/io/websocket-ws.ts';
import { UWS_MODULE } from './uws.ts';

export interface EchoUsage {
  readonly cpuMicros: number;
  readonly echoed: number;
}

let echoed = 0;
const events: SocketEvents<object, SocketLink> = {
  isOriginAllowed: () => true,
  refused: () => {},
  arrived: () => ({}),
  left: () => {},
  open: (link) => link,
  frame(link, bytes) {
    echoed++;
    link.send(bytes, true);
  },
  textFrame: () => {},
  controlFrame: () => true,
  brokenFrame: () => {},
  closed: () => {},
};

/** As the documentation of `ws` has it. */
async function listenPlain(): Promise<{ readonly port: number }> {
  const plain = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  plain.on('connection', (socket) => {
    socket.on('message', (bytes: Buffer) => {
      echoed++;
      socket.send(bytes);
    });
  });
  await once(plain, 'listening');
  return { port: (plain.address() as AddressInfo).port };
}

async function listen(kind: string | undefined): Promise<Pick<SocketServer, 'port'>> {
  if (kind === 'plain') return listenPlain();
  if (kind === 'ws') return listenWs('127.0.0.1', 0, events);
  const uws = await loadUws(UWS_MODULE);
  if (typeof uws === 'string') throw new Error(`uWebSockets.js ${uws}`);
  return listenUws(uws, '127.0.0.1', 0, events);
}

const server = await listen(process.argv[2]);
process.send?.(server.port);
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMicros: user + system, echoed } satisfies EchoUsage);
});
process.on('disconnect', () => process.exit());

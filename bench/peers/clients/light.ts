// What a light client is, and how it opens its socket. Runs in the process of the clients.

import WebSocket from 'ws';
import type { Input } from '../workload.ts';

export interface Counts {
  snapshots: number;
  /** Payloads of WebSocket messages. */
  bytesDown: number;
  bytesUp: number;
}

export interface PeerClient {
  send(input: Input): void;
}

/** Resolves when the server has taken the client in. */
export type Connect = (url: string, index: number, counts: Counts) => Promise<PeerClient>;

/** A lost connection ends the run: its figures would be of fewer players than it says. */
function failOnLoss(socket: WebSocket, index: number): void {
  socket.on('close', (code) => {
    process.stderr.write(`client ${index} was closed with ${code}\n`);
    process.exit(1);
  });
}

export async function openSocket(url: string, index: number): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  failOnLoss(socket, index);
  return socket;
}

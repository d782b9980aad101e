// A light client of nengi 1.27: its frames by hand, as nengi's own client doesn't run on this Node. All fields are whole
// bytes, low ones first. A frame up is chunks, each a number and what belongs to it; of a snapshot only the ping is read,
// which nengi's client answers each time.

import type { Input } from '../workload.ts';
import { type Counts, openSocket, type PeerClient } from './light.ts';

const CHUNK = { clientTick: 0, ping: 1, pong: 2, commands: 14, handshake: 19, connectionResponse: 20 } as const;
/** Of the protocols in the server's configuration the second one. */
const COMMAND_TYPE = 1;
const COMMANDS_BYTES = 14;
/** A snapshot begins with the chunk of the client's tick, 5 bytes. */
const PING_AT = 5;

export async function connect(url: string, index: number, counts: Counts): Promise<PeerClient> {
  const socket = await openSocket(url, index);
  const send = (bytes: Buffer): void => {
    counts.bytesUp += bytes.length;
    socket.send(bytes);
  };
  const accepted = Promise.withResolvers<void>();
  socket.on('message', (data: Buffer) => {
    counts.bytesDown += data.length;
    if (data[0] === CHUNK.connectionResponse) return accepted.resolve();
    counts.snapshots++;
    if (data[PING_AT] === CHUNK.ping) send(Buffer.from([CHUNK.pong, data[PING_AT + 1]!]));
  });
  const handshake = JSON.stringify({ index });
  const bytes = Buffer.alloc(5 + handshake.length);
  bytes.writeUInt8(CHUNK.handshake, 0);
  bytes.writeUInt32LE(handshake.length, 1);
  bytes.write(handshake, 5);
  send(bytes);
  await accepted.promise;
  let tick = 0;
  return { send: (input) => send(writeCommand(tick++, input)) };
}

function writeCommand(tick: number, { moveX, moveZ, aim, buttons }: Input): Buffer {
  const bytes = Buffer.allocUnsafe(COMMANDS_BYTES);
  bytes.writeUInt8(CHUNK.clientTick, 0);
  bytes.writeUInt32LE(tick, 1);
  bytes.writeUInt8(CHUNK.commands, 5);
  bytes.writeUInt16LE(1, 6);
  bytes.writeUInt8(COMMAND_TYPE, 8);
  bytes.writeInt8(moveX, 9);
  bytes.writeInt8(moveZ, 10);
  bytes.writeUInt16LE(aim & 0xffff, 11);
  bytes.writeUInt8(buttons, 13);
  return bytes;
}

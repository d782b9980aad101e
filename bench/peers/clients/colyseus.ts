// A light client of Colyseus 0.18: its own client library joins and sends the inputs; patches of the state are counted
// and not decoded, which the library would do.

import { Client } from '@colyseus/sdk';
import type { Input } from '../workload.ts';
import type { Counts, PeerClient } from './light.ts';

/** Of a frame's first byte; the bits above are modifiers. */
const CODE_MASK = 0x1f;
const ROOM_STATE_PATCH = 15;
const LEAVE_NORMAL = 1000;

export async function connect(url: string, index: number, counts: Counts): Promise<PeerClient> {
  const room = await new Client(url).joinOrCreate('field', { index });
  const { connection } = room;
  const { onmessage } = connection.events;
  connection.events.onmessage = (event) => {
    counts.bytesDown += event.data.byteLength;
    if ((new Uint8Array(event.data, 0, 1)[0]! & CODE_MASK) === ROOM_STATE_PATCH) counts.snapshots++;
    else onmessage!(event);
  };
  const { transport } = connection;
  const send = transport.send;
  transport.send = (data) => {
    counts.bytesUp += data.byteLength;
    send.call(transport, data);
  };
  room.onLeave((code) => {
    if (code === LEAVE_NORMAL) return;
    process.stderr.write(`client ${index} was closed with ${code}\n`);
    process.exit(1);
  });
  const input = room.input<Input>();
  return {
    send({ moveX, moveZ, aim, buttons }) {
      Object.assign(input.data, { moveX, moveZ, aim: aim & 0xffff, buttons });
      input.send();
    },
  };
}

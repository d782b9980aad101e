// A light client of plain `ws`: it writes its inputs with the server's codec and counts the snapshots.

import type { Codec } from '../codecs.ts';
import { type Connect, openSocket } from './light.ts';

export function connectWs(codec: Codec): Connect {
  return async (url, index, counts) => {
    const socket = await openSocket(`${url}/?index=${index}`, index);
    socket.on('message', (data: Buffer) => {
      counts.snapshots++;
      counts.bytesDown += data.length;
    });
    let sequence = 0;
    return {
      send(input) {
        const message = codec.writeInput(++sequence, input);
        counts.bytesUp += message.length;
        socket.send(message);
      },
    };
  };
}

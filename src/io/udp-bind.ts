// What every UDP socket is opened with, and the error when it can't be. Any thread.

import { ServerError } from '../base/errors.ts';

export interface UdpBinding {
  /** An IP address; `::` takes IPv4 as well. */
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Packets in `incoming`, at least: as many are taken in one call. */
  readonly batchPackets: number;
  /** Longer packets are counted and thrown away. */
  readonly packetBytesMax: number;
  readonly hasLocals: boolean;
  /** Asked for each of the two buffers; the system may grant less. */
  readonly bufferBytes: number;
  readonly isUncut?: boolean;
}

/** @param code the system's name of the error, such as EADDRINUSE. */
export function bindFailure({ address, port }: UdpBinding, code: string, cause?: unknown): ServerError {
  const where = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  if (code === 'EADDRINUSE') {
    return new ServerError(
      'DARKAGES_EDGE_PORT_IN_USE',
      `UDP port ${port} on ${address} is in use; stop what uses it or choose another with --port.`,
      { cause },
    );
  }
  return new ServerError('DARKAGES_LISTEN_FAILED', `Cannot open a UDP socket at ${where}: ${code}.`, { cause });
}

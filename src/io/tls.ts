// TLS as every listener of a node speaks it: 1.3 alone, with a post-quantum key exchange for those who can. Main thread
// and edge threads. The page has a port for it; an edge takes it at the port where it takes plain connections, so that
// a page on http://localhost goes on working.

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';
import { assert } from '../base/assert.ts';

/** PEM texts, handed to edge threads as they are. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  /** Refuses a client that can't do X25519MLKEM768. */
  readonly requirePq: boolean;
}

export interface TlsDoor {
  /** The socket that was accepted, of one that came by it: itself, or the one inside TLS. */
  accepted(socket: Socket): Socket;
  /** Ends those that have not sent a byte. */
  closeSilent(): void;
}

/** First byte of a TLS connection: a handshake record. No HTTP method begins with it. */
const HANDSHAKE_RECORD = 0x16;

export function tlsSettings({ cert, key, requirePq }: TlsIdentity): SecureContextOptions {
  return { cert, key, minVersion: 'TLSv1.3', ecdhCurve: requirePq ? 'X25519MLKEM768' : 'auto' };
}

/**
 * Lets a server of plain HTTP take TLS too: the first byte says which. The server's own time for a request's headers
 * includes the handshake; `silentMs` is the time for that byte.
 */
export function acceptTlsToo(server: Server, identity: TlsIdentity, silentMs: number): TlsDoor {
  const secureContext = createSecureContext(tlsSettings(identity));
  const insides = new WeakMap<Socket, Socket>();
  const silent = new Set<Socket>();
  const [serve, ...others] = server.listeners('connection') as ((socket: Socket) => void)[];
  assert(serve !== undefined && others.length === 0, 'a new HTTP server listens to its connections itself, alone');
  server.removeListener('connection', serve);

  const begin = (tcp: Socket): void => {
    const first = tcp.read(1) as Buffer | null;
    if (first === null) {
      tcp.destroy();
      return;
    }
    tcp.unshift(first);
    tcp.setTimeout(0);
    silent.delete(tcp);
    const isTls = first[0] === HANDSHAKE_RECORD;
    const socket = isTls ? new TLSSocket(tcp, { isServer: true, secureContext }) : tcp;
    if (isTls) insides.set(socket, tcp);
    serve.call(server, socket);
  };
  server.on('connection', (tcp: Socket) => {
    silent.add(tcp);
    tcp.setTimeout(silentMs, () => tcp.destroy());
    tcp.once('close', () => silent.delete(tcp));
    // A broken connection closes, and that is all there is to say.
    tcp.on('error', () => {});
    tcp.once('readable', () => begin(tcp));
  });
  return {
    accepted: (socket) => insides.get(socket) ?? socket,
    closeSilent() {
      for (const tcp of silent) tcp.destroy();
    },
  };
}

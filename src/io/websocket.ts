// Which WebSocket server an edge uses: uWebSockets.js where it is installed and runs on this Node, since it takes little
// more than half the CPU time (bench/ws), else `ws`. Main thread chooses, edge threads listen.

import { ServerError } from '../base/errors.ts';
import type { TlsIdentity } from './tls.ts';
import type { SocketEvents, SocketServer } from './websocket-port.ts';
import { listenUws, loadUws } from './websocket-uws.ts';

export type WebSocketAdapter = 'ws' | 'uws';

export interface WebSocketChoice {
  readonly adapter: WebSocketAdapter;
  /** For the operator, where something other than was hoped for was chosen. */
  readonly note: string | undefined;
}

export interface ListenOptions {
  readonly adapter: WebSocketAdapter;
  readonly host: string;
  readonly port: number;
  readonly tls: TlsIdentity | undefined;
}

const INSTALL = 'npm install --no-save "uWebSockets.js@npm:uws-pack@20.0.8"';

/**
 * @param specifier for tests: another place to load uWebSockets.js from
 * @throws ServerError when uws is asked for and can't be had.
 */
export async function chooseWebSocket(
  asked: 'auto' | WebSocketAdapter,
  hasTls: boolean,
  specifier?: string,
): Promise<WebSocketChoice> {
  if (asked === 'ws') return { adapter: 'ws', note: undefined };
  // It can't tell TLS from plain connections at one port; configuration refuses to be asked for both.
  if (asked === 'auto' && hasTls) return { adapter: 'ws', note: undefined };
  const uws = await loadUws(specifier);
  if (typeof uws !== 'string') return { adapter: 'uws', note: undefined };
  if (asked === 'auto') return { adapter: 'ws', note: `WebSocket by ws: uWebSockets.js ${uws}` };
  const text = `--ws uws: uWebSockets.js ${uws}; ${INSTALL} brings one for Node 20 and 22, or leave --ws out.`;
  throw new ServerError('DARKAGES_CONFIG_INVALID', text);
}

/** Resolves when it listens; rejects with a ServerError that says what to do. */
export async function listenWebSocket<Guest, Connection>(
  { adapter, host, port, tls }: ListenOptions,
  events: SocketEvents<Guest, Connection>,
): Promise<SocketServer> {
  if (adapter === 'ws') {
    // Only here: the main thread, which chooses, doesn't need it.
    const { listenWs } = await import('./websocket-ws.ts');
    return listenWs(host, port, events, tls);
  }
  const uws = await loadUws();
  if (typeof uws !== 'string') return listenUws(uws, host, port, events);
  throw new ServerError('DARKAGES_LISTEN_FAILED', `uWebSockets.js ${uws}; leave --ws out to do without.`);
}

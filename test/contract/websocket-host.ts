// A WebSocket server of one adapter in a process of its own, for its contract: uWebSockets.js needs another Node than the
// tests. Started by websocket.test.ts with the adapter and the module to load; told what to do and asked what it has
// seen by messages. It answers each, in order.

import type { SocketEvents, SocketLink, SocketServer } from '../../src/io/websocket-port.ts';
import { listenUws, loadUws } from '../../src/io/websocket-uws.ts';
import { listenWs } from '../../src/io/websocket-ws.ts';

/** How the session layer behaves. */
export interface HostRules {
  readonly port?: number;
  readonly guestsMax?: number;
  readonly isFull?: boolean;
  /** Sends each binary frame back. */
  readonly echoes?: boolean;
}

export type HostOrder =
  | { readonly what: 'listen'; readonly rules: HostRules }
  | { readonly what: 'stop' }
  | { readonly what: 'seen' }
  /** To the connection of that number, by the order in which they came. */
  | {
      readonly what: 'send';
      readonly link: number;
      readonly bytes: number;
      readonly fill: number;
      readonly times?: number;
    }
  | { readonly what: 'holdUp'; readonly link: number; readonly ms: number }
  | { readonly what: 'close'; readonly link: number };

export interface HostSeen {
  /** Addresses of those that are there. */
  readonly guests: string[];
  /** Lengths, and what all their bytes are; −1 where they differ. */
  readonly frames: [length: number, fill: number][];
  readonly backlogs: number[];
  inputsPerFrame: number;
  texts: number;
  controls: number;
  controlBytes: number;
  closed: number;
  refused: string[];
  broken: string[];
}

interface Guest {
  readonly address: string;
}

const [adapter, uwsModule] = process.argv.slice(2);
let server: SocketServer | undefined;
let links: SocketLink[] = [];
let guests = new Set<Guest>();
let seen = createSeen();

function createSeen(): HostSeen {
  return {
    guests: [],
    frames: [],
    backlogs: [],
    inputsPerFrame: 0,
    texts: 0,
    controls: 0,
    controlBytes: 0,
    closed: 0,
    refused: [],
    broken: [],
  };
}

function createEvents(rules: HostRules): SocketEvents<Guest, SocketLink> {
  return {
    isOriginAllowed: (origin, host) => origin === undefined || (origin === 'http://good.example' && host !== undefined),
    refused: (reason) => void seen.refused.push(reason),
    arrived(address) {
      if (guests.size >= (rules.guestsMax ?? Number.POSITIVE_INFINITY)) return undefined;
      const guest = { address };
      guests.add(guest);
      return guest;
    },
    left: (guest) => void guests.delete(guest),
    open(link) {
      if (rules.isFull === true) return undefined;
      links.push(link);
      return link;
    },
    frame(link, bytes) {
      const fill = bytes[0] ?? 0;
      seen.frames.push([bytes.length, bytes.every((byte) => byte === fill) ? fill : -1]);
      if (rules.echoes === true) link.send(bytes, true);
    },
    textFrame(_, bytes) {
      seen.texts += bytes;
    },
    controlFrame(_, bytes) {
      seen.controls++;
      seen.controlBytes += bytes;
      return true;
    },
    brokenFrame: (_, isTooLarge) => void seen.broken.push(isTooLarge ? 'too large' : 'malformed'),
    closed: () => void seen.closed++,
  };
}

async function listen(rules: HostRules): Promise<number> {
  links = [];
  guests = new Set();
  seen = createSeen();
  const events = createEvents(rules);
  const port = rules.port ?? 0;
  if (adapter === 'ws') server = await listenWs('127.0.0.1', port, events);
  else {
    const uws = await loadUws(uwsModule);
    if (typeof uws === 'string') throw new Error(`uWebSockets.js ${uws}`);
    server = await listenUws(uws, '127.0.0.1', port, events);
  }
  return server.port;
}

/** What is sent is written over at once: the bytes are the caller's again. */
function send(link: SocketLink, bytes: number, fill: number, times = 1): void {
  const message = new Uint8Array(bytes);
  for (let sent = 0; sent < times; sent++) {
    message.fill(fill);
    link.send(message, true);
    message.fill(0xee);
  }
}

async function obey(order: HostOrder): Promise<unknown> {
  switch (order.what) {
    case 'listen':
      return listen(order.rules);
    case 'stop':
      await server?.close();
      server = undefined;
      return undefined;
    case 'seen':
      seen.inputsPerFrame = links[0]?.inputsPerFrame ?? 0;
      return {
        ...seen,
        guests: [...guests].map(({ address }) => address),
        backlogs: links.map((link) => link.backlogBytes()),
      };
    case 'send':
      return send(links[order.link]!, order.bytes, order.fill, order.times);
    case 'holdUp':
      return links[order.link]!.holdUp(order.ms);
    case 'close':
      return links[order.link]!.close();
  }
}

async function answer(order: HostOrder): Promise<void> {
  try {
    process.send?.({ value: await obey(order) });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    process.send?.({ error: { code, message } });
  }
}

process.on('message', (order: HostOrder) => void answer(order));
process.on('disconnect', () => process.exit());

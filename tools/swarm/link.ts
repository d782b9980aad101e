// A slow and lossy line between a bot and the server, simulated at the bot. Seeded; time passes in `updateLine`. Over
// WebSocket it carries messages and behaves like the TCP below it: nothing is lost or out of order, but a "lost" message
// comes later, by the time a sender takes to notice and send again, and holds back those behind it. Over UDP it carries
// datagrams (udp-host.ts): a lost one is gone, and one that is quicker overtakes.

import type { Random } from '../../src/base/random.ts';
import type { OpenSocket, Socket } from '../../src/client/ports.ts';

export interface LinkConditions {
  /** Of a round trip; half of it each way. */
  readonly latencyMs: number;
  /** By how much a round trip differs, from this shorter to this longer; each way by half. */
  readonly jitterMs: number;
  /** Share of messages or datagrams lost, each way. */
  readonly lossShare: number;
}

/** One direction. */
export interface Line {
  readonly kind: 'stream' | 'datagrams';
  readonly conditions: LinkConditions;
  readonly random: Random;
  readonly waiting: { readonly dueMs: number; readonly deliver: () => void }[];
  /** Of a stream: when what went in last comes out. */
  newestDueMs: number;
}

export interface Link {
  readonly open: OpenSocket;
  /** Whether what is sent can be told when to leave (UdpHost.leaveAt). */
  canSendAhead?(): boolean;
  /** Set by its bot: reads what the bot uses when a packet has come (touch.ts). */
  touch?: () => void;
  update(nowMs: number): void;
}

/** A sender sends again when two round trips brought no acknowledgement (Linux's tail loss probe), at the earliest then. */
const RESEND_MS_MIN = 10;
/** Lost again and again: after so many times it gets through. */
const LOSSES_MAX = 8;

export function createLine(conditions: LinkConditions, random: Random, kind: Line['kind'] = 'stream'): Line {
  return { kind, conditions, random, waiting: [], newestDueMs: 0 };
}

/** Whether what goes in comes out at once. */
export function isPerfect({ latencyMs, jitterMs, lossShare }: LinkConditions): boolean {
  return latencyMs === 0 && jitterMs === 0 && lossShare === 0;
}

/** Something goes into the line; it comes out, by its `deliver`, at once or in a later `updateLine`. */
export function sendOnLine(line: Line, nowMs: number, deliver: () => void): void {
  const { conditions, random } = line;
  if (isPerfect(conditions)) {
    deliver();
    return;
  }
  const { latencyMs, jitterMs, lossShare } = conditions;
  let delayMs = Math.max(0, latencyMs / 2 + (random.fraction() - 0.5) * jitterMs);
  if (line.kind === 'datagrams') {
    if (random.fraction() >= lossShare) wait(line, nowMs + delayMs, deliver);
    return;
  }
  const resendMs = Math.max(RESEND_MS_MIN, 2 * latencyMs);
  for (let losses = 0; losses < LOSSES_MAX && random.fraction() < lossShare; losses++) delayMs += resendMs;
  line.newestDueMs = Math.max(line.newestDueMs, nowMs + delayMs);
  wait(line, line.newestDueMs, deliver);
}

/** By due time; of two at once the first stays first. */
function wait({ waiting }: Line, dueMs: number, deliver: () => void): void {
  let place = waiting.length;
  while (place > 0 && waiting[place - 1]!.dueMs > dueMs) place--;
  waiting.splice(place, 0, { dueMs, deliver });
}

export function updateLine(line: Line, nowMs: number): void {
  const { waiting } = line;
  while (waiting.length > 0 && waiting[0]!.dueMs <= nowMs) waiting.shift()!.deliver();
}

/** Puts a line each way before every socket that `open` makes. Connecting takes a round trip, as over TCP. */
export function createLink(open: OpenSocket, conditions: LinkConditions, random: Random, now: () => number): Link {
  let lines: readonly Line[] = [];
  return {
    open(session, events) {
      const up = createLine(conditions, random);
      const down = createLine(conditions, random);
      lines = [up, down];
      let isClosed = false;
      const arrive = (event: () => void): void =>
        sendOnLine(down, now(), () => {
          if (!isClosed) event();
        });
      const socket: Socket = open(session, {
        opened: () => sendOnLine(up, now(), () => arrive(() => events.opened())),
        received: (bytes) => {
          // The bytes are the socket's again after this call; what waits needs its own.
          const kept = isPerfect(conditions) ? bytes : bytes.slice();
          arrive(() => events.received(kept));
        },
        closed: (reason) => arrive(() => events.closed(reason)),
      });
      return {
        send(bytes, isReliable) {
          const kept = bytes.slice();
          sendOnLine(up, now(), () => {
            if (!isClosed) socket.send(kept, isReliable);
          });
        },
        close() {
          isClosed = true;
          socket.close();
        },
      };
    },
    update(nowMs) {
      for (const line of lines) updateLine(line, nowMs);
    },
  };
}

/**
 * The socket of a link whose connection comes later, or is gone. Deliberate: a class. An object with a getter of its own
 * has a shape of its own, and with hundreds of shapes each call is looked up anew.
 */
export class LinkSocket implements Socket {
  readonly send: Socket['send'];
  readonly close: Socket['close'];
  private readonly inner: () => Socket | undefined;

  constructor({ send, close, inner }: Pick<Socket, 'send' | 'close'> & { inner: () => Socket | undefined }) {
    this.send = send;
    this.close = close;
    this.inner = inner;
  }

  get line(): Socket['line'] {
    return this.inner()?.line;
  }

  spareBytes(): number {
    return this.inner()?.spareBytes?.() ?? 0;
  }
}

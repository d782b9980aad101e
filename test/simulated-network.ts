// One direction of a network between a client and a server, for tests without sockets: delay, jitter, loss and
// reordering drawn from a seed; the same seed gives the same run. As datagrams, lost ones are gone and a later one may
// overtake; as a stream (TCP, so WebSocket), a lost one is sent again a round trip later and everything behind it waits.

import type { Random } from '../src/base/random.ts';

export interface LineOptions {
  readonly kind: 'datagrams' | 'stream';
  /** One way. */
  readonly latencyMs: number;
  /** Added and taken away, evenly distributed. */
  readonly jitterMs: number;
  /** 0 … 1 */
  readonly loss: number;
}

export interface Line {
  send(nowMs: number, bytes: Uint8Array): void;
  /** Hands over what has arrived by now, in the order of arrival. */
  deliver(nowMs: number, take: (bytes: Uint8Array) => void): void;
  /** Loses everything on the way. */
  cut(): void;
}

interface InFlight {
  readonly arrivesMs: number;
  readonly bytes: Uint8Array;
}

export const PERFECT_LINE: LineOptions = { kind: 'stream', latencyMs: 0, jitterMs: 0, loss: 0 };

export function createLine(random: Random, options: LineOptions): Line {
  const { kind, latencyMs, jitterMs, loss } = options;
  const inFlight: InFlight[] = [];
  let newestMs = 0;
  return {
    send(nowMs, bytes) {
      let arrivesMs = nowMs + latencyMs + (random.fraction() * 2 - 1) * jitterMs;
      if (kind === 'stream') {
        while (random.fraction() < loss) arrivesMs += 2 * latencyMs;
        arrivesMs = Math.max(arrivesMs, newestMs);
        newestMs = arrivesMs;
      } else if (random.fraction() < loss) return;
      let place = inFlight.length;
      while (place > 0 && inFlight[place - 1]!.arrivesMs > arrivesMs) place--;
      inFlight.splice(place, 0, { arrivesMs, bytes: bytes.slice() });
    },
    deliver(nowMs, take) {
      while (inFlight.length > 0 && inFlight[0]!.arrivesMs <= nowMs) take(inFlight.shift()!.bytes);
    },
    cut() {
      inFlight.length = 0;
    },
  };
}

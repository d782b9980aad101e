// What the client library needs, made from what a browser has: WebSocket, fetch, localStorage, the clock. Browser main
// thread; only adapters, nothing is decided here.

import type { OpenSocket, PostJson } from '../client/ports.ts';
import type { GuestSecret } from '../client/session.ts';

export const browserClock = { now: (): number => performance.now() };

export const openBrowserSocket: OpenSocket = ({ url }, events) => {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => events.opened();
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (data instanceof ArrayBuffer) events.received(new Uint8Array(data));
  };
  socket.onclose = () => events.closed();
  return {
    send(bytes) {
      // The socket copies them; a view of part of a buffer is sent as that part.
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes as Uint8Array<ArrayBuffer>);
    },
    close() {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    },
  };
};

const POST_TIMEOUT_MS = 6_000;

export const postJson: PostJson = async (url, body, key) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(POST_TIMEOUT_MS),
  });
  const { status, headers } = response;
  return { status, body: await response.json(), retryAfter: headers.get('retry-after') };
};

/** 128 bits in hexadecimal; `randomUUID` is for https alone. */
export function drawKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A value kept between visits. Browsers may forbid it: then it lives as long as the page. */
export function keptValue(key: string): GuestSecret {
  let value: string | undefined;
  try {
    value = localStorage.getItem(key) ?? undefined;
  } catch {
    // Deliberate: storage that is switched off isn't worth a word; a new guest plays just as well.
  }
  return {
    load: () => value,
    save(next) {
      value = next;
      try {
        if (next === undefined) localStorage.removeItem(key);
        else localStorage.setItem(key, next);
      } catch {
        // As above.
      }
    },
  };
}

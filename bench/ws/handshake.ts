// What a client says first, byte by byte, to speak WebSocket over a bare socket. Benches and tests.

export const HANDSHAKE = [
  'GET / HTTP/1.1',
  'host: x',
  'upgrade: websocket',
  'connection: upgrade',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');

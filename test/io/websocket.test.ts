import { expect, test } from 'vitest';
import { UWS_MODULE } from '../../bench/ws/uws.ts';
import { chooseWebSocket, listenWebSocket } from '../../src/io/websocket.ts';
import type { SocketEvents } from '../../src/io/websocket-port.ts';
import { needs } from '../needs.ts';

const MISSING = 'a-package-that-nobody-has';
/** As one that finds no build for this Node, and as one that has nothing in it. */
const BROKEN = ['data:text/javascript,throw new Error("no build")', 'data:text/javascript,export const x = 1'];

test('without uWebSockets.js it is ws, and the operator is told once why', async () => {
  expect(await chooseWebSocket('auto', false, MISSING)).toEqual({
    adapter: 'ws',
    note: 'WebSocket by ws: uWebSockets.js is not installed',
  });
  for (const specifier of BROKEN) {
    const { adapter, note } = await chooseWebSocket('auto', false, specifier);
    expect([adapter, note]).toEqual(['ws', `WebSocket by ws: uWebSockets.js does not run on Node ${process.version}`]);
  }
});

test('who asks for ws, or for TLS, gets ws without a word', async () => {
  expect(await chooseWebSocket('ws', false, MISSING)).toEqual({ adapter: 'ws', note: undefined });
  expect(await chooseWebSocket('auto', true, MISSING)).toEqual({ adapter: 'ws', note: undefined });
});

test('who asks for uWebSockets.js and has none is told in one sentence what to install', async () => {
  await expect(chooseWebSocket('uws', false, MISSING)).rejects.toMatchObject({
    code: 'DARKAGES_CONFIG_INVALID',
    message:
      '--ws uws: uWebSockets.js is not installed; npm install --no-save "uWebSockets.js@npm:uws-pack@20.0.8" ' +
      'brings one for Node 20 and 22, or leave --ws out.',
  });
});

// The package of the tools is for Node 22 and older.
test.skipIf(needs('uws') === undefined)('a package that has no build for this Node is not chosen', async () => {
  const { adapter, note } = await chooseWebSocket('auto', false, UWS_MODULE);
  expect([adapter, note]).toEqual(['ws', expect.stringContaining('does not run on Node')]);
});

test('an edge that is to use uWebSockets.js and has lost it says so', async () => {
  const events = {} as SocketEvents<object, object>;
  const options = { adapter: 'uws', host: '127.0.0.1', port: 0, tls: undefined } as const;
  await expect(listenWebSocket(options, events)).rejects.toMatchObject({ code: 'DARKAGES_LISTEN_FAILED' });
});

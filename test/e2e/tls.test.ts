// A node with --https-port as its players and its operator meet it: page, session and play inside TLS, what plain HTTP
// still answers and to whom, and keys that outlive the process. Real processes, real sockets.

import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as requestTls } from 'node:https';
import { networkInterfaces, tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { text } from 'node:stream/consumers';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { game } from '../../src/game/game.ts';
import { connect, join, openSession } from '../../tools/hostile/raw-client.ts';
import { chromium, enter, usePages } from './pages.ts';
import { killServers, type LaunchedServer, readMetric, startServer } from './server.ts';

const KEY = 'ab'.repeat(32);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(joinPath(tmpdir(), 'darkages-tls-'));
});
afterEach(async () => {
  await killServers();
  rmSync(folder, { recursive: true, force: true });
});

const httpsUrl = (server: LaunchedServer) => /^ +(https:\S+)\/$/m.exec(server.output())![1]!;
const certificate = () => readFileSync(joinPath(folder, 'tls-cert.pem'), 'utf8');

/** Status and text of an answer, by a client that trusts the node's certificate. */
async function ask(url: string, body?: unknown) {
  const method = body === undefined ? 'GET' : 'POST';
  const headers = { 'content-type': 'application/json' };
  const request = requestTls(url, { ca: certificate(), method, headers, agent: false });
  request.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = await once(request, 'response');
  return { status: response.statusCode as number, text: await text(response) };
}

async function zoneUrl(base: string): Promise<string> {
  const { zones } = JSON.parse((await ask(`${base}/v1/session`, {})).text) as { zones: { url: string }[] };
  return zones[0]!.url;
}

/** What was agreed on with the port of a URL; undefined when it refused. */
async function groupAt(url: string, options: ConnectionOptions = {}): Promise<string | undefined> {
  const { hostname: host, port } = new URL(url);
  const socket = connectTls({ host, port: Number(port), ca: certificate(), ...options });
  const group = await new Promise<string | undefined>((resolve) => {
    socket.once('error', () => resolve(undefined));
    socket.once('secureConnect', () => resolve((socket.getEphemeralKeyInfo() as { name: string }).name));
  });
  socket.destroy();
  return group;
}

test('page, health and sessions are there over TLS too, and zones are wss to who asked so', async () => {
  const server = await startServer(folder, ['--https-port', '0']);
  const base = httpsUrl(server);
  for (const path of ['/', '/healthz', '/readyz', '/metrics']) expect((await ask(base + path)).status).toBe(200);
  const url = await zoneUrl(base);
  expect(url).toBe(server.zoneUrl().replace('ws:', 'wss:'));
  expect((await openSession(server.url())).zones[0]!.url).toBe(server.zoneUrl());
  for (const to of [url, server.zoneUrl()]) {
    const client = await connect(game, to, { ca: certificate() });
    await join(client, (await openSession(server.url())).token);
    expect([client.goodbye, client.snapshots > 0]).toEqual(['', true]);
    client.socket.terminate();
  }
  expect(server.output()).toContain('The certificate is self-signed');
});

test('a second start has the certificate of the first', async () => {
  const first = await startServer(folder, ['--https-port', '0']);
  const made = certificate();
  expect((await ask(`${httpsUrl(first)}/healthz`)).status).toBe(200);
  await killServers();
  const second = await startServer(folder, ['--https-port', '0']);
  expect((await ask(`${httpsUrl(second)}/healthz`)).status).toBe(200);
  expect(certificate()).toBe(made);
});

test('--require-pq refuses who has X25519 alone, at the page and at the zones', async () => {
  const server = await startServer(folder, ['--https-port', '0', '--require-pq']);
  const base = httpsUrl(server);
  for (const url of [base, await zoneUrl(base)]) {
    expect(await groupAt(url)).toBe('X25519MLKEM768');
    expect(await groupAt(url, { ecdhCurve: 'X25519' })).toBeUndefined();
    expect(await groupAt(url, { maxVersion: 'TLSv1.2' })).toBeUndefined();
  }
});

const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

describe.skipIf(outside === undefined)('by an address that others can reach', () => {
  const plainUrl = (server: LaunchedServer) => `http://${outside}:${new URL(server.url()).port}`;
  const localUrl = (server: LaunchedServer) => server.url().replace('0.0.0.0', '127.0.0.1');
  const session = async (base: string, headers: Record<string, string> = {}) => {
    const all = { 'content-type': 'application/json', ...headers };
    const response = await fetch(`${base}/v1/session`, { method: 'POST', headers: all, body: '{}' });
    return [response.status, ((await response.json()) as { error?: string }).error];
  };

  test('plain HTTP opens no session, but answers the rest; https does', async () => {
    const server = await startServer(folder, ['--host', '0.0.0.0', '--https-port', '0', '--advertise', outside!]);
    expect(await session(plainUrl(server))).toEqual([403, 'tls_required']);
    expect(await readMetric(server, 'darkages_sessions_refused_total', 'tls_required')).toBe(1);
    expect((await fetch(`${plainUrl(server)}/healthz`)).status).toBe(200);
    expect(await session(localUrl(server))).toEqual([200, undefined]);
    const base = httpsUrl(server).replace('0.0.0.0', outside!);
    expect(await zoneUrl(base)).toMatch(new RegExp(`^wss://${outside}:`));
    expect(server.output()).not.toContain('Only this machine');
  });

  test('it does with --allow-plain-http, which warns in a line, and behind a proxy that says https', async () => {
    const allowing = await startServer(folder, ['--host', '0.0.0.0', '--allow-plain-http']);
    expect(await session(plainUrl(allowing))).toEqual([200, undefined]);
    expect(allowing.output().match(/^ {2}--allow-plain-http: .*$/gm)).toHaveLength(1);
    await killServers();
    const proxied = await startServer(folder, ['--host', '0.0.0.0', '--trust-proxy']);
    expect(await session(plainUrl(proxied), { 'x-forwarded-proto': 'https' })).toEqual([200, undefined]);
    expect(await session(plainUrl(proxied), { 'x-forwarded-proto': 'http' })).toEqual([403, 'tls_required']);
    // Through a proxy on this machine a request is nobody's who is at this machine.
    expect(await session(localUrl(proxied), { 'x-forwarded-for': '203.0.113.9' })).toEqual([403, 'tls_required']);
    await killServers();
    const closed = await startServer(folder, ['--host', '0.0.0.0']);
    expect(await session(plainUrl(closed), { 'x-forwarded-proto': 'https' })).toEqual([403, 'tls_required']);
    expect(closed.output()).toContain('Only this machine can open sessions');
  });
});

test('with keys from outside a token of the process before is nothing to this one, and a ticket of it is good', async () => {
  const env = { DARKAGES_TOKEN_KEY: KEY, DARKAGES_CONNECT_KEY: KEY };
  const first = await startServer(folder, ['--production'], env);
  const { token, resume, playerId } = await openSession(first.url());
  await killServers();
  const second = await startServer(folder, ['--production'], env);
  const fresh = await openSession(second.url(), { resume });
  expect([fresh.status, fresh.playerId]).toEqual([200, playerId]);
  expect(fresh.token.split('.')[0]).toBe(token.split('.')[0]);
  for (const [old, goodbye] of [
    [token, 'token_invalid'],
    [fresh.token, ''],
  ] as const) {
    const client = await connect(game, second.zoneUrl());
    await join(client, old);
    expect(client.goodbye).toBe(goodbye);
    client.socket.terminate();
  }
});

describe.skipIf(chromium === undefined)('the play page', () => {
  const pages = usePages();

  test('plays over https and wss', async () => {
    const server = await pages.serve('--https-port', '0');
    const { page, errors } = await pages.open({ ignoreHTTPSErrors: true });
    await page.goto(httpsUrl(server));
    const socket = page.waitForEvent('websocket');
    await enter(page, 'Aldric');
    expect((await socket).url()).toMatch(/^wss:/);
    expect(errors).toEqual([]);
  });
});

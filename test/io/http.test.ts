import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SessionRequest, SessionResponse } from '../../src/gateway/refusals.ts';
import { createRepeats } from '../../src/gateway/repeats.ts';
import { type HttpOptions, type HttpServer, prepareHttp } from '../../src/io/http.ts';
import { makeIdentity } from './identity.ts';

let server: HttpServer;
let url: string;
const seen: SessionRequest[] = [];
const errors: unknown[] = [];
const answered: (string | number | undefined)[][] = [];
let reasons: string[] = [];
const repeats = createRepeats<SessionResponse>();

const options = (port: number, trustProxy = false) => ({
  trustProxy,
  repeats,
  host: '127.0.0.1',
  port,
  page: new Map([
    ['/', { contentType: 'text/html; charset=utf-8', body: '<!doctype html><title>x</title>' }],
    ['/play.js', { contentType: 'text/javascript', body: new TextEncoder().encode('let a;') }],
  ]),
  posts: {
    '/v1/session': async (session: SessionRequest) => {
      seen.push(session);
      const body = session.body as { fail?: boolean; wait?: boolean } | undefined;
      if (body?.fail) throw new Error('inner detail');
      if (body?.wait) return { status: 429, body: { error: 'rate_limited', message: '' }, retryAfterS: 7 };
      return { status: 200, body: { ok: true } };
    },
    '/v1/other': async ({ body }: SessionRequest) => ({ status: 409, body: { said: body } }),
  },
  metrics: async (accept: string | undefined, isStranger: boolean) => ({
    contentType: 'text/plain; version=0.0.4',
    text: accept === 'application/openmetrics-text' ? '# EOF\n' : isStranger ? 'a 0\n' : 'a 1\n',
  }),
  onAnswered: (...answer: (string | number | undefined)[]) => answered.push(answer.slice(0, 2)),
  lines: () => [{ zoneId: 1, playerId: 7, rttMs: 31.5 }],
  readiness: async () => reasons,
  onError: (error: unknown) => errors.push(error),
});

async function startHttp(given: HttpOptions): Promise<HttpServer> {
  return (await prepareHttp(given)).listen();
}

beforeAll(async () => {
  server = await startHttp(options(0));
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(() => server.close());

const post = (body: string | Uint8Array | undefined, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: body as BodyInit }),
  });

test('what is posted goes to the function of its path', async () => {
  const answer = await fetch(`${url}/v1/other`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"a":1}',
  });
  expect([answer.status, await answer.json()]).toEqual([409, { said: { a: 1 } }]);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect((await fetch(`${url}/v1/other`)).status).toBe(404);
});

test('page, metrics and health, each with the security headers and no banner', async () => {
  for (const [path, type, text] of [
    ['/', 'text/html; charset=utf-8', '<!doctype html><title>x</title>'],
    ['/play.js', 'text/javascript', 'let a;'],
    ['/metrics', 'text/plain; version=0.0.4', 'a 1\n'],
    ['/healthz', 'application/json; charset=utf-8', '{"status":"alive"}'],
  ] as const) {
    const response = await fetch(url + path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self';");
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect(response.headers.get('server') ?? response.headers.get('x-powered-by')).toBeNull();
    expect(await response.text()).toBe(text);
  }
});

test('who plays by UDP is told to this machine, and neither to others nor through a proxy', async () => {
  expect(await (await fetch(`${url}/connections`)).json()).toEqual([{ zoneId: 1, playerId: 7, rttMs: 31.5 }]);
  const proxied = await fetch(`${url}/connections`, { headers: { 'x-forwarded-for': '127.0.0.1' } });
  expect([proxied.status, await proxied.json()]).toEqual([404, expect.objectContaining({ error: 'not_found' })]);
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const outside = own.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (outside === undefined) return;
  const open = await startHttp({ ...options(0), host: '0.0.0.0' });
  expect((await fetch(`http://${outside.address}:${open.port}/connections`)).status).toBe(404);
  expect((await fetch(`http://${outside.address}:${open.port}/healthz`)).status).toBe(200);
  await open.close();
});

test('readiness gives its reasons', async () => {
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  reasons = ['zone 1 does not tick'];
  const response = await fetch(`${url}/readyz`);
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({ status: 'not_ready', reasons });
  reasons = [];
});

test('a session request reaches the logic as a value, its answer is not cached', async () => {
  const response = await post('{"name":"bob"}', { origin: 'http://evil.test' });
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(seen.at(-1)).toMatchObject({ body: { name: 'bob' }, remoteAddress: '127.0.0.1', origin: 'http://evil.test' });
  expect(seen.at(-1)?.host).toBe(`127.0.0.1:${server.port}`);
  expect((await post('{"wait":true}')).headers.get('retry-after')).toBe('7');
});

test('who asks is the socket’s address, and behind a trusted proxy the one that the proxy added', async () => {
  const behindProxy = await startHttp(options(0, true));
  const addressOf = async (server: HttpServer, forwarded: string) => {
    await fetch(`http://127.0.0.1:${server.port}/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': forwarded },
      body: '{}',
    });
    return seen.at(-1)?.remoteAddress;
  };
  expect(await addressOf(server, '203.0.113.9')).toBe('127.0.0.1');
  expect(await addressOf(behindProxy, '203.0.113.9')).toBe('203.0.113.9');
  expect(await addressOf(behindProxy, '1.2.3.4, 2001:db8::7')).toBe('2001:db8::7');
  expect(await addressOf(behindProxy, '203.0.113.9, unknown')).toBe('127.0.0.1');
  await behindProxy.close();
});

test('how it was asked is the socket’s to say, and behind a trusted proxy the one word that the proxy added', async () => {
  const tls = await makeIdentity();
  const [behindProxy, encrypted] = [await startHttp(options(0, true)), await startHttp({ ...options(0), tls })];
  const isEncrypted = async (server: HttpServer, proto: string) => {
    const headers = { 'content-type': 'application/json', 'x-forwarded-proto': proto };
    const to = { host: '127.0.0.1', port: server.port, path: '/v1/session', method: 'POST', headers, agent: false };
    await new Promise((resolve, reject) => {
      const asked = server === encrypted ? requestTls({ ...to, ca: tls.cert }) : request(to);
      asked.on('response', (response) => response.resume().on('end', resolve));
      asked.on('error', reject).end('{}');
    });
    return seen.at(-1)?.isEncrypted;
  };
  expect(await isEncrypted(server, 'https')).toBe(false);
  expect(await isEncrypted(behindProxy, 'https')).toBe(true);
  expect(await isEncrypted(behindProxy, 'http, https')).toBe(true);
  for (const proto of ['http', 'https, http', 'https,', '']) expect(await isEncrypted(behindProxy, proto)).toBe(false);
  expect(await isEncrypted(encrypted, 'http')).toBe(true);
  await behindProxy.close();
  await encrypted.close();
});

test.each([
  ['oversized', `{"name":"${'x'.repeat(5000)}"}`, {}, 413, 'too_large'],
  ['no JSON', 'name=bob', {}, 400, 'malformed'],
  ['empty', '', {}, 400, 'malformed'],
  ['truncated', '{"name":', {}, 400, 'malformed'],
  ['a prototype', '{"__proto__":{"x":1}}', {}, 400, 'malformed'],
  ['deep', `${'['.repeat(2000)}`, {}, 400, 'malformed'],
  ['a form', 'name=bob', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'not_json'],
  ['text', '{}', { 'content-type': 'text/plain' }, 415, 'not_json'],
  ['a wrong content type', '{}', { 'content-type': ';;;' }, 415, 'not_json'],
])('a body that is %s is refused', async (_what, body, headers, status, error) => {
  const count = seen.length;
  const response = await post(body, headers);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ error });
  expect(response.headers.get('content-security-policy')).not.toBeNull();
  expect(seen).toHaveLength(count);
});

test('a body without content type is refused', async () => {
  const response = await fetch(`${url}/v1/session`, { method: 'POST', body: new Uint8Array([123, 125]) });
  expect(response.status).toBe(415);
});

test('a fault of ours is told to the operator and not to the stranger', async () => {
  const response = await post('{"fail":true}');
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('inner detail');
  expect(errors).toHaveLength(1);
});

test('other paths and methods are 404', async () => {
  for (const [method, path] of [
    ['GET', '/nothing'],
    ['GET', '/../package.json'],
    ['GET', '/v1/session'],
    ['PUT', '/v1/session'],
    ['DELETE', '/'],
  ]) {
    const response = await fetch(url + path, { method: method! });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: 'not_found' });
  }
});

test('an over-long header and bytes that are no HTTP end the connection only', async () => {
  const status = await new Promise<number>((resolve, reject) => {
    const long = request(`${url}/healthz`, { headers: { 'x-long': 'x'.repeat(9000) } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    long.on('error', reject).end();
  });
  expect(status).toBe(431);
  const socket = connect(server.port, '127.0.0.1');
  socket.write('\x16\x03\x01 not http \r\n\r\n');
  await new Promise((resolve) => socket.on('close', resolve).resume());
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

test('what is no TLS ends its connection to the https port only', async () => {
  const tls = await makeIdentity();
  const encrypted = await startHttp({ ...options(0), tls });
  for (const bytes of ['GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n', '\x16\x03\x01\x00\x05hello', '\x00']) {
    const socket = connect(encrypted.port, '127.0.0.1');
    socket.on('error', () => {}).resume();
    socket.end(bytes, 'latin1');
    await new Promise((resolve) => socket.on('close', resolve));
  }
  const told = errors.length;
  const status = await new Promise((resolve, reject) => {
    const to = { host: '127.0.0.1', port: encrypted.port, path: '/healthz', ca: tls.cert, agent: false };
    const asked = requestTls(to, (response) => resolve(response.resume().statusCode));
    asked.on('error', reject).end();
  });
  expect([status, errors.length]).toEqual([200, told]);
  await encrypted.close();
});

test('a port in use is one sentence', async () => {
  await expect(startHttp(options(server.port))).rejects.toMatchObject({
    code: 'DARKAGES_HTTP_PORT_IN_USE',
    message: expect.stringMatching(/^Port \d+ of 127\.0\.0\.1 is in use: [^.]*--http-port\.$/),
  });
  const tls = await makeIdentity();
  await expect(startHttp({ ...options(server.port), tls })).rejects.toThrow(/another with --https-port\.$/);
  await expect(startHttp({ ...options(0), host: '192.0.2.1' })).rejects.toMatchObject({
    code: 'DARKAGES_LISTEN_FAILED',
  });
});

test('a request that comes again with its Idempotency-Key gets the first answer, and nothing is done twice', async () => {
  const key = 'k'.repeat(22);
  const ask = async (body: object, headers: Record<string, string>) => {
    const response = await post(JSON.stringify(body), headers);
    return [response.status, await response.text()];
  };
  const before = seen.length;
  const first = await ask({ a: 1 }, { 'idempotency-key': key });
  expect(await ask({ a: 1 }, { 'idempotency-key': key })).toEqual(first);
  expect(seen.length).toBe(before + 1);
  // Another body, another key, another origin: another request.
  await ask({ a: 2 }, { 'idempotency-key': key });
  await ask({ a: 1 }, { 'idempotency-key': `${key}x` });
  await ask({ a: 1 }, { 'idempotency-key': key, origin: 'http://elsewhere' });
  expect(seen.length).toBe(before + 4);
  // A refusal is worth another try, and without a key nothing is kept.
  for (let turn = 0; turn < 2; turn++) expect((await ask({ wait: true }, { 'idempotency-key': key }))[0]).toBe(429);
  for (let turn = 0; turn < 2; turn++) await ask({ a: 1 }, {});
  expect(seen.length).toBe(before + 8);
  for (const bad of ['short', 'x'.repeat(65), `${key}!`]) {
    expect(await ask({ a: 1 }, { 'idempotency-key': bad })).toEqual([400, expect.stringContaining('malformed')]);
  }
  expect(seen.length).toBe(before + 8);
});

test('who repeats a request from another network, at another port, gets the first answer; one by TLS is none without', async () => {
  const behindProxy = await startHttp(options(0, true));
  const ask = async (port: number, forwarded: Record<string, string>) => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'r'.repeat(22), ...forwarded };
    return (await fetch(`http://127.0.0.1:${port}/v1/session`, { method: 'POST', headers, body: '{"a":1}' })).text();
  };
  const before = seen.length;
  const first = await ask(server.port, {});
  expect(await ask(behindProxy.port, {})).toBe(first);
  for (const address of ['192.168.0.7', '203.0.113.9'])
    expect(await ask(behindProxy.port, { 'x-forwarded-for': address })).toBe(first);
  expect(seen.length).toBe(before + 1);
  await ask(behindProxy.port, { 'x-forwarded-proto': 'https' });
  expect(seen.length).toBe(before + 2);
  await behindProxy.close();
});

test('what metrics a stranger gets, or somebody behind a proxy, may be a moment old', async () => {
  const text = async (headers: Record<string, string>) => (await fetch(`${url}/metrics`, { headers })).text();
  expect([await text({}), await text({ 'x-forwarded-for': '10.0.0.1' })]).toEqual(['a 1\n', 'a 0\n']);
});

test('what is answered is told with its route and status; metrics come as they are asked for', async () => {
  const answer = await fetch(`${url}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
  expect([await answer.text(), answer.headers.get('vary')]).toEqual(['# EOF\n', 'accept']);
  answered.length = 0;
  for (const path of ['/play.js', '/nothing/here?a=1', '/v1/other']) await (await fetch(url + path)).text();
  await (await post('{')).text();
  await expect.poll(() => answered).toHaveLength(4);
  expect(answered).toEqual([
    ['/play.js', 200],
    [undefined, 404],
    [undefined, 404],
    ['/v1/session', 400],
  ]);
});

// No secret is told to a log or left in a file: a node that logs all it can is used in every way that takes or gives one,
// and then everything that it printed, answered to anybody, and wrote is searched for them.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { game } from '../../src/game/game.ts';
import { connect, join as joinZone } from '../../tools/hostile/raw-client.ts';
import { startRedis } from '../../tools/services/redis.ts';
import { needs } from '../needs.ts';
import { kill, killServers, launch, startServer, until, untilUp } from './server.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-secrets-'));
});
afterEach(async () => {
  await killServers();
  rmSync(folder, { recursive: true, force: true });
});

const PASSWORD = 'correct-horse-battery';
const WRONG = 'incorrect-horse-battery';

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesBelow(join(path, name)));
}

test('passwords, guest secrets, tickets, tokens and keys are in no log, no metric and no file but the keys’ own', async () => {
  const server = await startServer(folder, ['--log-level', 'debug']);
  const secrets = new Set([PASSWORD, WRONG]);
  const post = async (path: string, body: object) => {
    const key = randomBytes(16).toString('base64url');
    secrets.add(key);
    const response = await fetch(`${server.url()}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    for (const key of ['guestSecret', 'token', 'resume']) if (key in answer) secrets.add(String(answer[key]));
    for (const zone of (answer.zones ?? []) as { udp?: { token: string } }[]) {
      if (zone.udp !== undefined) secrets.add(zone.udp.token);
    }
    return { status: response.status, ...answer } as Record<string, unknown>;
  };
  const play = async (token: unknown) => {
    const client = await connect(game, server.zoneUrl());
    await joinZone(client, String(token));
    client.socket.terminate();
    return client.goodbye;
  };
  const guest = await post('/v1/session', {});
  const again = await post('/v1/session', { guestSecret: guest.guestSecret, transport: 'udp' });
  const named = await post('/v1/session', { name: 'Gwendolyn', password: PASSWORD, create: true });
  const wrong = await post('/v1/session', { name: 'Gwendolyn', password: WRONG });
  const login = await post('/v1/session', { name: 'Gwendolyn', password: PASSWORD });
  const resumed = await post('/v1/session', { resume: login.resume });
  const forged = await post('/v1/session', { resume: `${login.resume}x` });
  secrets.add(`${login.resume}x`);
  const malformed = await post('/v1/session', { guestSecret: guest.guestSecret, password: PASSWORD });
  expect([guest, again, named, wrong, login, resumed, forged, malformed].map(({ status }) => status)).toEqual([
    200, 200, 200, 401, 200, 200, 401, 400,
  ]);
  expect([await play(again.token), await play(again.token), await play(`${named.token}x`)]).toEqual([
    '',
    'token_used',
    'token_invalid',
  ]);
  expect((await post('/v1/account/export', { resume: resumed.resume })).status).toBe(200);
  expect((await post('/v1/account/delete', { name: 'Gwendolyn', password: WRONG })).status).toBe(401);
  expect((await post('/v1/account/delete', { name: 'Gwendolyn', password: PASSWORD })).status).toBe(200);
  const pages = await Promise.all(
    ['/metrics', '/connections', '/readyz', '/'].map(async (path) => (await fetch(server.url() + path)).text()),
  );
  kill(server.nodePid(), 'SIGKILL');
  await untilUp(server, 2);
  expect(await play(named.token)).toBe('token_invalid');
  expect((await post('/v1/session', { resume: guest.resume })).status).toBe(200);
  server.launcher.kill('SIGTERM');
  expect(await server.ended).toBe(0);

  const isKey = (file: string) => file.startsWith(join(folder, 'keys'));
  const files = filesBelow(folder);
  const keyFiles = files.filter(isKey);
  expect(keyFiles).toHaveLength(2);
  for (const file of keyFiles) secrets.add(readFileSync(file, 'utf8').trim());
  expect(secrets.size).toBeGreaterThan(24);
  const places = new Map<string, Buffer>([
    ['the log', Buffer.from(server.output())],
    ['what it serves', Buffer.from(pages.join())],
    ...files.filter((file) => !isKey(file)).map((file) => [file, readFileSync(file)] as const),
  ]);
  expect(server.output()).toContain('draining');
  const found: string[] = [];
  for (const [place, bytes] of places) {
    for (const secret of secrets) if (bytes.includes(secret)) found.push(`${secret.slice(0, 12)}… in ${place}`);
  }
  expect(found).toEqual([]);
});

/** Starts with that store, which can't be used, until it has given up. */
async function failWith(redisUrl: string): Promise<string> {
  const secrets = { DARKAGES_REDIS_PASSWORD: 'redis-open-sesame', DARKAGES_SCYLLA_PASSWORD: 'scylla-open-sesame' };
  const stores = ['--store', 'redis+scylla', '--redis-url', redisUrl, '--scylla-contact-points', '127.0.0.1:1'];
  const ports = ['--http-port', '0', '--port', '0', '--data', folder, '--scylla-user', 'game'];
  const server = launch([...ports, ...stores, '--log-level', 'debug'], secrets);
  await until('it has given up', () => server.launcher.exitCode !== null);
  for (const secret of Object.values(secrets)) {
    expect(server.output()).not.toContain(secret);
    for (const file of filesBelow(folder)) expect(readFileSync(file).includes(secret), file).toBe(false);
  }
  return server.errors();
}

test('nor are the passwords of a store that can not be reached', async () => {
  expect(await failWith('redis://127.0.0.1:1')).toMatch(/Redis/);
});

test.skipIf(needs('redis') === undefined)('nor those that Redis does not take', async () => {
  const redis = await startRedis();
  try {
    expect(await failWith(redis.url)).not.toBe('');
  } finally {
    await redis.stop();
  }
});

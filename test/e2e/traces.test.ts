// Traces of a real server at a real receiver (tools/services/otlp): what belongs together is one trace with the right
// parents though several threads tell of it, the share that is recorded changes while it runs, and a receiver that is killed,
// stands still or refuses costs the game nothing.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GOLD } from '../../src/game/items.ts';
import { askControl } from '../../src/io/control-client.ts';
import { enter, openSession, play, send } from '../../tools/hostile/raw-client.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../../tools/services/otlp.ts';
import { needs } from '../needs.ts';
import { game } from './fixtures/stage-game.ts';
import { killServers, type LaunchedServer, readMetric, startServer, until } from './server.ts';

const GAME_FILE = join(import.meta.dirname, 'fixtures', 'stage-game.ts');
const SWARM = join(import.meta.dirname, '..', '..', 'tools', 'swarm', 'main.ts');
const isMissing = needs('otlp') === undefined;

const folder = mkdtempSync(join(tmpdir(), 'darkages-traces-'));
const data = join(folder, 'data');
let receiver: OtlpReceiver;
let server: LaunchedServer;

beforeAll(async () => {
  if (isMissing) return;
  receiver = await startOtlpReceiver(folder);
  const args = ['--game', GAME_FILE, '--sessions-per-minute', '100000', '--udp', 'portable'];
  server = await startServer(data, [...args, '--otlp-endpoint', receiver.endpoint, '--trace-percent', '100']);
}, 60_000);

afterAll(async () => {
  await killServers();
  await receiver?.kill();
  rmSync(folder, { recursive: true, force: true });
});

const setPercent = (percent: unknown) => askControl({ data, method: 'PUT', path: '/tracing', body: { percent } });

const spansOf = (playerId: string) => {
  const spans = receiver.spans();
  const traces = new Set(spans.filter((one) => one.attributes['darkages.player_id'] === playerId).map(traceOf));
  return spans.filter((span) => traces.has(span.traceId));
};
const traceOf = ({ traceId }: ReceivedSpan) => traceId;

async function untilSpan(playerId: string, name: string, count = 1): Promise<readonly ReceivedSpan[]> {
  await until(`${count} × ${name} of ${playerId}`, () => spansOf(playerId).filter(is(name)).length >= count);
  return spansOf(playerId);
}
const is = (name: string) => (span: ReceivedSpan) => span.name === name;

function one(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.filter(is(name));
  expect(found, name).toHaveLength(1);
  return found[0]!;
}

/** Of which trace the newest observation of a histogram's bucket was. */
async function exemplars(metric: string): Promise<string[]> {
  const accept = 'application/openmetrics-text; version=1.0.0';
  const text = await (await fetch(`${server.url()}/metrics`, { headers: { accept } })).text();
  return [...text.matchAll(/^(\w+)_bucket\{.* # \{trace_id="([0-9a-f]{32})"\}/gm)].flatMap(([, name, traceId]) =>
    name === metric ? [traceId!] : [],
  );
}

const thread = ({ attributes }: ReceivedSpan) => attributes['thread.name'];

test.skipIf(isMissing)(
  'a join is one trace: session, connect, join, first snapshot, and what the store did for it',
  async () => {
    const { client, session } = await enter(game, server.url());
    play(client, () => ({}));
    const spans = await untilSpan(session.playerId, 'first snapshot');
    expect(new Set(spans.map(traceOf)).size).toBe(1);
    const posted = one(spans, 'POST /v1/session');
    const connect = one(spans, 'connect');
    const joined = one(spans, 'join');
    const first = one(spans, 'first snapshot');
    const created = one(spans, 'store createAccount');
    const entered = one(spans, 'store enterZone');
    expect([posted.parentId, connect.parentId, joined.parentId, first.parentId]).toEqual([
      '',
      posted.spanId,
      connect.spanId,
      joined.spanId,
    ]);
    expect([created.parentId, one(spans, 'db createAccount').parentId]).toEqual([posted.spanId, created.spanId]);
    expect([entered.parentId, one(spans, 'db useToken').parentId]).toEqual([joined.spanId, entered.spanId]);
    expect(one(spans, 'db takeCharacter').parentId).toBe(entered.spanId);
    expect([posted, connect, first, entered].map(thread)).toEqual(['main', 'edge-1', 'edge-1', 'store']);
    expect(posted.attributes).toMatchObject({ 'http.route': '/v1/session', 'http.response.status_code': '200' });
    expect(connect.attributes).toMatchObject({ 'darkages.transport': 'ws', 'darkages.zone_id': '1' });
    for (const span of spans) expect([span.isError, span.endNs >= span.startNs]).toEqual([false, true]);
    expect(joined.startNs).toBe(connect.endNs);
    expect(first.startNs).toBe(joined.endNs);
    for (const metric of ['darkages_join_seconds', 'darkages_http_request_seconds', 'darkages_store_latency_seconds']) {
      expect(await exemplars(metric), metric).toContain(posted.traceId);
    }
    client.socket.close();
  },
);

test.skipIf(isMissing)('a command is one trace of edge and store, which nothing in the zone carries', async () => {
  const { client, session } = await enter(game, server.url());
  play(client, () => ({}));
  const key = 1 + Math.floor(Math.random() * 0xffff_fffe);
  send(client, { request: { id: 7, key, own: { gold: 5, item: GOLD } } });
  await until('an answer', () => client.responses.some(({ id, refused }) => id === 7 && refused === ''));
  await untilSpan(session.playerId, 'db applyCommits');
  const command = one(await untilSpan(session.playerId, 'command'), 'command');
  const spans = receiver.spans().filter(({ traceId }) => traceId === command.traceId);
  expect(spans.map(({ name }) => name).toSorted()).toEqual([
    'command',
    'commit.keep',
    'db applyCommits',
    'ledger.apply',
  ]);
  const kept = one(spans, 'commit.keep');
  const applied = one(spans, 'ledger.apply');
  expect([command.parentId, kept.parentId, applied.parentId]).toEqual(['', command.spanId, command.spanId]);
  expect(one(spans, 'db applyCommits').parentId).toBe(applied.spanId);
  expect([command, kept, applied].map(thread)).toEqual(['edge-1', 'store', 'store']);
  expect(command.attributes).toMatchObject({ 'darkages.player_id': session.playerId, 'darkages.request': 'own' });
  expect(kept.attributes).toMatchObject({ 'darkages.player_id': session.playerId, 'darkages.request': 'own' });
  expect(Number(kept.attributes['darkages.tick'])).toBeGreaterThan(0);
  expect(await exemplars('darkages_command_seconds')).toContain(command.traceId);
  client.socket.close();
});

test.skipIf(isMissing)(
  'by UDP as well',
  async () => {
    const args = ['--url', server.url(), '--bots', '2', '--transport', 'udp', '--duration', '2', '--seed', '1'];
    const swarm = spawn(process.execPath, [SWARM, ...args], { stdio: 'ignore' });
    await once(swarm, 'close');
    const byUdp = (span: ReceivedSpan) =>
      span.attributes['darkages.transport'] === 'udp' && span.name === 'first snapshot';
    await until('first snapshots', () => receiver.spans().filter(byUdp).length >= 2);
    for (const { traceId } of receiver.spans().filter(byUdp)) {
      const spans = receiver.spans().filter((span) => span.traceId === traceId);
      expect(one(spans, 'connect').parentId).toBe(one(spans, 'POST /v1/session').spanId);
      expect(one(spans, 'first snapshot').parentId).toBe(one(spans, 'join').spanId);
      expect(thread(one(spans, 'connect'))).toBe('udp-edge-1');
    }
  },
  60_000,
);

test.skipIf(isMissing)('who is refused leaves a trace that says why, and no span says a secret', async () => {
  const name = 'Hidden-Badger';
  const password = `pass-${crypto.randomUUID()}`;
  const session = await openSession(server.url(), { name, password, create: true });
  expect(session.status).toBe(200);
  expect((await openSession(server.url(), { name, password: `${password}!` })).status).toBe(401);
  await untilSpan(session.playerId, 'password hash');
  await until('the refusal', () =>
    receiver.spans().some((span) => span.attributes['error.type'] === 'bad_credentials'),
  );
  const { client, session: guest } = await enter(game, server.url(), undefined);
  const again = await enter(game, server.url(), guest.guestSecret);
  await until('the first one is out', () => client.isClosed);
  await untilSpan(guest.playerId, 'first snapshot', 1);
  again.client.socket.close();
  const text = receiver.text();
  for (const { token, resume, guestSecret } of [session, guest, again.session]) {
    const tokenId = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { jti: string };
    for (const secret of [token, resume, guestSecret, tokenId.jti]) {
      if (secret !== undefined) expect(text.includes(secret)).toBe(false);
    }
  }
  for (const secret of [name, password, 'argon2', '127.0.0.1']) expect(text.includes(secret), secret).toBe(false);
});

test.skipIf(isMissing)('at 0 % nothing is recorded, from 100 % on all is again, without a restart', async () => {
  expect(await setPercent(0)).toEqual({ percent: 0 });
  expect(await readMetric(server, 'darkages_trace_sample_percent')).toBe(0);
  const unseen = await enter(game, server.url());
  await setPercent(100);
  const seen = await enter(game, server.url());
  await untilSpan(seen.session.playerId, 'first snapshot');
  expect(spansOf(unseen.session.playerId)).toEqual([]);
  for (const { client } of [unseen, seen]) client.socket.close();
});

test.skipIf(isMissing)(
  'at 10 % about a tenth of the sessions is recorded',
  async () => {
    await setPercent(10);
    const count = 300;
    const players = new Set<string>();
    for (let nth = 0; nth < count; nth++) players.add((await openSession(server.url())).playerId);
    await setPercent(100);
    await untilSpan((await openSession(server.url())).playerId, 'POST /v1/session');
    const recorded = receiver.spans().filter((span) => players.has(span.attributes['darkages.player_id'] ?? ''));
    // Five standard deviations.
    expect(Math.abs(recorded.length - count / 10)).toBeLessThan(5 * Math.sqrt(count * 0.09));
    expect(recorded.length).toBeGreaterThan(0);
  },
  60_000,
);

test.skipIf(isMissing)('what is no share is refused with a sentence', async () => {
  for (const percent of [-1, 101, 1.5, '10', null]) {
    await expect(setPercent(percent)).rejects.toThrow('a whole number from 0 to 100 is needed');
  }
  expect(await askControl({ data, method: 'GET', path: '/tracing' })).toEqual({ percent: 100 });
});

test.skipIf(isMissing)(
  'a receiver that is killed, or stands still, costs spans and nothing else',
  async () => {
    const { client } = await enter(game, server.url());
    play(client, () => ({}));
    let id = 100;
    const ask = async (): Promise<void> => {
      const asked = ++id;
      send(client, { request: { id: asked, key: 1000 + asked, own: { gold: asked, item: GOLD } } });
      await until('an answer', () => client.responses.some((response) => response.id === asked));
    };
    const dropped = () => readMetric(server, 'darkages_trace_spans_total', 'result="dropped"');
    await ask();
    await receiver.kill();
    await ask();
    await until('spans are dropped', async () => (await dropped()) > 0);
    await ask();
    await receiver.start();
    receiver.pause();
    const before = await dropped();
    await ask();
    await until('more are dropped', async () => (await dropped()) > before);
    const { snapshots } = client;
    await ask();
    await until('snapshots', () => client.snapshots > snapshots + 20);
    receiver.resume();
    const later = await enter(game, server.url());
    await untilSpan(later.session.playerId, 'first snapshot');
    expect(await readMetric(server, 'darkages_trace_spans_total', 'result="exported"')).toBeGreaterThan(100);
    expect(await readMetric(server, 'darkages_log_lines_total', 'level="error"')).toBe(0);
    expect(server.output()).toMatch(/ECONNREFUSED[^\n]*traces are dropped/);
    expect(server.output()).toMatch(/no answer[^\n]*traces are dropped/);
    expect(server.output()).toContain('traces are taken again');
    for (const one of [client, later.client]) one.socket.close();
  },
  90_000,
);

test.skipIf(isMissing)(
  'a token for the receiver comes from a file; where it is the wrong one that is told, without it',
  async () => {
    const secret = crypto.randomUUID();
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, `${secret}\n`);
    const strict = await startOtlpReceiver(folder, tokenFile);
    try {
      const headersFile = join(folder, 'headers');
      const start = async (bearer: string): Promise<LaunchedServer> => {
        writeFileSync(headersFile, `# for the receiver\nAuthorization: Bearer ${bearer}\n`);
        const args = ['--otlp-endpoint', strict.endpoint, '--otlp-headers-file', headersFile, '--trace-percent', '100'];
        const started = await startServer(join(folder, bearer === secret ? 'data-right' : 'data-wrong'), args);
        await openSession(started.url());
        return started;
      };
      const right = await start(secret);
      await until('spans', () => strict.spans().some(is('POST /v1/session')));
      const count = strict.spans().length;
      const wrong = await start('another');
      await until('it is told', () => wrong.output().includes('HTTP 401'));
      expect(await readMetric(wrong, 'darkages_trace_spans_total', 'result="dropped"')).toBeGreaterThan(0);
      expect(strict.spans()).toHaveLength(count);
      expect(right.output() + strict.text()).not.toContain(secret);
      expect(wrong.output()).not.toContain('another');
    } finally {
      await strict.kill();
    }
  },
  60_000,
);

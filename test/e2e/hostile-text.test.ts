// Texts that are meant to be run: SQL, CQL, Redis, shell, scripts, through chat, names and passwords of a real server
// with its real store file. None does anything anywhere: players, store, metrics and log are looked at.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Reader } from '../../src/base/bytes.ts';
import { TEXT_COST_EACH, TEXTS_PER_WINDOW_MAX, TICK_HZ, ZONE_TEXT_COST_PER_TICK } from '../../src/base/limits.ts';
import { isName } from '../../src/guard/text.ts';
import { decodeMessage, type WireObject } from '../../src/wire/codec.ts';
import { enter, hangUp, openSession, play, type RawClient, send } from '../../tools/hostile/raw-client.ts';
import { INNOCENT, NASTY, PROFANE } from '../guard/texts.ts';
import { game } from './fixtures/chat-game.ts';
import { kill, killServers, type LaunchedServer, startServer, until } from './server.ts';

const GAME_FILE = joinPath(import.meta.dirname, 'fixtures', 'chat-game.ts');
const ARGS = ['--game', GAME_FILE, '--sessions-per-minute', '100000'];
const data = mkdtempSync(joinPath(tmpdir(), 'darkages-text-'));
/** What can be sent at all: half of a surrogate pair has no UTF-8, and frames of more are dropped as a whole. */
const nasty = Object.entries(NASTY)
  .flatMap(([code, texts]) => texts.map((text) => [code, text] as const))
  .filter(([, text]) => text.isWellFormed() && Buffer.byteLength(text) <= 1024);

/** Ten short texts cost less than what the zone hears in so long. */
const LEAK_MS = (1000 * TEXTS_PER_WINDOW_MAX * 1.5 * TEXT_COST_EACH) / (ZONE_TEXT_COST_PER_TICK * TICK_HZ);

let server: LaunchedServer;
let listener: RawClient;
const heard: WireObject[] = [];

/** Events that a client was told, as they come. */
function listen(client: RawClient, into: WireObject[]): void {
  client.socket.on('message', (bytes: Buffer) => {
    if (bytes[0] !== 0x1a) return;
    const { value } = decodeMessage(new Reader(bytes), client.messages.serverMessage, 'reject');
    for (const event of value.events as WireObject[]) if (event.said !== undefined) into.push(event.said as WireObject);
  });
}

beforeAll(async () => {
  server = await startServer(data, ARGS);
  listener = (await enter(game, server.url())).client;
  play(listener, () => ({}));
  listen(listener, heard);
});

afterAll(async () => {
  await killServers();
  rmSync(data, { recursive: true, force: true });
});

async function readCount(code: string): Promise<number> {
  const text = await (await fetch(`${server.url()}/metrics`)).text();
  return Number(new RegExp(`^darkages_guard_texts_total\\{.*rule="${code}".*\\} (\\d+)$`, 'm').exec(text)?.[1]);
}

/** Sends each as a request, ten of them a client; answers what each was refused for. */
async function ask(requests: readonly WireObject[]): Promise<string[]> {
  const refused: string[] = [];
  for (let from = 0; from < requests.length; from += TEXTS_PER_WINDOW_MAX) {
    const client = (await enter(game, server.url())).client;
    const part = requests.slice(from, from + TEXTS_PER_WINDOW_MAX);
    for (const [id, request] of part.entries()) send(client, { request: { id: id + 1, ...request } });
    await until('all are answered', () => client.responses.length === part.length);
    for (const response of client.responses) refused.push(String(response.refused));
    await hangUp(client);
    // What all write is bounded together: as much as was taken has to leak.
    if (refused.includes('', from)) await sleep(LEAK_MS);
  }
  return refused;
}

test('injection, markup, links and lies in chat reach nobody; each is refused with its code and counted', async () => {
  heard.length = 0;
  const refused = await ask(nasty.map(([, text]) => ({ say: { text } })));
  expect(nasty.map(([code, text], index) => [text, code, refused[index]])).toEqual(
    nasty.map(([code, text]) => [text, code, code]),
  );
  expect(await ask([{ say: { text: 'still here' } }])).toEqual(['']);
  await until('the listener hears the last', () => heard.length > 0);
  expect(heard).toEqual([{ from: expect.any(String), text: 'still here' }]);
  for (const code of new Set(nasty.map(([each]) => each))) {
    const sent = nasty.filter(([each]) => each === code).length;
    expect([code, await readCount(code)]).toEqual([code, sent]);
  }
});

test('profanity is heard masked, innocent texts as they were written', async () => {
  heard.length = 0;
  // In turn: what is masked is the same text to who counts repeats.
  const innocent = INNOCENT.slice(-PROFANE.length);
  const texts = PROFANE.flatMap((pair, index) => [pair, [innocent[index]!, innocent[index]!] as const]);
  expect(new Set(await ask(texts.map(([text]) => ({ say: { text } }))))).toEqual(new Set(['']));
  await until('all are heard', () => heard.length === texts.length);
  expect(heard.map(({ text }) => text)).toEqual(texts.map(([, text]) => text));
});

test('zero widths, piled marks, runs and blanks are heard corrected, and counted', async () => {
  heard.length = 0;
  const before = await readCount('text_invisible');
  const texts = [
    ['he\u200bl\ufeffo', 'helo'],
    [`h${'\u0300\u0301\u0302'.repeat(20)}i`, 'h\u0300\u0301\u0302i'],
    ['nooooooooooo!!!!!!!!!!', 'noooooo!!!!!!'],
    ['as it is', 'as it is'],
    ['  wide \t open\u3000', 'wide open'],
  ] as const;
  expect(new Set(await ask(texts.map(([text]) => ({ say: { text } }))))).toEqual(new Set(['']));
  await until('all are heard', () => heard.length === texts.length);
  expect(heard.map(({ text }) => text)).toEqual(texts.map(([, text]) => text));
  expect((await readCount('text_invisible')) - before).toBe(texts.length - 1);
});

test('names of others in requests are names or refused', async () => {
  const requests = nasty.map(([, text]) => ({ whisper: { to: text.slice(0, 6), text: 'hi' } }));
  const allowed = new Set(['text_name', 'text_repeat', 'nobody']);
  const refused = (await ask(requests.filter(({ whisper }) => whisper.to.isWellFormed()))).filter(
    (code) => code !== '',
  );
  expect(refused.length).toBeGreaterThan(50);
  for (const code of refused) expect(allowed).toContain(code);
});

test('what no one screens is inert all the same: it comes back byte for byte', async () => {
  const client = (await enter(game, server.url())).client;
  const notes: WireObject[] = [];
  listen(client, notes);
  const texts = nasty.map(([, text]) => text).filter((text) => text !== '');
  for (const [id, text] of texts.entries()) {
    send(client, { request: { id: id + 1, note: { text } } });
    if (id % 10 === 9) await until('they are answered', () => client.responses.length === id + 1);
    // Twenty requests a second.
    if (id % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 550));
  }
  await until('the last is answered', () => client.responses.length === texts.length);
  expect(notes.map(({ text }) => text)).toEqual(texts);
  await hangUp(client);
}, 60_000);

test('as names, guest secrets and passwords they are values; the store holds what it should, the log nothing of them', async () => {
  const texts = nasty.map(([, text]) => text).filter((text) => text.length > 2);
  for (const text of texts) {
    const name = await openSession(server.url(), { name: text });
    expect([text, name.status, (name as unknown as WireObject).error]).toEqual([
      text,
      400,
      isName(text) ? 'name_refused' : 'bad_name',
    ]);
    expect((await openSession(server.url(), { guestSecret: text })).status).toBe(401);
  }
  const injected = [
    "' OR '1'='1' --",
    '"; DROP TABLE accounts; --',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: what an attacker would have filled in
    '$(reboot) `id` ${7*7}',
    '<script>alert(1)</script>',
  ];
  for (const [index, password] of injected.entries()) {
    const name = `honest-${index}`;
    expect((await openSession(server.url(), { name, password, create: true })).status).toBe(200);
    expect((await openSession(server.url(), { name, password })).status).toBe(200);
    expect((await openSession(server.url(), { name, password: `${password} ` })).status).toBe(401);
    expect((await openSession(server.url(), { name: `honest-${index}' --`, password })).status).toBe(400);
  }
  expect((await openSession(server.url(), { name: 'xX_fuck_Xx' })).status).toBe(400);
  const metrics = await (await fetch(`${server.url()}/metrics`)).text();
  const output = server.output();
  kill(server.nodePid(), 'SIGTERM');
  kill(server.launcher.pid!, 'SIGTERM');
  await server.ended;
  const file = readdirSync(data).find((each) => each.endsWith('.db') && !each.startsWith('lock'))!;
  const store = new DatabaseSync(joinPath(data, file), { readOnly: true });
  expect(store.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  const tables = store.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all();
  let cells = '';
  for (const { name } of tables) cells += JSON.stringify(store.prepare(`SELECT * FROM "${String(name)}"`).all());
  store.close();
  for (let index = 0; index < injected.length; index++) expect(cells).toContain(`"honest-${index}"`);
  expect(cells).not.toContain('fuck');
  for (const text of [...injected, ...texts.filter((each) => each.length > 8)]) {
    expect([text, cells.includes(text), cells.includes(JSON.stringify(text).slice(1, -1))]).toEqual([
      text,
      false,
      false,
    ]);
    expect([text, output.includes(text), metrics.includes(text)]).toEqual([text, false, false]);
  }
  expect(output.split('\n').filter((line) => /"level":(50|60)|error/i.test(line))).toEqual([]);
});

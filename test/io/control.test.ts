import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Control, type ControlPath, controlAddress, readControlBody, startControl } from '../../src/io/control.ts';
import { askControl } from '../../src/io/control-client.ts';

let data: string;
let control: Control | undefined;
const warnings: string[] = [];
const errors: unknown[] = [];
let isGone: Promise<void>;
let tellGone: () => void;

const LEVEL = z.strictObject({ level: z.enum(['info', 'debug'], 'must be info or debug') });
let level = 'info';
const paths: Record<string, ControlPath> = {
  '/log-level': {
    help: 'what is logged',
    GET: () => ({ level }),
    PUT(body) {
      ({ level } = readControlBody(LEVEL, body));
      return { level };
    },
  },
  '/fault': {
    help: 'fails',
    POST() {
      throw new Error('inner detail');
    },
  },
  '/slow': {
    help: 'goes on until the caller goes away',
    POST: (_body, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          tellGone();
          resolve({});
        });
      }),
  },
};

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'darkages-control-'));
  level = 'info';
  warnings.length = 0;
  errors.length = 0;
  ({ promise: isGone, resolve: tellGone } = Promise.withResolvers<void>());
});

afterEach(async () => {
  await control?.close();
  control = undefined;
  rmSync(data, { recursive: true });
});

const start = async (folder = data) => {
  control = await startControl({
    data: folder,
    paths,
    onWarning: (sentence) => warnings.push(sentence),
    onError: (error) => errors.push(error),
  });
};
const ask = (method: 'GET' | 'PUT' | 'POST', path: string, body?: object) =>
  askControl({ data, method, path, ...(body && { body }) });

function raw(method: string, path: string, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: controlAddress(data), method, path }, async (response) => {
      let text = '';
      for await (const part of response) text += part;
      resolve({ status: response.statusCode!, text });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

describe('the control socket', () => {
  test('answers what its parts answer, and lists them', async () => {
    await start();
    expect(await ask('GET', '/')).toEqual({
      '/log-level': { methods: ['GET', 'PUT'], help: 'what is logged' },
      '/fault': { methods: ['POST'], help: 'fails' },
      '/slow': { methods: ['POST'], help: 'goes on until the caller goes away' },
    });
    expect(await ask('PUT', '/log-level', { level: 'debug' })).toEqual({ level: 'debug' });
    expect(await ask('GET', '/log-level')).toEqual({ level: 'debug' });
    expect(warnings).toEqual([]);
  });

  test('is for the server’s user alone', async () => {
    const before = process.umask();
    await start();
    expect(statSync(controlAddress(data)).mode & 0o777).toBe(0o600);
    expect(process.umask()).toBe(before);
  });

  test('replaces the socket of a process that died, and leaves none behind', async () => {
    const held = createServer();
    await new Promise<void>((resolve) => held.listen(`${controlAddress(data)}.old`, resolve));
    renameSync(`${controlAddress(data)}.old`, controlAddress(data));
    await new Promise((resolve) => held.close(resolve));
    expect(existsSync(controlAddress(data))).toBe(true);
    await expect(ask('GET', '/')).rejects.toThrow(`No server runs in ${data}`);
    await start();
    expect(await ask('GET', '/log-level')).toEqual({ level: 'info' });
    await control?.close();
    control = undefined;
    expect(existsSync(controlAddress(data))).toBe(false);
  });

  test('does not touch what is no socket: one warning, and on', async () => {
    writeFileSync(controlAddress(data), 'mine');
    await start();
    expect(control).toBeUndefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^No control socket: .*control\.sock can't be opened \(EADDRINUSE\)\.$/);
    expect(statSync(controlAddress(data)).size).toBe(4);
  });

  test('a path that is too long for a socket is one warning, and on', async () => {
    const long = join(data, 'x'.repeat(100));
    mkdirSync(long);
    await start(long);
    expect(control).toBeUndefined();
    expect(warnings).toEqual([
      expect.stringMatching(/has more than 103 bytes; a data folder with a shorter path has one\.$/),
    ]);
  });

  test('answers what it does not know with a sentence', async () => {
    await start();
    await expect(ask('GET', '/nothing')).rejects.toThrow('There is no such path; / lists those there are.');
    await expect(ask('GET', '/constructor')).rejects.toThrow('There is no such path');
    await expect(ask('POST', '/log-level', {})).rejects.toThrow('/log-level takes GET and PUT.');
    await expect(ask('PUT', '/')).rejects.toThrow('/ takes GET.');
    expect((await raw('DELETE', '/log-level', '')).status).toBe(405);
    await expect(ask('PUT', '/log-level', { level: 'loud' })).rejects.toThrow('level: must be info or debug.');
    await expect(ask('PUT', '/log-level', { level: 'info', more: 1 })).rejects.toThrow(/^The body: .*more/);
    await expect(ask('PUT', '/log-level')).rejects.toThrow('level: must be info or debug.');
    expect(await raw('PUT', '/log-level', '{"level":')).toEqual({
      status: 400,
      text: expect.stringContaining('The body is no JSON.'),
    });
    expect((await raw('PUT', '/log-level', '[]')).status).toBe(400);
    expect((await raw('PUT', '/log-level', `"${'x'.repeat(4095)}"`)).status).toBe(413);
    expect(level).toBe('info');
    expect(errors).toEqual([]);
  });

  test('a fault of ours is told to us, not to the caller', async () => {
    await start();
    await expect(ask('POST', '/fault')).rejects.toThrow('The server made a mistake; its log has more.');
    expect(errors).toEqual([new Error('inner detail')]);
  });

  test('what is no HTTP is closed, and the next caller is answered', async () => {
    await start();
    const socket = connect(controlAddress(data));
    socket.resume();
    socket.write('\x00\x01nonsense\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(await ask('GET', '/log-level')).toEqual({ level: 'info' });
    expect(errors).toEqual([]);
  });

  test('a part hears that its caller went away', async () => {
    await start();
    const gone = new AbortController();
    const asked = askControl({ data, method: 'POST', path: '/slow', signal: gone.signal });
    setTimeout(() => gone.abort(), 50);
    await expect(asked).rejects.toThrow(/abort/i);
    await isGone;
  });

  test('closes while somebody waits for an answer', async () => {
    await start();
    const ended = expect(ask('POST', '/slow')).rejects.toThrow(`The server in ${data} went away`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await control?.close();
    control = undefined;
    await ended;
  });
});

test('where no server runs a tool says so', async () => {
  await expect(ask('GET', '/')).rejects.toThrow(
    `No server runs in ${data}: start it, or name its data folder with --data.`,
  );
});

test('where something else listens a tool says so', async () => {
  let answer = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello';
  const other = createServer((socket) => socket.once('data', () => socket.end(answer)));
  await new Promise<void>((resolve) => other.listen(controlAddress(data), resolve));
  await expect(ask('GET', '/')).rejects.toMatchObject({
    code: 'DARKAGES_CONTROL_REFUSED',
    message: `What listens in ${data} does not answer as a server does.`,
  });
  answer = 'HTTP/1.1 502 Bad\r\nConnection: close\r\nContent-Length: 4\r\n\r\nnull';
  await expect(ask('GET', '/')).rejects.toThrow('The server answered 502.');
  await new Promise((resolve) => other.close(resolve));
});

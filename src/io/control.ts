// The control socket of a running node: `control.sock` in its data folder, HTTP with JSON, for tools on the same machine.
// Who may open the file may steer the server; there is no other password, so nobody else may (mode 0600), and no browser can.
// Main thread, cold path. The parts of the server say which paths there are; what they answer is theirs.
// On Windows a named pipe, whose name is made of the folder's.

import { createHash } from 'node:crypto';
import { existsSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { z } from 'zod';
import { errorCode, ServerError } from '../base/errors.ts';

const METHODS = ['GET', 'PUT', 'POST'] as const;
export type ControlMethod = (typeof METHODS)[number];

/** The answer, as JSON; a string is JSON already. @throws ServerError DARKAGES_CONTROL_REFUSED with a sentence. */
export type ControlAnswer = (body: unknown, signal: AbortSignal) => object | string | Promise<object | string>;

export interface ControlPath {
  /** For the list at `/`. */
  readonly help: string;
  readonly GET?: ControlAnswer;
  readonly PUT?: ControlAnswer;
  readonly POST?: ControlAnswer;
}

export interface ControlOptions {
  readonly data: string;
  readonly paths: Readonly<Record<string, ControlPath>>;
  /** It can't be opened: the server runs without. */
  onWarning(sentence: string): void;
  /** A fault of ours; a caller can't cause it. */
  onError(error: unknown): void;
}

export interface Control {
  close(): Promise<void>;
}

const BODY_BYTES_MAX = 4096;
/** What a system's address of a socket has room for, its end included: 104 on macOS, 108 on Linux. */
const PATH_BYTES_MAX = 103;
const PERMISSION_BITS_OF_OTHERS = 0o177;
const SERVER_OPTIONS = { maxHeaderSize: 4096, headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 1_000 };
const CONNECTIONS_MAX = 16;

export function controlAddress(data: string): string {
  if (process.platform !== 'win32') return join(data, 'control.sock');
  return `\\\\.\\pipe\\darkages-${createHash('sha256').update(data).digest('hex').slice(0, 32)}`;
}

/** Undefined if it can't be opened. The caller holds the folder's lock: a socket that lies there is of a dead process. */
export async function startControl(options: ControlOptions): Promise<Control | undefined> {
  const address = controlAddress(options.data);
  if (Buffer.byteLength(address) > PATH_BYTES_MAX) {
    options.onWarning(
      `No control socket: ${address} has more than ${PATH_BYTES_MAX} bytes; a data folder with a shorter path has one.`,
    );
    return undefined;
  }
  const server = createServer(SERVER_OPTIONS, (request, response) => void serve(options, request, response));
  server.maxConnections = CONNECTIONS_MAX;
  try {
    removeStale(address);
    await listen(server, address);
    server.on('error', options.onError);
  } catch (error) {
    options.onWarning(`No control socket: ${address} can't be opened (${errorCode(error) ?? String(error)}).`);
    return undefined;
  }
  return {
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** What is no socket stays, and is in the way. */
function removeStale(address: string): void {
  if (process.platform === 'win32' || !existsSync(address)) return;
  if (lstatSync(address).isSocket()) unlinkSync(address);
}

/** Deliberate: by the mask, not by chmod behind it, so that there is no moment in which others may open it. It is made in the call. */
function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    const mask = process.umask(PERMISSION_BITS_OF_OTHERS);
    try {
      server.listen(address);
    } finally {
      process.umask(mask);
    }
  });
}

async function serve(options: ControlOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const answer = await find(options.paths, request);
    send(response, 200, await answer(await readBody(request), gone.signal));
  } catch (error) {
    if (error instanceof Refusal) send(response, error.status, { error: 'refused', message: error.message });
    else if (errorCode(error) === 'DARKAGES_CONTROL_REFUSED') {
      send(response, 400, { error: 'refused', message: (error as Error).message });
    } else {
      options.onError(error);
      send(response, 500, { error: 'internal', message: 'The server made a mistake; its log has more.' });
    }
  }
}

class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function find(paths: ControlOptions['paths'], { url = '', method = '' }: IncomingMessage): ControlAnswer {
  if (url === '/') {
    if (method !== 'GET') throw new Refusal(405, '/ takes GET.');
    return () => list(paths);
  }
  const path = Object.hasOwn(paths, url) ? paths[url] : undefined;
  if (path === undefined) throw new Refusal(404, `There is no such path; / lists those there are.`);
  const known = METHODS.find((one) => one === method);
  const answer = known && path[known];
  if (answer !== undefined) return answer;
  throw new Refusal(405, `${url} takes ${methodsOf(path).join(' and ')}.`);
}

function list(paths: ControlOptions['paths']): object {
  return Object.fromEntries(
    Object.entries(paths).map(([url, path]) => [url, { methods: methodsOf(path), help: path.help }]),
  );
}

function methodsOf(path: ControlPath): readonly ControlMethod[] {
  return METHODS.filter((method) => path[method] !== undefined);
}

/** Undefined where there is none. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) throw new Refusal(413, `A body has at most ${BODY_BYTES_MAX} bytes.`);
    parts.push(part);
  }
  if (bytes === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    throw new Refusal(400, 'The body is no JSON.');
  }
}

function send(response: ServerResponse, status: number, body: object | string): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', connection: 'close' });
  response.end(typeof body === 'string' ? body : `${JSON.stringify(body)}\n`);
}

/** What was sent, in the form that it must have. @throws ServerError with a sentence. */
export function readControlBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const read = schema.safeParse(body ?? {});
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? 'The body' : issue.path.join('.');
  throw new ServerError('DARKAGES_CONTROL_REFUSED', `${field}: ${issue?.message ?? 'it is not as it must be'}.`);
}

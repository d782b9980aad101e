// A node's HTTP server on fastify, plain or inside TLS: the page, metrics, health, sessions, and what a player asks
// of its account. Main thread, cold path. Turns requests into values and values into responses; decides nothing about players itself.

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { isIP } from 'node:net';
import { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { errorCode, ServerError } from '../base/errors.ts';
import { isLoopback } from '../gateway/origin.ts';
import { type SessionRequest, type SessionResponse, sessionError } from '../gateway/refusals.ts';
import type { Repeats } from '../gateway/repeats.ts';
import { systemClock } from './system.ts';
import { type TlsIdentity, tlsSettings } from './tls.ts';

export interface PageFile {
  readonly contentType: string;
  readonly body: Uint8Array | string;
}

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  /** Speaks https alone; undefined: plain HTTP. */
  readonly tls?: TlsIdentity | undefined;
  /** By path; `/` is the page itself. */
  readonly page: ReadonlyMap<string, PageFile>;
  /** A proxy stands before it and says in X-Forwarded-For who asks, in X-Forwarded-Proto how. */
  readonly trustProxy: boolean;
  /** What is posted, by path. */
  readonly posts: Readonly<Record<string, (request: SessionRequest) => Promise<SessionResponse>>>;
  /** What was posted with an Idempotency-Key: of all servers of the node. */
  readonly repeats: Repeats<SessionResponse>;
  /** In the format that suits the Accept header. */
  /** @param isStranger then what was said a moment ago will do */
  metrics(
    accept: string | undefined,
    isStranger: boolean,
  ): Promise<{ readonly contentType: string; readonly text: string }>;
  /** A response is out. @param path as it was registered; undefined when there is none of it */
  onAnswered(path: string | undefined, status: number, durationS: number, traceId?: string): void;
  /** Who plays by UDP and how their lines are: for this machine alone. */
  lines(): readonly object[];
  /** What is not ready, in words; empty when all is. */
  readiness(): Promise<readonly string[]>;
  /** A fault of ours; a stranger can't cause it. */
  onError(error: unknown): void;
}

export interface HttpServer {
  /** The port it listens on; another than asked for when that was 0. */
  readonly port: number;
  close(): Promise<void>;
}

export interface PreparedHttp {
  /** Throws ServerError DARKAGES_HTTP_PORT_IN_USE or DARKAGES_LISTEN_FAILED. */
  listen(): Promise<HttpServer>;
}

const BODY_BYTES_MAX = 4096;
/** From 128 random bits on. */
const IDEMPOTENCY_KEY = /^[A-Za-z0-9_-]{22,64}$/;
const HEADER_BYTES_MAX = 8192;
const SERVER_OPTIONS = {
  maxHeaderSize: HEADER_BYTES_MAX,
  handshakeTimeout: 5_000,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
};
/** Beyond it new connections are dropped at accept. */
const CONNECTIONS_MAX = 2048;

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; script-src 'self'; connect-src 'self' ws: wss:; style-src 'self' 'unsafe-inline'; " +
    "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Does what takes its time. Nobody is answered before `listen`. */
export async function prepareHttp(options: HttpOptions): Promise<PreparedHttp> {
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true,
    serverFactory: (handle) =>
      options.tls === undefined
        ? createServer(SERVER_OPTIONS, handle)
        : createTlsServer({ ...SERVER_OPTIONS, ...tlsSettings(options.tls) }, handle),
  });
  app.server.maxConnections = CONNECTIONS_MAX;
  /** Of responses whose trace is recorded. */
  const traceIds: TraceIds = new WeakMap();
  // JSON only: without its default parsers fastify answers 415 to any other type.
  app.removeContentTypeParser('text/plain');
  app.addHook('onSend', async (_request, reply) => {
    reply.headers(HEADERS);
  });
  app.addHook('onResponse', async ({ routeOptions }, reply) => {
    options.onAnswered(routeOptions.url, reply.statusCode, reply.elapsedTime / 1000, traceIds.get(reply));
  });
  app.setErrorHandler((error: FastifyError, _request, reply) => sendError(error, reply, options));
  app.setNotFoundHandler((_request, reply) => {
    reply.code(404).send({ error: 'not_found', message: 'There is nothing here.' });
  });
  addRoutes(app, options, traceIds);
  await app.ready();
  return { listen: async () => ({ port: await listen(app, options), close: () => app.close() }) };
}

type TraceIds = WeakMap<FastifyReply, string>;

function addRoutes(app: FastifyInstance, options: HttpOptions, traceIds: TraceIds): void {
  for (const [path, { contentType, body }] of options.page) {
    app.get(path, (_request, reply) => {
      reply
        .header('cache-control', 'no-cache')
        .type(contentType)
        .send(typeof body === 'string' ? body : Buffer.from(body));
    });
  }
  app.get('/metrics', async (request, reply) => {
    const { contentType, text } = await options.metrics(request.headers.accept, !isFromHere(request));
    return reply.header('cache-control', 'no-store').header('vary', 'accept').type(contentType).send(text);
  });
  app.get('/connections', async (request, reply) => {
    if (!isFromHere(request)) return reply.callNotFound();
    return reply.header('cache-control', 'no-store').send(options.lines());
  });
  app.get('/healthz', async (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'alive' }));
  app.get('/readyz', async (_request, reply) => {
    const reasons = await options.readiness();
    reply.header('cache-control', 'no-store').code(reasons.length === 0 ? 200 : 503);
    return reply.send({ status: reasons.length === 0 ? 'ready' : 'not_ready', reasons });
  });
  for (const [path, answer] of Object.entries(options.posts)) {
    app.post(path, async (request, reply) => {
      const asked = readSessionRequest(request, options);
      const response = await answerOnce(options.repeats, request, asked, () => answer(asked));
      if (response.traceId !== undefined) traceIds.set(reply, response.traceId);
      return sendSession(reply, response);
    });
  }
}

/**
 * Who sends an Idempotency-Key, and again the same request with it, gets the first answer: a new guest whose answer was
 * lost is no second one, whichever network it asks from by then. The key has to be a secret, since what it was answered with
 * is one; and that is never told in plain where it was asked for by TLS.
 */
async function answerOnce(
  repeats: Repeats<SessionResponse>,
  { url, headers }: FastifyRequest,
  { body, origin, isEncrypted }: SessionRequest,
  work: () => Promise<SessionResponse>,
): Promise<SessionResponse> {
  const key = headers['idempotency-key'];
  if (key === undefined) return work();
  if (typeof key !== 'string' || !IDEMPOTENCY_KEY.test(key)) {
    return sessionError('malformed', 'An Idempotency-Key has 22 to 64 characters of A-Z a-z 0-9 _ -');
  }
  const digest = createHash('sha256')
    .update(JSON.stringify([key, url, body, origin, isEncrypted]))
    .digest('base64url');
  return repeats.answer(digest, systemClock.now(), work, ({ status }) => status === 200);
}

function readSessionRequest(request: FastifyRequest, { tls, trustProxy }: HttpOptions): SessionRequest {
  const { host, origin } = request.headers;
  const forwardedAddress = trustProxy ? lastWord(request, 'x-forwarded-for') : '';
  const remoteAddress = isIP(forwardedAddress) === 0 ? (request.socket.remoteAddress ?? '') : forwardedAddress;
  const localAddress = request.socket.localAddress ?? '';
  const isEncrypted = tls !== undefined || (trustProxy && lastWord(request, 'x-forwarded-proto') === 'https');
  return { body: request.body, remoteAddress, localAddress, isEncrypted, host, origin };
}

/** Somebody on this machine, and not through a proxy on it. */
function isFromHere({ socket, headers }: FastifyRequest): boolean {
  return isLoopback(socket.remoteAddress ?? '') && headers['x-forwarded-for'] === undefined;
}

/** Of a header that proxies add to: the last word is our proxy's; those before it are whatever the client wrote. */
function lastWord({ headers }: FastifyRequest, name: string): string {
  const header = headers[name];
  return (Array.isArray(header) ? header.join(',') : header)?.split(',').at(-1)?.trim() ?? '';
}

function sendSession(reply: FastifyReply, { status, body, retryAfterS }: SessionResponse): FastifyReply {
  if (retryAfterS !== undefined) reply.header('retry-after', String(retryAfterS));
  return reply.header('cache-control', 'no-store').code(status).send(body);
}

/** Errors of fastify's own checks, as codes of our list; anything else is our fault and says nothing of its inside. */
function sendError(error: FastifyError, reply: FastifyReply, options: HttpOptions): FastifyReply {
  const status = error.statusCode ?? 500;
  if (status === 413) {
    return sendSession(reply, sessionError('too_large', `A body has at most ${BODY_BYTES_MAX} bytes.`));
  }
  if (status === 415) return sendSession(reply, sessionError('not_json', 'Send content-type: application/json.'));
  if (status >= 400 && status < 500) {
    return sendSession(reply, sessionError('malformed', 'The request can not be read as JSON.'));
  }
  options.onError(error);
  return reply.code(500).send({ error: 'internal', message: 'The server made a mistake.' });
}

async function listen(app: FastifyInstance, { host, port, tls }: HttpOptions): Promise<number> {
  const flag = tls === undefined ? '--http-port' : '--https-port';
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    if (errorCode(error) === 'EADDRINUSE') {
      throw new ServerError(
        'DARKAGES_HTTP_PORT_IN_USE',
        `Port ${port} of ${host} is in use: stop what uses it, or choose another with ${flag}.`,
        { cause: error },
      );
    }
    throw new ServerError(
      'DARKAGES_LISTEN_FAILED',
      `HTTP can't listen on ${host}:${port} (${errorCode(error) ?? 'unknown reason'}): check --host and ${flag}.`,
      { cause: error },
    );
  }
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

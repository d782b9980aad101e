// How a client comes and goes: session → socket → join → play, and again after a wait when that breaks. Every attempt
// asks for a new session: tokens work once, and the session is what names the character. Browser main thread or Node.

import { PROTOCOL_VERSION } from '../base/limits.ts';
import { encodeToBytes } from '../wire/codec.ts';
import { createClockSync } from './clock-sync.ts';
import type { Session, SessionRefusal } from './ports.ts';
import { PINGS, receiveFrame } from './receive.ts';
import { zoneNameOf } from './session.ts';
import { type Client, CONNECTING, FAILED, FULL_PACE, IDLE, JOINING, PLAYING, RECONNECTING, setState } from './state.ts';

/** Session and socket, and then join and first snapshot, must come within this. */
const STAGE_MS_MAX = 8_000;
/**
 * A server sends 20 snapshots a second. One that sends none for so long is gone, or sends what this client can't use,
 * as after its ticks began again: a new join puts both right.
 */
const SILENCE_MS_MAX = 6_000;
/**
 * When the host hasn't called for so long, what arrives does in its place: browsers let a page in the background have a
 * timer a second, and after a while one a minute, but give it its messages. Inputs, acknowledgements and pings go on,
 * so that the server doesn't take it for gone.
 */
const WAKE_MS = 200;
/** First wait before another attempt; doubles with each, and up to half of it is taken off at random. */
const BACKOFF_MS_MIN = 250;
const BACKOFF_MS_MAX = 8_000;
/** Whoever has played for so long was well connected: the next wait is a short one. */
const STEADY_MS = 5_000;

/** Goodbyes after which another attempt would get the same answer, or would throw somebody else out. */
const FINAL_REASONS: ReadonlySet<string> = new Set(['protocol_version', 'game_version', 'replaced', 'cheating']);

export function connect(client: Client, nowMs: number): void {
  const attempt = ++client.attempt;
  client.goodbye = undefined;
  client.welcome = undefined;
  client.deadlineMs = nowMs + STAGE_MS_MAX;
  setState(client, CONNECTING);
  client.options.requestSession((answer) => {
    if (client.attempt === attempt && client.state === CONNECTING) takeSession(client, answer);
  }, client.fullZones);
}

function takeSession(client: Client, answer: Session | SessionRefusal): void {
  const nowMs = client.options.clock.now();
  if ('refused' in answer) {
    if (answer.isFinal) fail(client, answer.refused);
    else loseConnection(client, answer.refused, nowMs);
    return;
  }
  const { attempt, fullZones } = client;
  // No zone is left that was not full: they are tried from the first again.
  const zone = zoneNameOf(answer);
  if (fullZones.includes(zone)) fullZones.length = 0;
  const isCurrent = (): boolean => client.attempt === attempt && client.socket !== undefined;
  client.socket = client.options.openSocket(answer, {
    opened() {
      if (isCurrent() && client.state === CONNECTING) join(client, answer.token, client.options.clock.now());
    },
    received(bytes) {
      if (!isCurrent()) return;
      const now = client.options.clock.now();
      receiveFrame(client, bytes, now);
      if (client.goodbye === 'zone_full') fullZones.push(zone);
      if (client.goodbye !== undefined) takeGoodbye(client, client.goodbye, now);
      else if (now - client.updatedMs >= WAKE_MS) client.update(now);
    },
    closed(reason = client.state === CONNECTING ? 'unreachable' : 'lost') {
      if (!isCurrent()) return;
      if (reason === 'zone_full') fullZones.push(zone);
      loseConnection(client, reason, client.options.clock.now());
    },
  });
}

function join(client: Client, token: string, nowMs: number): void {
  const { game, messages } = client;
  const { jumps } = client.sync;
  client.sync = createClockSync();
  client.sync.jumps = jumps;
  client.load = FULL_PACE;
  client.inputsPerFrame = 1;
  client.pingSentMs.fill(-1);
  client.deadlineMs = nowMs + STAGE_MS_MAX;
  setState(client, JOINING);
  const message = { token, protocolVersion: PROTOCOL_VERSION, game: game.name, gameVersion: game.version };
  sendBytes(
    client,
    encodeToBytes(messages.clientMessage, { join: message, ping: { clientTimeMs: notePing(client, nowMs) } }),
    true,
  );
  client.pingDueMs = nowMs + 200;
}

/** A ping leaves now; returns what it carries. */
export function notePing(client: Client, nowMs: number): number {
  client.pingSeq++;
  client.pingSentMs[client.pingSeq % PINGS] = nowMs;
  return client.pingSeq;
}

export function sendBytes(client: Client, bytes: Uint8Array, isReliable: boolean): void {
  client.stats.bytesUp += bytes.length;
  client.socket?.send(bytes, isReliable);
}

function takeGoodbye(client: Client, reason: string, nowMs: number): void {
  if (FINAL_REASONS.has(reason)) fail(client, reason);
  else loseConnection(client, reason, nowMs);
}

function fail(client: Client, reason: string): void {
  dropSocket(client);
  client.reason = reason;
  setState(client, FAILED);
}

/** The connection is gone, or never came to be: tries again after a wait. */
function loseConnection(client: Client, reason: string, nowMs: number): void {
  if (client.state === PLAYING) {
    client.stats.reconnects++;
    client.fullZones.length = 0;
    if (nowMs - client.playingSinceMs > STEADY_MS) client.failures = 0;
  }
  dropSocket(client);
  client.reason = reason;
  const wait = Math.min(BACKOFF_MS_MIN * 2 ** client.failures, BACKOFF_MS_MAX);
  client.failures++;
  client.deadlineMs = nowMs + wait * (1 - client.options.random() / 2);
  setState(client, RECONNECTING);
}

function dropSocket(client: Client): void {
  const { socket } = client;
  client.attempt++;
  client.socket = undefined;
  socket?.close();
  for (const [id, request] of client.requests) {
    client.requests.delete(id);
    request.done('disconnected');
  }
}

/** Leaves, for good. */
export function disconnect(client: Client): void {
  dropSocket(client);
  client.reason = '';
  setState(client, IDLE);
}

/** Time passes: gives up what takes too long, and tries again what was waited for. */
export function updateConnection(client: Client, nowMs: number): void {
  if (client.state === RECONNECTING) {
    if (nowMs >= client.deadlineMs) connect(client, nowMs);
  } else if (client.state === CONNECTING || client.state === JOINING) {
    if (nowMs >= client.deadlineMs) loseConnection(client, 'unreachable', nowMs);
  } else if (client.state === PLAYING && nowMs - client.snapshotMs > SILENCE_MS_MAX)
    loseConnection(client, 'silent', nowMs);
}

// How a client comes and goes: session → socket → join → play, and again when that breaks. Every attempt asks for a new
// session: tokens work once, and the session is what names the character. Who was playing resumes: it comes back by its
// ticket, without a login, at once and then after short waits, since its server may have been started again. After
// RESUME_MS_MAX, and all others from the first, it waits longer with each attempt. Browser main thread or Node.

import { PROTOCOL_VERSION } from '../base/limits.ts';
import { encodeToBytes } from '../wire/codec.ts';
import { createClockSync } from './clock-sync.ts';
import type { Session, SessionRefusal } from './ports.ts';
import { PINGS, receiveFrame } from './receive.ts';
import { zoneNameOf } from './session.ts';
import {
  type Client,
  CONNECTING,
  FAILED,
  FULL_PACE,
  IDLE,
  isResuming,
  JOINING,
  PLAYING,
  RECONNECTING,
  setState,
} from './state.ts';

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
/** Whoever has played for so long was well connected: the next wait is a short one, or none. */
const STEADY_MS = 1_000;

/** So long somebody who was playing tries again at short intervals. */
export const RESUME_MS_MAX = 30_000;
/**
 * The second wait, the first being none; each is half as long again, up to a bound; and up to half of it is taken off at
 * random. The bound is a short one where nobody listens, while a server that was killed would be up again: asking costs
 * nobody anything. Whoever answers has all who played to answer, and is asked less often.
 */
const RESUME_WAIT_MS_MIN = 50;
const RESUME_WAIT_MS_MAX_AT_FIRST = 400;
const RESUME_WAIT_MS_MAX = 2_000;
const RESUME_AT_FIRST_MS = 5_000;
const RESUME_WAIT_GROWTH = 1.5;
/** In the place of STAGE_MS_MAX: a token of the process that died leads nowhere, and says nothing. */
const RESUME_STAGE_MS_MAX = 3_000;
/**
 * A server that dies says nothing over UDP. After so long without a snapshot, on lines with gaps after several of these, the
 * client asks for a session, to hear whether nobody or another process of the node answers: then it resumes. If it is the
 * same one, or another node at the same host, which says nothing of this one, it waits for more, up to SILENCE_MS_MAX.
 */
const SUSPECT_MS = 500;
const SUSPECT_MS_MAX = 2_000;
const SUSPECT_GAPS = 4;
/** Later than that by chance: a server that only hung must not be asked by all at once. */
const SUSPECT_SPREAD_MS = 250;
const PROBE_WAIT_MS = 2_000;
/** Nobody answers: that may be a blip of the player's own network. So early in the silence it is asked once more. */
const BLIP_MS = 1_000;
const BLIP_PROBE_WAIT_MS = 200;

/** Goodbyes after which another attempt would get the same answer, or would throw somebody else out. */
const FINAL_REASONS: ReadonlySet<string> = new Set(['protocol_version', 'game_version', 'replaced', 'cheating']);
/** Goodbyes to somebody who played that mean: not so soon. It comes back after the longer waits. */
const SLOW_REASONS: ReadonlySet<string> = new Set(['rate', 'backlog', 'idle', 'address_full', 'zone_full']);

export function connect(client: Client, nowMs: number): void {
  const attempt = beginAttempt(client, nowMs);
  client.options.requestSession(
    (answer) => {
      if (client.attempt === attempt && client.state === CONNECTING) takeSession(client, answer);
    },
    client.fullZones,
    client.ticket,
  );
}

/** What an earlier connection said is void, above all its welcome: only the first one is taken. */
function beginAttempt(client: Client, nowMs: number): number {
  client.goodbye = undefined;
  client.welcome = undefined;
  client.deadlineMs = nowMs + stageMs(client);
  setState(client, CONNECTING);
  return ++client.attempt;
}

function stageMs(client: Client): number {
  return isResuming(client) ? RESUME_STAGE_MS_MAX : STAGE_MS_MAX;
}

function takeSession(client: Client, answer: Session | SessionRefusal): void {
  const nowMs = client.options.clock.now();
  if ('refused' in answer) {
    if (answer.isFinal) fail(client, answer.refused);
    else if (answer.refused === 'ticket_refused') loseTicket(client, nowMs);
    else loseConnection(client, answer.refused, nowMs, answer);
    return;
  }
  const { attempt, fullZones } = client;
  client.ticket = answer.ticket;
  client.node = answer.node;
  client.boot = answer.boot;
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
  client.probeDueMs = 0;
  client.snapshotGapMs = 0;
  client.pingSentMs.fill(-1);
  client.deadlineMs = nowMs + stageMs(client);
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
  forgetTicket(client);
  client.reason = reason;
  setState(client, FAILED);
}

/**
 * The connection is gone, or never came to be: tries again after a wait.
 * @param refusal where it got no session
 */
function loseConnection(client: Client, reason: string, nowMs: number, refusal?: SessionRefusal): void {
  if (client.state === PLAYING) {
    client.stats.reconnects++;
    client.fullZones.length = 0;
    if (nowMs - client.playingSinceMs > STEADY_MS) client.failures = 0;
    if (client.ticket !== undefined && !SLOW_REASONS.has(reason)) client.resumingSinceMs = nowMs;
  }
  if (isResuming(client) && nowMs - client.resumingSinceMs > RESUME_MS_MAX) client.resumingSinceMs = -1;
  dropSocket(client);
  client.reason = reason;
  const wait = isResuming(client) ? resumeWaitMs(client, nowMs, refusal) : waitMs(client.failures);
  client.failures++;
  const spread = client.options.random() / 2;
  client.deadlineMs = nowMs + Math.max(wait * (1 - spread), retryAfterMs(refusal) * (1 + spread));
  setState(client, RECONNECTING);
}

function waitMs(failures: number): number {
  return Math.min(BACKOFF_MS_MIN * 2 ** failures, BACKOFF_MS_MAX);
}

function retryAfterMs(refusal: SessionRefusal | undefined): number {
  return (refusal?.retryAfterS ?? 0) * 1_000;
}

function resumeWaitMs(client: Client, nowMs: number, refusal: SessionRefusal | undefined): number {
  const { failures, resumingSinceMs, deadlineMs } = client;
  if (failures === 0) return 0;
  const isAtFirst = nowMs - resumingSinceMs < RESUME_AT_FIRST_MS;
  // At once, that is: who is asked and says nothing for long is there, and busy.
  const isNobodyThere = refusal?.refused === 'unreachable' && deadlineMs - nowMs > RESUME_STAGE_MS_MAX / 2;
  const waitMsMax = isAtFirst && isNobodyThere ? RESUME_WAIT_MS_MAX_AT_FIRST : RESUME_WAIT_MS_MAX;
  return Math.min(RESUME_WAIT_MS_MIN * RESUME_WAIT_GROWTH ** (failures - 1), waitMsMax);
}

/** It is over, or its account is gone: from here on it takes a login, which is tried at once. */
function loseTicket(client: Client, nowMs: number): void {
  forgetTicket(client);
  client.failures = 0;
  loseConnection(client, 'ticket_refused', nowMs);
  client.deadlineMs = nowMs;
}

function forgetTicket(client: Client): void {
  client.ticket = undefined;
  client.resumingSinceMs = -1;
}

function suspectMs({ snapshotGapMs }: Client): number {
  return Math.max(SUSPECT_MS, Math.min(SUSPECT_GAPS * snapshotGapMs, SUSPECT_MS_MAX));
}

/**
 * It plays, and hears nothing: asks whether its server is there, and still the same process. A snapshot that comes
 * meanwhile ends the doubt. Deliberate: another node's answer is no reason to go there. Its own may be alive and hold what
 * it has promised this player, which the other one's entering would void.
 */
function probe(client: Client, nowMs: number): void {
  const { attempt, snapshotMs, ticket, options } = client;
  if (nowMs - snapshotMs <= suspectMs(client) || ticket === undefined) return;
  if (client.doubtedMs !== snapshotMs) {
    client.doubtedMs = snapshotMs;
    client.probesUnanswered = 0;
    client.probeDueMs = Math.max(client.probeDueMs, nowMs + options.random() * SUSPECT_SPREAD_MS);
  }
  if (nowMs < client.probeDueMs) return;
  client.probeDueMs = Number.POSITIVE_INFINITY;
  const take = (answer: Session | SessionRefusal): void => {
    if (client.attempt !== attempt || client.state !== PLAYING) return;
    const now = options.clock.now();
    client.probeDueMs = now + PROBE_WAIT_MS;
    if (client.snapshotMs !== snapshotMs) return;
    if ('refused' in answer) {
      takeProbeRefusal(client, answer, now);
      return;
    }
    if (answer.node !== client.node || answer.boot === client.boot) return;
    loseConnection(client, 'silent', now);
    // What it would ask for is at hand already.
    beginAttempt(client, now);
    takeSession(client, answer);
  };
  options.requestSession(take, client.fullZones, ticket);
}

function takeProbeRefusal(client: Client, refusal: SessionRefusal, nowMs: number): void {
  if (refusal.refused !== 'unreachable') {
    client.probeDueMs = nowMs + Math.max(PROBE_WAIT_MS, retryAfterMs(refusal));
    return;
  }
  client.probesUnanswered++;
  const isBlip = client.probesUnanswered === 1 && nowMs - client.snapshotMs < BLIP_MS;
  if (isBlip) client.probeDueMs = nowMs + BLIP_PROBE_WAIT_MS;
  else loseConnection(client, 'silent', nowMs);
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
  forgetTicket(client);
  client.reason = '';
  setState(client, IDLE);
}

/** Time passes: gives up what takes too long, and tries again what was waited for. */
export function updateConnection(client: Client, nowMs: number): void {
  if (client.state === RECONNECTING) {
    if (nowMs >= client.deadlineMs) connect(client, nowMs);
  } else if (client.state === CONNECTING || client.state === JOINING) {
    if (nowMs >= client.deadlineMs) loseConnection(client, 'unreachable', nowMs);
  } else if (client.state === PLAYING) {
    if (nowMs - client.snapshotMs > SILENCE_MS_MAX) loseConnection(client, 'silent', nowMs);
    else probe(client, nowMs);
  }
}

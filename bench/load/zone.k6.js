// Load on a zone from a generator of others: WebSocket clients that get a session, join and walk about, sixty inputs a second in
// thirty frames, and acknowledge what they see. Runs in k6: `npm run load`, or
//
//   k6 run -e URL=http://127.0.0.1:8080 -e PLAYERS=200 -e SECONDS=30 bench/load/zone.k6.js
//
// Ends by itself after that time; the thresholds below decide its exit code. It measures from outside, with k6's engine on
// the same machine: what the server can is in `npm run bench`.

import { check, sleep } from 'k6';
import http from 'k6/http';
import { Counter, Rate, Trend } from 'k6/metrics';
import { WebSocket } from 'k6/websockets';
import { summarize } from './summary.js';
import { createWriter, readServerMessage, writeInput, writeJoin, writePing } from './wire.js';

export const handleSummary = summarize;

const url = __ENV.URL ?? 'http://127.0.0.1:8080';
const players = Number(__ENV.PLAYERS ?? 10);
const seconds = Number(__ENV.SECONDS ?? 10);
/** New players a second: they all appear at one place. */
const RAMP_PER_SECOND = 20;
const FRAME_MS = 33;
const INPUTS_PER_FRAME_MAX = 8;
/** -e TIMED=no leaves out how fast it all goes: on a machine that has other things to do only whether it works can be seen. */
const isTimed = __ENV.TIMED !== 'no';
/** Ticks ahead of what the server was known to compute: the way, and a frame's length. Moved until inputs are in time. */
const LEAD_TICKS = 6;
const LEAD_TICKS_MAX = 25;
const LEAD_MS = 500;
const LOOK_SNAPSHOTS = 20;
const PING_MS = 1000;
const TURN_MS = 2000;
const FRAME_BYTES = 512;
const JOIN_SECONDS_MAX = 10;
const DIRECTIONS = [
  { moveX: 127, moveZ: 0, aim: 0 },
  { moveX: 0, moveZ: 127, aim: 16_384 },
  { moveX: -127, moveZ: 0, aim: 32_768 },
  { moveX: 0, moveZ: -127, aim: 49_152 },
];

const joined = new Rate('darkages_joined');
const moved = new Rate('darkages_moved');
const snapshotsPerSecond = new Trend('darkages_snapshots_per_second');
const entities = new Trend('darkages_entities_per_snapshot');
const roundTripMs = new Trend('darkages_round_trip', true);
const inputLead = new Trend('darkages_input_lead_ticks');
const joinMs = new Trend('darkages_join', true);
const failures = new Counter('darkages_failures');
const inputs = new Counter('darkages_inputs');

const rampSeconds = players / RAMP_PER_SECOND;

export const options = {
  scenarios: {
    players: {
      executor: 'per-vu-iterations',
      exec: 'play',
      vus: players,
      iterations: 1,
      maxDuration: `${Math.ceil(rampSeconds + JOIN_SECONDS_MAX + seconds + 10)}s`,
      gracefulStop: '1s',
    },
  },
  thresholds: {
    darkages_failures: ['count == 0'],
    darkages_joined: ['rate == 1'],
    darkages_moved: ['rate == 1'],
    http_req_failed: ['rate == 0'],
    ...(isTimed && {
      // 20 of each player; k6 on a busy machine is late now and then.
      darkages_snapshots_per_second: ['avg > 18', 'min > 12'],
      // All inputs were there in time, mostly.
      darkages_input_lead_ticks: ['med >= 1'],
      darkages_round_trip: ['med < 50'],
    }),
  },
  noConnectionReuse: false,
  userAgent: 'darkages-load',
};

export function play() {
  sleep((__VU - 1) / RAMP_PER_SECOND);
  const response = http.post(`${url}/v1/session`, '{}', { headers: { 'content-type': 'application/json' } });
  if (!check(response, { 'a session': ({ status }) => status === 200 })) {
    fail(`POST /v1/session: ${response.status} ${response.body}`);
    joined.add(false);
    return;
  }
  const session = response.json();
  const player = createPlayer(session);
  const socket = new WebSocket(session.zones[0].url);
  socket.binaryType = 'arraybuffer';
  const timers = [];
  const end = () => {
    for (const timer of timers) clearInterval(timer);
    socket.close();
  };
  socket.onopen = () => {
    socket.send(writeJoin(player.writer, session));
    timers.push(setInterval(() => sendFrame(socket, player), FRAME_MS));
    timers.push(setTimeout(() => player.slot < 0 && end(), JOIN_SECONDS_MAX * 1000));
  };
  socket.onmessage = ({ data }) => {
    hear(player, data);
    if (player.slot >= 0 && player.ends === undefined) {
      player.ends = setTimeout(end, seconds * 1000);
      timers.push(player.ends);
    }
  };
  socket.onerror = ({ error }) => fail(`socket: ${error}`);
  socket.onclose = () => {
    for (const timer of timers) clearInterval(timer);
    report(player);
  };
}

function fail(what) {
  failures.add(1);
  console.error(what);
}

function createPlayer() {
  return {
    writer: createWriter(FRAME_BYTES * 4),
    beganMs: Date.now(),
    /** Of its own entity; −1: not welcomed yet. */
    slot: -1,
    ends: undefined,
    welcomedMs: 0,
    goodbye: '',
    snapshots: 0,
    /** Newest tick known of the server, and when it was. */
    tick: 0,
    tickMs: 0,
    ackTick: -1,
    inputTick: 0,
    leadTicks: LEAD_TICKS,
    leadMs: 0,
    pingDueMs: 0,
    hasMoved: false,
  };
}

/** Where it goes: a square, each player from another side. */
function directionAt(nowMs) {
  return DIRECTIONS[(Math.floor(nowMs / TURN_MS) + __VU) % DIRECTIONS.length];
}

function sendFrame(socket, player) {
  const { writer } = player;
  const nowMs = Date.now();
  let count = 0;
  writer.reset();
  if (player.ackTick >= 0) {
    const until = player.tick + Math.floor(((nowMs - player.tickMs) * 60) / 1000) + player.leadTicks;
    const direction = directionAt(nowMs);
    const from = Math.max(player.inputTick + 1, until - INPUTS_PER_FRAME_MAX + 1);
    for (let tick = from; tick <= until; tick++, count++) writeInput(writer, tick, player.ackTick, direction);
    player.inputTick = Math.max(player.inputTick, until);
    inputs.add(count);
  }
  if (player.slot >= 0 && nowMs >= player.pingDueMs) {
    player.pingDueMs = nowMs + PING_MS;
    writePing(writer, nowMs % 0x1000_0000);
    count++;
  }
  if (count > 0) socket.send(writer.take());
}

function hear(player, data) {
  const nowMs = Date.now();
  // Looking through what it sees costs k6 most of its time: now and then, and until it has moved, is enough.
  const doesLook = player.snapshots % LOOK_SNAPSHOTS === 0;
  const ownSlot = player.hasMoved ? -1 : player.slot;
  const { welcome, snapshot, pong, goodbye } = readServerMessage(data, doesLook, ownSlot);
  if (goodbye !== undefined) player.goodbye = goodbye;
  if (welcome !== undefined) {
    player.slot = welcome.slot ?? 0;
    player.welcomedMs = nowMs;
    joinMs.add(nowMs - player.beganMs);
  }
  if (pong !== undefined) roundTripMs.add((nowMs % 0x1000_0000) - (pong.timeMs ?? 0));
  if (snapshot === undefined || snapshot.tick <= player.ackTick) return;
  player.snapshots++;
  player.ackTick = snapshot.tick;
  player.tick = snapshot.tick;
  player.tickMs = nowMs;
  if (doesLook) entities.add(snapshot.entities);
  // The first inputs can't have been in time.
  if (player.snapshots > 20) inputLead.add(snapshot.inputLead);
  adaptLead(player, snapshot.inputLead, nowMs);
  if (snapshot.hasMoved) player.hasMoved = true;
}

/** As proto/STANDARD.md says: between 1 and 5 ticks early is good. */
function adaptLead(player, lead, nowMs) {
  if (nowMs - player.leadMs < LEAD_MS || (lead >= 1 && lead <= 5)) return;
  player.leadMs = nowMs;
  player.leadTicks = Math.min(LEAD_TICKS_MAX, Math.max(1, player.leadTicks + (lead < 1 ? 2 - lead : -1)));
}

function report(player) {
  const hasJoined = player.slot >= 0;
  joined.add(hasJoined);
  if (player.goodbye !== '') fail(`goodbye: ${player.goodbye}`);
  if (!hasJoined) return;
  moved.add(player.hasMoved);
  snapshotsPerSecond.add((player.snapshots * 1000) / (Date.now() - player.welcomedMs));
}

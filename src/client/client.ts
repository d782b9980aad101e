// The client of a zone: joins, keeps its clock where inputs arrive in time, predicts its own entity, shows the others
// smoothly, comes back when the connection is lost. One of these is a player: a page has one, a bot process hundreds.
// Browser main thread or Node. Game, socket, session, clock and randomness are handed in; time passes in
// `updateClient`. Nothing here waits, throws for what a server sends, or logs.
//
//   const client = createClient({ game, requestSession, openSocket, clock, random });
//   startClient(client, now);      then, each frame:
//   client.intent.moveX = 127;  updateClient(client, now);  draw(client.own, client.interpolation.views)

import { Reader, varintBytes, Writer } from '../base/bytes.ts';
import { FRAME_BYTES_MAX, INPUTS_PER_FRAME_MAX, REWIND_TICKS_MAX, TICK_MS } from '../base/limits.ts';
import { POSITION_SHIFT } from '../sim/columns.ts';
import type { AnyGame } from '../sim/game.ts';
import { createReplicas } from '../snapshot/replicas.ts';
import {
  createInputLayout,
  INPUT_ACK_AGE_WORD,
  INPUT_TICK_WORD,
  INPUT_VALUES_WORD,
  VIEW_AGE_WORD,
  writeInput,
} from '../wire/client-frame.ts';
import { encodeToBytes, LENGTH_DELIMITED, VARINT } from '../wire/codec.ts';
import { CLIENT_MESSAGE, createMessages } from '../wire/schema.ts';
import { advanceClock, createClockSync, serverTickAt, takeTick } from './clock-sync.ts';
import { updateCommands } from './commands.ts';
import { connect, disconnect, notePing, sendBytes, updateConnection } from './connection.ts';
import { fadeOffset } from './fading-offset.ts';
import {
  advanceInterpolation,
  createInterpolation,
  mixAngle,
  pictureDelay,
  showEntities,
  shownTickOf,
} from './interpolation.ts';
import { hasInput, inputPlace, type Prediction, predictTick, statePlace } from './prediction.ts';
import { PINGS } from './receive.ts';
import {
  type Client,
  type ClientOptions,
  FAILED,
  FULL_PACE,
  IDLE,
  JOINING,
  PLAYING,
  type RequestDone,
  snapshotInterval,
} from './state.ts';

/** Ticks between two inputs that say where the client believes it is. */
const CLAIM_INTERVAL_TICKS = 6;
const PING_INTERVAL_MS = 500;
/** The first pings come faster: the clock is only as good as the best of them. */
const PING_INTERVAL_MS_AT_START = 200;
const PINGS_AT_START = 5;
const REQUEST_MS_MAX = 10_000;
/** Requests that may wait for their answer; a further one is refused with `too_many`. */
const REQUESTS_MAX = 64;
const MOVE_MAX = 127;
/** About as many as an input has that is sent again. */
export const INPUT_BYTES = 24;
const AIM_WORD = INPUT_VALUES_WORD + 2;
const UNITS_PER_MM = 1 << POSITION_SHIFT;
/** Of the wire. */
const VIEW_AGE_MAX = 255;
/**
 * The picture is no further than this behind the newest input: the next one, decided by it, is a tick later, and hits
 * are judged no further back than REWIND_TICKS_MAX.
 */
const VIEW_TICKS_MAX = REWIND_TICKS_MAX - 1;

/** What follows from the game alone: hundreds of bots share it, and so find it in the processor's cache. */
const wires = new WeakMap<AnyGame, Pick<Client, 'messages' | 'layout'>>();

function wireOf(game: AnyGame): Pick<Client, 'messages' | 'layout'> {
  const known = wires.get(game);
  if (known !== undefined) return known;
  const wire = { messages: createMessages(game), layout: createInputLayout(game) };
  wires.set(game, wire);
  return wire;
}

export function createClient(options: ClientOptions): Client {
  const { game } = options;
  const client: Client = {
    options,
    game,
    state: IDLE,
    reason: '',
    intent: { moveX: 0, moveZ: 0, aim: 0, buttons: 0, inputs: {} },
    stats: {
      rttMs: 0,
      jitterMs: 0,
      inputLead: 0,
      corrections: 0,
      correctionMm: 0,
      snapshots: 0,
      snapshotsLost: 0,
      snapshotsUnusable: 0,
      bytesUp: 0,
      bytesDown: 0,
      malformed: 0,
      clockJumps: 0,
      inputsSent: 0,
      reconnects: 0,
      resumed: 0,
    },
    own: { x: 0, y: 0, z: 0, facing: 0, columns: {} },
    interpolation: createInterpolation(game.rows),
    shownTick: -1,
    map: undefined,
    seed: -1,
    welcome: undefined,
    load: FULL_PACE,
    sync: createClockSync(),
    replicas: createReplicas(game.rows),
    prediction: undefined,
    socket: undefined,
    attempt: 0,
    fullZones: [],
    failures: 0,
    deadlineMs: 0,
    ticket: undefined,
    node: undefined,
    boot: undefined,
    resumingSinceMs: -1,
    probeDueMs: 0,
    doubtedMs: 0,
    probesUnanswered: 0,
    snapshotGapMs: 0,
    snapshotMs: 0,
    playingSinceMs: 0,
    goodbye: undefined,
    ...wireOf(game),
    heardEvents: options.heardEvents && new Set(options.heardEvents.map((name) => game.events![name]!.field)),
    reader: new Reader(),
    writer: new Writer(new Uint8Array(FRAME_BYTES_MAX)),
    update: (nowMs) => updateClient(client, nowMs),
    updatedMs: 0,
    inputsPerFrame: 1,
    sentTick: 0,
    pingSeq: 0,
    pingSentMs: new Float64Array(PINGS).fill(-1),
    pingDueMs: 0,
    requestId: 0,
    requests: new Map(),
    commands: new Map(),
    commandCount: 0,
  };
  return client;
}

/** Connects, and keeps connected until `stopClient`. */
export function startClient(client: Client, nowMs: number): void {
  if (client.state !== IDLE && client.state !== FAILED) return;
  client.failures = 0;
  client.updatedMs = nowMs;
  connect(client, nowMs);
}

/** Leaves the zone. */
export function stopClient(client: Client): void {
  if (client.state !== IDLE) disconnect(client);
}

/**
 * Time passes. Call it at least once a tick; more often is smoother, less often sends several inputs at once. While it
 * isn't called, as in a hidden tab, the client goes by what arrives: it keeps its connection and its intent.
 */
export function updateClient(client: Client, nowMs: number): void {
  updateConnection(client, nowMs);
  expireRequests(client, nowMs);
  updateCommands(client, nowMs, sendRequest);
  const elapsedMs = Math.max(0, nowMs - client.updatedMs);
  client.updatedMs = nowMs;
  const { sync, prediction, stats } = client;
  if (client.state !== PLAYING || prediction === undefined) {
    if (client.state === JOINING && nowMs >= client.pingDueMs) sendFrame(client, nowMs);
    return;
  }
  if (client.options.isLight === true) return;
  const due = advanceClock(sync, nowMs);
  // After a jump the inputs between never were: what is sent begins at the tick that comes next.
  if (due < 0) client.sentTick = sync.tick;
  for (let count = 0; count < due; count++) {
    const tick = takeTick(sync, nowMs);
    writeIntent(client, prediction, tick);
    predictTick(prediction, tick);
  }
  if (isFrameDue(client, nowMs)) sendFrame(client, nowMs);
  stats.rttMs = sync.rttMs;
  stats.jitterMs = sync.jitterMs;
  stats.inputLead = sync.inputLead;
  stats.clockJumps = sync.jumps;
  showOwn(client, prediction, elapsedMs);
  showOthers(client, nowMs, elapsedMs);
}

/** Puts what the player wants into the ring of inputs, within the ranges of the wire. */
function writeIntent(client: Client, prediction: Prediction, tick: number): void {
  const { layout, replicas } = client;
  const { inputs, world } = prediction;
  const at = inputPlace(prediction, tick);
  inputs.fill(0, at, at + layout.words);
  inputs[at + INPUT_TICK_WORD] = tick;
  inputs[at + INPUT_ACK_AGE_WORD] = replicas.tick >= 0 ? Math.max(0, tick - replicas.tick) : 0;
  writeWanted(client, inputs, at);
  inputs[at + VIEW_AGE_WORD] = viewAgeAt(client, tick);
  if (tick % CLAIM_INTERVAL_TICKS !== 0 || prediction.tick !== tick - 1) return;
  const { positionX, positionY, positionZ } = world.columns;
  inputs[at + layout.claimWord] = 1;
  inputs[at + layout.claimWord + 1] = positionX[0]! >> POSITION_SHIFT;
  inputs[at + layout.claimWord + 2] = positionY[0]! >> POSITION_SHIFT;
  inputs[at + layout.claimWord + 3] = positionZ[0]! >> POSITION_SHIFT;
}

/** The part of an input that the player decides, without tick, acknowledgement and age of the picture. */
export function writeWanted({ intent, game }: Client, inputs: Int32Array, at: number): void {
  const length = Math.hypot(intent.moveX, intent.moveZ);
  const scale = length > MOVE_MAX ? MOVE_MAX / length : 1;
  const values = at + INPUT_VALUES_WORD;
  inputs[values] = Math.trunc(intent.moveX * scale);
  inputs[values + 1] = Math.trunc(intent.moveZ * scale);
  inputs[values + 2] = Math.round(intent.aim) & 0xffff;
  inputs[values + 3] = intent.buttons & 0xffff;
  for (let index = 0; index < game.inputNames.length; index++) {
    const name = game.inputNames[index]!;
    const { min, max } = game.inputs![name]!;
    inputs[values + 5 + index] = Math.max(min, Math.min(Math.round(intent.inputs[name] ?? 0), max));
  }
}

/** How old what the player saw of the others was when it decided, seen from the input's tick; 0 = saw nothing yet. */
function viewAgeAt({ shownTick }: Client, tick: number): number {
  return shownTick < 0 ? 0 : Math.max(0, Math.min(Math.round(tick - shownTick), VIEW_AGE_MAX));
}

/**
 * How far back from the newest input its hits are to be judged, by what that input says: what debug views show. The
 * server follows this a little at a time.
 */
export function rewindTicksClaimed(client: Client): number {
  return Math.min(viewAgeAt(client, client.sync.tick), REWIND_TICKS_MAX);
}

/** Whether there is something to send: inputs for a whole frame, or a ping, which takes with it what there is. */
function isFrameDue({ sync, sentTick, inputsPerFrame, pingDueMs }: Client, nowMs: number): boolean {
  return sync.tick - sentTick >= inputsPerFrame || nowMs >= pingDueMs;
}

/** One frame with the inputs since the last, those to repeat before them, and a ping when it is time. */
function sendFrame(client: Client, nowMs: number): void {
  const { writer, prediction, sync, layout } = client;
  writer.reset();
  if (prediction !== undefined && client.state === PLAYING && sync.tick > client.sentTick) {
    const oldest = Math.max(sync.firstTick, sync.tick - INPUTS_PER_FRAME_MAX + 1);
    for (let tick = Math.max(oldest, firstRepeated(client, prediction)); tick <= sync.tick; tick++) {
      if (!hasInput(prediction, tick) || (tick <= client.sentTick && !isNews(client, prediction, tick))) continue;
      writeInput(writer, layout, prediction.inputs, inputPlace(prediction, tick));
      client.stats.inputsSent++;
    }
    client.sentTick = sync.tick;
  }
  if (nowMs >= client.pingDueMs) writePing(client, writer, nowMs);
  if (writer.offset > 0) sendBytes(client, writer.bytes.subarray(0, writer.offset), false);
}

/** A ping as part of the frame being written, which leaves now. */
export function writePing(client: Client, writer: Writer, nowMs: number): void {
  const seq = notePing(client, nowMs);
  writer.varint((CLIENT_MESSAGE.ping << 3) | LENGTH_DELIMITED);
  writer.varint(1 + varintBytes(seq));
  writer.varint((1 << 3) | VARINT);
  writer.varint(seq);
  const isNew = client.sync.sampleCount < PINGS_AT_START;
  client.pingDueMs = nowMs + (isNew ? PING_INTERVAL_MS_AT_START : PING_INTERVAL_MS);
}

/** From which tick on inputs are sent that were sent before, the newest first as far as there is room for them. */
function firstRepeated(client: Client, prediction: Prediction): number {
  const { sentTick, socket, options } = client;
  const repeat = Math.max(0, Math.min(options.repeatInputs ?? 0, INPUTS_PER_FRAME_MAX - 1));
  let first = sentTick + 1;
  if (repeat === 0) return first;
  let spareBytes = socket?.spareBytes?.() ?? Number.POSITIVE_INFINITY;
  for (let tick = sentTick; tick > sentTick - repeat && spareBytes >= INPUT_BYTES; tick--) {
    if (!hasInput(prediction, tick) || !isNews(client, prediction, tick)) continue;
    first = tick;
    spareBytes -= INPUT_BYTES;
  }
  return first;
}

/**
 * Whether an input says something that the one before doesn't: when it is lost, the server goes on with that one. Aim
 * and age of the picture don't count: with a mouse they change each tick, and are right again with the next input.
 */
function isNews({ layout }: Client, prediction: Prediction, tick: number): boolean {
  if (!hasInput(prediction, tick - 1)) return true;
  const { inputs } = prediction;
  const at = inputPlace(prediction, tick);
  const before = inputPlace(prediction, tick - 1);
  for (let word = INPUT_VALUES_WORD; word < layout.claimWord; word++) {
    if (word === AIM_WORD || word === VIEW_AGE_WORD) continue;
    if (inputs[at + word] !== inputs[before + word]) return true;
  }
  return false;
}

/**
 * Asks the server for something the game knows; `done` hears the answer once: '' or why not, `disconnected` when the
 * connection is lost before, `timeout`, `too_many`. Returns the request's id, or 0 when it was not sent.
 * @param key of what is committed: `sendCommand` of commands.ts draws it, and asks until it is known what became of it
 */
export function sendRequest(
  client: Client,
  name: string,
  values: Readonly<Record<string, number | string>>,
  nowMs: number,
  done: RequestDone = () => {},
  key = 0,
): number {
  if (client.state !== PLAYING || client.requests.size >= REQUESTS_MAX) {
    done(client.state === PLAYING ? 'too_many' : 'disconnected');
    return 0;
  }
  const id = ++client.requestId;
  const bytes = encodeToBytes(client.messages.clientMessage, { request: { id, key, [name]: values } });
  if (bytes.length > FRAME_BYTES_MAX) {
    done('too_large');
    return 0;
  }
  client.requests.set(id, { done, deadlineMs: nowMs + REQUEST_MS_MAX });
  sendBytes(client, bytes, true);
  return id;
}

function expireRequests(client: Client, nowMs: number): void {
  if (client.requests.size === 0) return;
  for (const [id, request] of client.requests) {
    if (nowMs < request.deadlineMs) continue;
    client.requests.delete(id);
    request.done('timeout');
  }
}

/** Between the last two predicted ticks, where the display's frame falls, plus what is left of a correction. */
function showOwn(client: Client, prediction: Prediction, elapsedMs: number): void {
  const { own, sync } = client;
  fadeOffset(prediction, elapsedMs);
  const { columns, columnNames, states, positions, facing, tick } = prediction;
  const after = statePlace(prediction, tick);
  if (after < 0) return;
  const held = statePlace(prediction, tick - 1);
  const before = held < 0 ? after : held;
  const between = (column: number): number => {
    const value = states[before + column]!;
    return (value + (states[after + column]! - value) * sync.phase) / UNITS_PER_MM;
  };
  own.x = between(positions[0]!) + prediction.offsetX;
  own.y = between(positions[1]!) + prediction.offsetY;
  own.z = between(positions[2]!) + prediction.offsetZ;
  own.facing = mixAngle(states[before + facing]!, states[after + facing]!, sync.phase);
  for (let index = 0; index < columns.length; index++) own.columns[columnNames[index]!] = columns[index]![0]!;
}

/** The picture's time goes on for everyone, so that who looks only now and then (bots) sees what a player would see. */
function showOthers(client: Client, nowMs: number, elapsedMs: number): void {
  const { interpolation, sync, replicas, welcome, options } = client;
  const interval = snapshotInterval(client);
  const tickMs = TICK_MS / sync.pace;
  const serverTick = serverTickAt(sync, nowMs);
  const judged = serverTick - (sync.tick + sync.phase - VIEW_TICKS_MAX);
  const delay = pictureDelay(sync.snapshotAgeTicks, sync.jitterMs / tickMs, interval, judged);
  advanceInterpolation(interpolation, nowMs, tickMs, serverTick - delay);
  if (options.interpolate !== false) showEntities(interpolation, replicas, welcome!.slot, elapsedMs);
  client.shownTick = shownTickOf(interpolation, replicas);
}

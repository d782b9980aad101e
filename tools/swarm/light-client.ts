// What a light bot sends while it plays, which `updateClient` leaves to it: the same frames at the same ticks, with the real
// clock, acknowledgements, repeats and pings, but from what is held ready, since of a bot's core most goes into this.
// An input is encoded once, and copied when it is sent again; nothing is predicted, so no place is claimed. All else
// (session, join, requests, what servers send, coming back) stays with the client. Bots process; pure, time is handed in.

import { Writer } from '../../src/base/bytes.ts';
import { FRAME_BYTES_MAX, INPUTS_PER_FRAME_MAX } from '../../src/base/limits.ts';
import { INPUT_BYTES, updateClient, writePing, writeWanted } from '../../src/client/client.ts';
import { advanceClock, takeTick } from '../../src/client/clock-sync.ts';
import { sendBytes } from '../../src/client/connection.ts';
import { type Client, PLAYING } from '../../src/client/state.ts';
import {
  INPUT_ACK_AGE_WORD,
  INPUT_TICK_WORD,
  INPUT_VALUES_WORD,
  VIEW_AGE_WORD,
  writeInput,
} from '../../src/wire/client-frame.ts';

/** Inputs held as they were sent, a power of two: more than can be repeated. */
const HELD = 8;
/** Tag and value of a field, at most; with them tag and length of the input. */
const FIELD_BYTES_MAX = 7;
const HEAD_BYTES_MAX = 4;
const AIM_WORD = INPUT_VALUES_WORD + 2;
const VIEW_AGE_MAX = 255;

export interface LightClient {
  readonly client: Client;
  /** The input in force; tick, acknowledgement and age of the picture are those of the newest. */
  readonly words: Int32Array;
  /** The last inputs as they were sent, `heldBytes` for each, by tick, and how long they are. */
  readonly held: Uint8Array;
  readonly heldBytes: number;
  readonly lengths: Uint8Array;
  /** Whether the next input says something that the one before didn't. */
  isNews: boolean;
  /** Bit i: the input i ticks before the newest is held and said something new. */
  news: number;
  /** Ticks that the clock says are due, for the turns until it is asked again. */
  owed: number;
}

export function createLightClient(client: Client): LightClient {
  const { layout } = client;
  const heldBytes = layout.fields.length * FIELD_BYTES_MAX + HEAD_BYTES_MAX;
  return {
    client,
    words: new Int32Array(layout.words),
    held: new Uint8Array(HELD * heldBytes),
    heldBytes,
    lengths: new Uint8Array(HELD),
    isNews: true,
    news: 0,
    owed: 0,
  };
}

/** The connection began anew: what was sent before belongs to nobody. */
export function resetLightClient(light: LightClient): void {
  light.isNews = true;
  light.news = 0;
  light.owed = 0;
}

const wanted = new Int32Array(256);

/** What the player wants, from the next tick on: `client.intent`, once it was decided. */
export function setWanted(light: LightClient): void {
  const { client, words } = light;
  writeWanted(client, wanted, 0);
  for (let word = INPUT_VALUES_WORD; word < client.layout.claimWord; word++) {
    if (word === VIEW_AGE_WORD || words[word] === wanted[word]) continue;
    words[word] = wanted[word]!;
    // As with all clients: an aim is right again with the next input.
    if (word !== AIM_WORD) light.isNews = true;
  }
}

/** What of the client's housekeeping is to be done some twenty times a second: its clock says what is due until then. */
export function keepLightClient(light: LightClient, nowMs: number): void {
  const { client } = light;
  updateClient(client, nowMs);
  if (client.state !== PLAYING) return;
  const { stats, sync } = client;
  const due = advanceClock(sync, nowMs);
  if (due < 0) {
    light.news = 0;
    light.owed = 0;
  } else light.owed += due;
  stats.rttMs = sync.rttMs;
  stats.jitterMs = sync.jitterMs;
  stats.inputLead = sync.inputLead;
  stats.clockJumps = sync.jumps;
}

/** The frame being written: one at a time, it is sent before the next. The socket wants a view of its length. */
const frame = new Writer(new Uint8Array(FRAME_BYTES_MAX));
const views = Array.from({ length: FRAME_BYTES_MAX + 1 }, (_, length) => frame.bytes.subarray(0, length));
const one = new Writer(new Uint8Array(0));

/**
 * Sends the inputs that are due, behind those to repeat, and a ping when it is time. Only while it plays.
 * @param turns how many there are until the clock is asked again, this one too: what is due is spread over them.
 */
export function sendLightFrame(light: LightClient, nowMs: number, turns: number): void {
  const { client } = light;
  const { sync } = client;
  const due = Math.max(0, Math.ceil(light.owed / turns));
  // As `isFrameDue` of the client has it.
  if (due < client.inputsPerFrame && nowMs < client.pingDueMs) return;
  light.owed -= due;
  frame.reset();
  if (due > 0) {
    if (light.news !== 0) writeRepeated(light, due);
    for (let left = due; left > 0; left--) writeNewest(light, takeTick(sync, nowMs), left <= INPUTS_PER_FRAME_MAX);
  }
  client.sentTick = sync.tick;
  if (nowMs >= client.pingDueMs) writePing(client, frame, nowMs);
  if (frame.offset > 0) sendBytes(client, views[frame.offset]!, false);
}

/** The newest first as far as there is room for them, as `sendFrame` of the client has it; sent in order. */
function writeRepeated(light: LightClient, due: number): void {
  const { client, held, heldBytes, lengths, news } = light;
  const { socket, options, sync } = client;
  const repeat = Math.min(options.repeatInputs ?? 0, INPUTS_PER_FRAME_MAX - due);
  if ((news & ((1 << Math.max(0, repeat)) - 1)) === 0) return;
  let spareBytes = socket?.spareBytes?.() ?? Number.POSITIVE_INFINITY;
  let first = -1;
  for (let back = 0; back < repeat && spareBytes >= INPUT_BYTES; back++) {
    if ((news & (1 << back)) === 0) continue;
    first = back;
    spareBytes -= INPUT_BYTES;
  }
  for (let back = first; back >= 0; back--) {
    if ((news & (1 << back)) === 0) continue;
    const place = (sync.tick - back) & (HELD - 1);
    frame.raw(held, place * heldBytes, place * heldBytes + lengths[place]!);
  }
}

/** The next input, held to be sent again. A frame has no room for more than the newest ones. */
function writeNewest(light: LightClient, tick: number, isSent: boolean): void {
  const { client, words, held, heldBytes, lengths } = light;
  const { replicas, layout } = client;
  const age = replicas.tick < 0 ? 0 : Math.max(0, tick - replicas.tick);
  words[INPUT_TICK_WORD] = tick;
  words[INPUT_ACK_AGE_WORD] = age;
  // What it goes by is where the newest snapshot says that the others are: its picture is as old as that.
  words[VIEW_AGE_WORD] = Math.min(age, VIEW_AGE_MAX);
  const place = tick & (HELD - 1);
  const at = place * heldBytes;
  one.reset(held, at, at + heldBytes);
  writeInput(one, layout, words, 0);
  lengths[place] = one.offset - at;
  light.news = (light.news << 1) & ((1 << HELD) - 1);
  if (light.isNews) light.news |= 1;
  light.isNews = false;
  if (isSent) frame.raw(held, at, one.offset);
}

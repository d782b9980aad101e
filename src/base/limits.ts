// Every bound and rate of the system in one place, and assertions of how they relate, run at load: a number changed
// wrongly stops the process at start with a sentence. Any thread. What happens at a limit stands beside it.

import { assert } from './assert.ts';

/** Version of the wire. Checked at join; a client of another version is refused with a reason. */
export const PROTOCOL_VERSION = 2;

// --- time
export const TICK_HZ = 60;
export const TICK_MS = 1000 / TICK_HZ;
/** Behind by more than this, the zone drops time (and counts it) instead of catching up: no spiral. */
export const CATCH_UP_MS_MAX = 100;
/** Ticks between two snapshots of one client: 20 Hz. A third of the clients is served each tick. */
export const SNAPSHOT_INTERVAL_TICKS = 3;

// --- a zone
/**
 * Entities of any kind in one zone. Half of them are kept for players: when the game has spawned the other half `sim.spawn`
 * returns −1 and it decides what is left out.
 */
export const ENTITIES_MAX = 8192;
/** Players of one zone; the next one is refused with `zone_full`. */
export const PLAYERS_MAX = 4096;
/** Of the first zone's map, unless --seed says another one. */
export const MAP_SEED_DEFAULT = 1;
/** Positions are within ±this many millimetres on each axis. */
export const WORLD_HALF_MM_MAX = 10_000_000;
/** Frames of history. Serves delta baselines and, later, lag compensation. */
export const HISTORY_FRAMES = 128;
/** The oldest baseline a delta may name; what is older is sent in full (`baseline_expired`). */
export const BASELINE_AGE_TICKS_MAX = 112;
/** An edge further behind the zone than this drops the frame (counted): its oldest baselines may be overwritten. */
export const FRAME_LAG_TICKS_MAX = 12;
/** How long a player stays in the world after the connection is gone: quitting is no way out of a fight. */
export const LINGER_TICKS = 10 * TICK_HZ;
/** Ticks between two saves of one player's character. */
export const SAVE_INTERVAL_TICKS = TICK_HZ;
/** Rules of a game that are counted in /metrics; one that states more does not start. */
export const GAME_RULES_MAX = 96;

// --- what a zone promises
/** Answers to commands that a zone remembers, of one player and of all; the oldest is forgotten first. */
export const ANSWERS_PER_PLAYER_MAX = 16;
export const ANSWERS_MAX = 65_536;
/** Commits of one tick; when it is full, further commands of the tick are refused (`not_now`). */
export const COMMITS_BYTES_PER_TICK = 1 << 17;
/** Ticks between two keyframes on disk: what a start after a crash has to compute again. */
export const KEYFRAME_INTERVAL_TICKS = 10 * TICK_HZ;
/** Ticks between two hashes of the whole state in the journal. */
export const HASH_INTERVAL_TICKS = TICK_HZ;

// --- inputs
/** Inputs that may wait for their tick, per player, a power of two; one further ahead is dropped (`early`). */
export const PENDING_INPUTS = 32;
/** Without input a player's last one is repeated for this many ticks, then it stands still. */
export const INPUT_REPEAT_TICKS_MAX = 15;
/** Inputs in one client frame; more make the frame malformed. */
export const INPUTS_PER_FRAME_MAX = 8;

/** Hits are judged at most so far back: 250 ms. */
export const REWIND_TICKS_MAX = 15;

// --- a client
export const FRAME_BYTES_MAX = 4096;
export const FRAMES_PER_SECOND_MAX = 150;
export const FRAMES_BURST_MAX = 120;
export const BYTES_PER_SECOND_MAX = 16_384;
export const BYTES_BURST_MAX = 16_384;
export const REQUESTS_PER_SECOND_MAX = 20;
/** Requests of one client that a zone keeps for a later tick; further ones are dropped (counted). */
export const REQUESTS_WAITING_MAX = REQUESTS_PER_SECOND_MAX;
/**
 * What requests of all players may cost one tick, in bytes, each counting for some more; the others wait for the next.
 * A text of 250 bytes takes 0.3 ms to screen, so this is about 2 ms; a player who chats costs 100 every few seconds.
 */
export const REQUEST_COST_PER_TICK = 2_000;
export const REQUEST_COST_EACH = 32;
/** So many times the rate of frames or bytes, for so many seconds in a row, is a flood: goodbye `rate`. */
export const FLOOD_FACTOR = 10;
export const FLOOD_SECONDS = 5;
/** Payload of one snapshot; what does not fit waits, the most important first. 20 of them a second leave room for events. */
export const SNAPSHOT_BYTES_MAX = 900;
/** Bytes before a packed snapshot that a carrier may write its header to, and begin a packet in. */
export const SNAPSHOT_HEADROOM_BYTES = 16;
/** Events or responses that one client gets at once go in messages of at most so many bytes: one packet each. */
export const TOLD_BYTES_MAX = 1_000;
/** Entities that one client can hold at once, those that are leaving too; in a crowd the nearest are seen. */
export const VISIBLE_MAX = 560;
/** Ticks between two looks of a client at all that is near, and at whether something hides it: 5 a second. */
export const LOOK_INTERVAL_TICKS = 12;
/** Bytes that may wait in a client's socket; above it snapshots are skipped, at four times it the client is dropped. */
export const SOCKET_BACKLOG_BYTES_MAX = 65_536;
/** A connection that hasn't joined by then is closed. */
export const JOIN_TIMEOUT_MS = 5_000;
/** Sockets of an edge that hold no player yet, beside its players'; further ones are refused (`door_full`). */
export const STRANGERS_MAX = 1024;
/** Those of them from one address, an IPv6 /64 being one; further ones are refused (`address`). */
export const STRANGERS_PER_ADDRESS_MAX = 128;
/**
 * Players of an edge from one address, unless --players-per-address says another number; further ones are refused
 * (`address_full`). A school or an office behind one address fits, and a zone takes 32 hosts to fill.
 */
export const PLAYERS_PER_ADDRESS_DEFAULT = 64;
/** Connections of an edge: its players and who is at its door; the next one is refused (`full`). */
export const CONNECTIONS_MAX = PLAYERS_MAX + STRANGERS_MAX;
/** Edges of each kind that a zone may have; `--edges` of more does not start. */
export const EDGES_MAX = 4;
/** A connection that sent nothing for so long is closed. */
export const IDLE_TIMEOUT_MS = 15_000;
/** A player who sent no input and no request for so long is closed, whatever else came: a place is for who plays. */
export const PLAY_IDLE_TIMEOUT_MS = 600_000;
export const TOKEN_LIFETIME_S = 60;
/** Of a resume ticket, since password or secret were shown. */
export const TICKET_LIFETIME_S = 24 * 60 * 60;
export const NAME_LENGTH_MIN = 3;
export const NAME_LENGTH_MAX = 24;

// --- channels over datagrams (src/transport/channels): what both ends must agree on is in proto/STANDARD.md
/** Payload of one datagram. A message that must fit one and doesn't is refused. */
export const PACKET_BYTES_MAX = 1200;
/** Packets acknowledged by one: its newest and the 31 before it. One that falls behind them unacknowledged is lost. */
export const ACK_PACKETS = 32;
/** Packets remembered until they are acknowledged, a power of two; the one before those is taken for lost. */
export const SENT_PACKETS_MAX = 128;
/** Bytes of one piece of the reliable stream. */
export const SEGMENT_BYTES_MAX = 1024;
/** Segments on the way at once, from server to client and back, powers of two; further ones wait. */
export const SEGMENTS_DOWN = 64;
export const SEGMENTS_UP = 16;
/** A reliable message; a longer one is refused by its sender, and breaks the stream when it comes all the same. */
export const RELIABLE_BYTES_DOWN_MAX = 262_144;
export const RELIABLE_BYTES_UP_MAX = FRAME_BYTES_MAX;
/** Reliable bytes that wait for their acknowledgement, powers of two; what doesn't fit is refused. */
export const QUEUE_BYTES_DOWN_MAX = 524_288;
export const QUEUE_BYTES_UP_MAX = 16_384;
/** Bytes of messages a second, and at once. Beyond it unreliable ones are refused and reliable ones wait. */
export const CHANNEL_BYTES_PER_SECOND_DOWN = 20_480;
export const CHANNEL_BYTES_PER_SECOND_UP = 4_096;
export const CHANNEL_BYTES_BURST_DOWN = 4_000;
export const CHANNEL_BYTES_BURST_UP = 2_000;

// --- clients that come by UDP
/** Challenges that wait for their response; the oldest makes room. */
export const HANDSHAKES_MAX = 8192;
/** Connect tokens that were shown and have not expired; the oldest makes room. */
export const USED_TOKENS_MAX = 65_536;

// --- what players write
/** Characters (code points) of a text after screening; a longer one is refused, `text_long`. */
export const CHAT_LENGTH_MAX = 256;
/** Bytes of a text as sent. A character has at most 4, and marks and joiners that are taken out have to fit. */
export const CHAT_BYTES_MAX = 1024;
/** One character in a row; more of it are taken out. Digits are exempt: a million stays one. */
export const TEXT_RUN_MAX = 6;
/** One word in a row; more are refused, `text_repeat`. */
export const TEXT_WORD_RUN_MAX = 6;
/** Marks on one letter; more are taken out. Vietnamese needs two, Hebrew three. */
export const TEXT_MARKS_MAX = 3;
/** Texts of a player are counted in windows of so long; a text may come twice in it, the third is `text_repeat`. */
export const TEXT_WINDOW_TICKS = 10 * TICK_HZ;
/** Texts in a window; further ones are refused unread, `text_rate`: screening costs up to 0.3 ms each. */
export const TEXTS_PER_WINDOW_MAX = 10;
/**
 * What texts of all players together may cost those who hear them, in bytes, each text counting for some more: the
 * writer's name, the event, its frame. To the whole zone: 4 KB a second, a fifth of what a client by UDP can get, which
 * is 20 short lines, faster than anybody reads; further ones are refused, `text_busy`. To one player from all who
 * whisper to it: half of that, `text_target_busy`. Five seconds of it may come at once.
 */
export const TEXT_COST_EACH = 160;
export const ZONE_TEXT_COST_PER_TICK = 68;
export const ZONE_TEXT_COST_BURST = 300 * ZONE_TEXT_COST_PER_TICK;
export const TARGET_TEXT_COST_PER_TICK = 34;
export const TARGET_TEXT_COST_BURST = 300 * TARGET_TEXT_COST_PER_TICK;
/** Half of the burst is kept for who has written at most so many texts in its window: a few who flood silence nobody. */
export const TEXTS_QUIET_MAX = 2;

// --- suspicion: points that what a player does is worth, and that are forgotten with time
/** One point is forgotten in so long: half a second. */
export const SUSPICION_LEAK_TICKS = TICK_HZ / 2;
/** From here on a player counts as a suspect: the operators are told, nothing happens to the player. */
export const SUSPICION_TELL = 100;
/**
 * From here on, and only by what no honest client does on any line, the connection is closed: goodbye `cheating`. At 5
 * points each that is five seconds of nothing but impossible inputs: a clock that jumps is repaired long before.
 */
export const SUSPICION_CLOSE = 1_500;
/** An input further ahead than this is no matter of a bad line: a client silent for so long is gone (IDLE_TIMEOUT_MS). */
export const TIME_WARP_TICKS = (IDLE_TIMEOUT_MS / 1000) * TICK_HZ;

// --- between threads
export const INPUT_RING_BYTES = 1 << 21;
export const OUTPUT_RING_BYTES = 1 << 21;
export const SAVE_RING_BYTES = 1 << 20;
/** Of each thread that makes spans, about a thousand; when it is full the newest are dropped (counted). */
export const SPAN_RING_BYTES = 1 << 18;

// --- how they relate
assert(
  BASELINE_AGE_TICKS_MAX + FRAME_LAG_TICKS_MAX + 1 < HISTORY_FRAMES,
  'an edge that lags still reads the oldest baseline, while the zone writes the next frame',
);
assert(BASELINE_AGE_TICKS_MAX < 128, 'a baseline age is one varint byte');
assert(REWIND_TICKS_MAX * 1000 <= 250 * TICK_HZ, 'hits are judged at most 250 ms back');
assert(HISTORY_FRAMES * TICK_MS >= 1500, 'history covers 250 ms of rewind and over a second of lost acknowledgements');
assert((PENDING_INPUTS & (PENDING_INPUTS - 1)) === 0, 'pending inputs are indexed with a mask');
assert(PENDING_INPUTS * TICK_MS >= 500, 'a client half a second ahead still gets its inputs in');
assert(FRAMES_PER_SECOND_MAX > TICK_HZ * 2, 'an honest client sends an input a tick and a few requests and pings');
assert(FLOOD_SECONDS > 1, 'what a line held back comes within one second, and is no flood');
assert(SNAPSHOT_BYTES_MAX <= 1200, 'a snapshot fits one datagram');
assert(
  (SNAPSHOT_BYTES_MAX * TICK_HZ) / SNAPSHOT_INTERVAL_TICKS <= 0.9 * CHANNEL_BYTES_PER_SECOND_DOWN,
  'snapshots leave a tenth of what a client may get to events',
);
assert((SENT_PACKETS_MAX & (SENT_PACKETS_MAX - 1)) === 0, 'sent packets are indexed with a mask');
assert(SENT_PACKETS_MAX >= TICK_HZ + ACK_PACKETS, 'a packet a tick is remembered for a round trip of a second');
for (const [segments, queueBytes, messageBytes] of [
  [SEGMENTS_DOWN, QUEUE_BYTES_DOWN_MAX, RELIABLE_BYTES_DOWN_MAX],
  [SEGMENTS_UP, QUEUE_BYTES_UP_MAX, RELIABLE_BYTES_UP_MAX],
] as const) {
  assert((segments & (segments - 1)) === 0 && segments <= 64, 'segments are indexed with a mask, in two words of bits');
  assert((queueBytes & (queueBytes - 1)) === 0, 'a queue is indexed with a mask');
  assert(queueBytes > messageBytes + 4, 'the longest message and its length fit the queue');
}
assert(SEGMENT_BYTES_MAX + 14 <= PACKET_BYTES_MAX, 'a segment fits a packet');
assert(TOLD_BYTES_MAX + 4 <= SEGMENT_BYTES_MAX, 'what a client is told fits a segment, its length included');
assert(CHANNEL_BYTES_BURST_DOWN >= SNAPSHOT_BYTES_MAX, 'a snapshot fits the burst');
assert(CHAT_BYTES_MAX >= 4 * CHAT_LENGTH_MAX, 'a text of the longest length fits its bytes');
assert(CHAT_BYTES_MAX < FRAME_BYTES_MAX, 'a text fits a frame');
assert(
  (ZONE_TEXT_COST_PER_TICK + TARGET_TEXT_COST_PER_TICK) * TICK_HZ <= 0.3 * CHANNEL_BYTES_PER_SECOND_DOWN,
  'what others write takes less than a third of what a client may get',
);
assert(2 * (CHAT_BYTES_MAX + TEXT_COST_EACH) <= TARGET_TEXT_COST_BURST, 'half a burst has room for the longest text');
assert(
  ANSWERS_MAX >= (REQUEST_COST_PER_TICK / REQUEST_COST_EACH) * (LINGER_TICKS + 2 * TICK_HZ),
  'who lost the connection and still stands in the zone finds its answers, however many others ask meanwhile',
);
assert(LINGER_TICKS >= TEXT_WINDOW_TICKS, 'who leaves and comes back has not escaped the count of texts');
assert(SUSPICION_CLOSE > 10 * SUSPICION_TELL, 'operators hear of a suspect long before it is thrown out');
assert(TIME_WARP_TICKS > PENDING_INPUTS, 'a time warp is further ahead than an early input');
assert(PLAYERS_MAX * 2 <= ENTITIES_MAX, 'each player is an entity, and half of them are kept for players');
assert(STRANGERS_PER_ADDRESS_MAX * 8 <= STRANGERS_MAX, 'a few hosts do not fill the door of an edge');
assert(PLAYERS_PER_ADDRESS_DEFAULT * 32 <= PLAYERS_MAX, 'a few hosts do not fill a zone');
assert(INPUT_RING_BYTES >= PLAYERS_MAX * 64 * 4, 'the input ring holds four inputs of every player');
assert(SAVE_RING_BYTES >= PLAYERS_MAX * 256, 'the save ring holds one save of every player');

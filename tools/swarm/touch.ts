// Asks for a bot's memory before it is used. What is known of one bot lies in some two hundred places, and of hundreds of
// bots none is left in the cache when it is their turn again: one after the other, as the code goes, waiting for these
// was more than half of a light bot's time. Here they are read for several bots in a row, with nothing between that
// depends on what is read, so that the processor waits for many at once. By depth: what is found in one line of these
// is read in a later one. It changes nothing, and may miss what it likes: that is fetched when it is used, as ever.
// Bots process; pure.

import type { DatagramSocket } from '../../src/client/datagram-socket.ts';
import type { Client } from '../../src/client/state.ts';
import type { Doer } from './deeds.ts';
import type { Fighter, FighterView } from './fighter.ts';
import type { LightClient } from './light-client.ts';
import type { Wander } from './wander.ts';

/** Bytes of a line of the cache, in words and doubles. */
const LINE_WORDS = 16;

/** Where the sums of what is read go: dropped, they and the reading would be optimised away. */
const kept = new Float64Array(1);

/** A connection: seal, channels. */
export function touchSocket(socket: DatagramSocket): void {
  const { transport, channels, calm } = socket;
  const { rekey, counts, token } = transport;
  const { stats, budget, sender, receiver, sent, received } = channels;
  let sum = transport.heardMs + transport.sentMs + channels.end + channels.packet + calm.bytes + calm.updatedMs;
  sum += counts[0]! + stats.rttMs + stats.jitterMs + stats.lossOutShare + stats.lossInShare + stats.bytesIn;
  sum += stats.packetsIn + received.newestMs + received.ackDueMs + sender.head + receiver.expected + sent.count;
  sum += sent.loss.seen + received.loss.seen + sender.oldest + receiver.messageFrom;
  const { own, reliable } = budget;
  sum += own.bytes + own.updatedMs + own.spent + reliable.bytes + reliable.updatedMs + reliable.spent;
  const newest = sent.count & 127;
  sum += sent.sentMs[newest]! + sent.segmentsLow[newest]! + sent.segmentsHigh[newest]! + sent.outcomes[newest]!;
  sum += sent.segmentBases[newest]! + sent.isAcked[newest]! + sent.sentMs[(newest - 16) & 127]!;
  if (token !== undefined) sum += token.addresses[transport.serverIndex]![0]!;
  kept[0] = sum;
  if (rekey === undefined) return;
  const { codec, current } = rekey;
  sum += rekey.settledMs + codec.type + codec.additional[0]! + codec.nonce[0]! + codec.id[0]!;
  const { clientKey, serverKey, window, sequence } = current;
  sum += clientKey[0]! + serverKey[0]! + window[0]! + window[LINE_WORDS]! + window[2 * LINE_WORDS]! + sequence[0]!;
  kept[0] = sum;
}

/** What of a bot is read here. */
export interface Touchable {
  readonly client: Client;
  readonly light: LightClient | undefined;
  readonly wander: Wander;
  readonly fighter: Fighter | undefined;
  readonly view: FighterView;
  readonly doer: Doer;
  readonly dueMs: number;
  readonly ranMs: number;
  readonly playedMs: number;
  readonly silentMs: number;
  readonly awayMs: number;
  readonly stateMs: number;
}

/** A light bot, by the time a snapshot comes. */
export function touchBot(bot: Touchable): void {
  const { client, light, wander, doer, fighter, view } = bot;
  let sum =
    bot.stateMs + bot.dueMs + bot.ranMs + bot.playedMs + bot.silentMs + bot.awayMs + wander.decideMs + wander.updatedMs;
  sum += doer.actedTick + wander.turnPerS + client.pingDueMs + client.snapshotMs + client.updatedMs + client.deadlineMs;
  const { sync, stats, own, intent, replicas, welcome, requests, reader, options, prediction } = client;
  sum += stats.rttMs + stats.jitterMs + stats.inputLead + stats.snapshots + stats.bytesDown + stats.bytesUp;
  sum += own.x + own.y + own.z + intent.aim + intent.moveX + intent.moveZ + reader.offset + requests.size;
  sum += sync.tick + sync.phase + sync.rate + sync.jitterMs + sync.rttMs + sync.holdUpTicks + sync.holdUpMs;
  sum += sync.serverOffset + sync.pace + sync.paceTick + sync.wayTicks + sync.snapshotAgeTicks + sync.updatedMs;
  sum += sync.ageCount + sync.sentMs[sync.tick & 127]! + sync.sentMs[(sync.tick - 8) & 127]!;
  sum += (options.repeatInputs ?? 0) + (prediction?.tick ?? 0);
  if (fighter !== undefined) {
    sum += fighter.lookTick + fighter.stillUntil + fighter.lastX + fighter.lastZ + fighter.speedX + fighter.speedZ;
    sum += (view.own.health ?? 0) + (view.own.stamina ?? 0);
  }
  if (light !== undefined) {
    const { words, held, lengths } = light;
    sum += light.owed + words[0]! + words[LINE_WORDS]! + lengths[0]!;
    for (let at = 0; at < held.length; at += 64) sum += held[at]!;
  }
  const replica = welcome === undefined ? undefined : replicas.bySlot.get(welcome.slot);
  const staged = replicas.staged[0];
  kept[0] = sum;
  if (replica === undefined || staged === undefined) return;
  const { ticks, values, count } = replica;
  const { length } = staged.values;
  sum += ticks[count - 1]! + replicas.entered.length + replicas.left.length + staged.baselineTick;
  for (let at = 0; at < length; at += LINE_WORDS) sum += staged.values[at]! + staged.differences[at]!;
  sum += staged.changedRows[0]!;
  for (
    let at = Math.max(0, (count - 4) * length);
    at < count * length + LINE_WORDS && at < values.length;
    at += LINE_WORDS
  )
    sum += values[at]!;
  kept[0] = sum;
}

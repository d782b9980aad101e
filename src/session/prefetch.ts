// Fetches early what the next packets and snapshots will touch. Edge threads; reads, changes nothing.
//
// What is known of ten thousand connections doesn't fit the processor's cache, and each packet touches some forty lines of
// it, most of them found only through the one before: it waits for memory forty times. Here many packets take one step
// each, so that their lines come at the same time (docs/decisions/0014-hot-path.md). A step reads fields only to have them
// fetched; their sum is kept so that the compiler can't leave the reading out.

import { prefetchViewer } from '../snapshot/viewer.ts';
import { ADDRESS_WORDS } from '../transport/address.ts';
import { isBoundPrefix } from '../transport/bound-packet.ts';
import { findKey, type KeyTable } from '../transport/key-table.ts';
import { replayPlace } from '../transport/replay-window.ts';
import { readWord } from '../transport/u64.ts';
import type { PacketBatch } from '../transport/udp-port.ts';
import type { Datagrams } from './datagrams.ts';
import type { Edge } from './edge.ts';

/** Packets that are looked at together: more would push each other out of the cache before they are read. */
export const PREFETCH_PACKETS = 16;

/** Viewers: each has some thirty lines. */
export const PREFETCH_VIEWERS = 8;

const pairs = new Int32Array(PREFETCH_PACKETS);
const id = new Uint32Array(1);
const sums = new Float64Array(1);

/**
 * From the wire: of a batch that came, the packets from `first` on, PREFETCH_PACKETS at most, whatever is in them. Returns
 * how many say that they are of a connection.
 */
export function prefetchDatagrams(datagrams: Datagrams, batch: PacketBatch, first: number): number {
  const { links } = datagrams;
  const { slots, rekeys } = datagrams.server;
  if (rekeys === undefined) return 0;
  const { keySets } = rekeys;
  const count = findPairs(datagrams, keySets.byId, batch, first);
  let sum = 0;
  for (let index = 0; index < count; index++) {
    const pair = pairs[index]!;
    const slot = pair >> 1;
    sum += links[slot]!.slot + keySets.clientKeys[pair]!.length + keySets.windows[replayPlace(pair)]!;
    sum += slots.heardMs[slot]! + slots.addresses[slot * ADDRESS_WORDS]! + keySets.current[slot]!;
  }
  for (let index = 0; index < count; index++) {
    const pair = pairs[index]!;
    const link = links[pair >> 1]!;
    sum += keySets.clientKeys[pair]![0]! + link.channels.packet + link.heldUntilMs;
    if (link.connection !== undefined) sum += link.connection.inputTick + link.connection.state;
  }
  for (let index = 0; index < count; index++) {
    const { channels, connection } = links[pairs[index]! >> 1]!;
    sum += channels.stats.packetsIn + channels.received.unacked + channels.sent.count + channels.sender.head;
    sum += channels.receiver.expected + channels.end;
    if (connection !== undefined) sum += connection.budget.secondFrames + connection.heardMs;
  }
  for (let index = 0; index < count; index++) {
    const { channels, connection } = links[pairs[index]! >> 1]!;
    const { received, stats } = channels;
    sum += received.ackDueMs + received.newestMs + received.loss.seen + stats.rttMs + stats.lossInShare;
    if (connection === undefined) continue;
    const { budget, viewer } = connection;
    sum += budget.frames + budget.bytes + budget.requests + budget.updatedMs + budget.secondMs + connection.playedMs;
    if (viewer !== undefined) sum += viewer.ackedTick + viewer.recordTop;
  }
  sums[0] = sum;
  return count;
}

/** Before the snapshots of `tick`: of the connections that are `due`, those from place `first` on, PREFETCH_VIEWERS at most. */
export function prefetchViewers({ connections, due }: Edge, first: number, count: number, tick: number): void {
  const end = Math.min(count, first + PREFETCH_VIEWERS);
  let sum = 0;
  for (let place = first; place < end; place++) {
    const connection = connections[due[place]!];
    if (connection?.viewer === undefined) continue;
    const { viewer, link } = connection;
    sum += viewer.end + viewer.voidedTick;
    if (link.channels !== undefined) sum += link.channels.end;
  }
  for (let place = first; place < end; place++) {
    const connection = connections[due[place]!];
    if (connection?.viewer === undefined) continue;
    sum += prefetchViewer(connection.viewer, tick);
    const { channels } = connection.link;
    if (channels === undefined) continue;
    const { stats, received, sent, sender, budget } = channels;
    sum += stats.packetsOut + received.unacked + sent.count + sender.head;
    sum += budget.own.refused + budget.reliable.refused;
  }
  for (let place = first; place < end; place++) {
    const channels = connections[due[place]!]?.link.channels;
    if (channels === undefined) continue;
    const { received, sent, budget } = channels;
    sum += received.ackDueMs + received.newestMs + budget.own.bytes + budget.reliable.bytes + sent.sentMs[0]!;
  }
  sums[0] = sum;
}

/** Fills in the key pairs of those that come from somebody known. Returns how many. */
function findPairs(
  { links }: Datagrams,
  byId: KeyTable,
  { bytes, lengths, capacity, count }: PacketBatch,
  first: number,
): number {
  const stride = bytes.length / capacity;
  const end = Math.min(count, first + PREFETCH_PACKETS);
  let found = 0;
  for (let index = first; index < end; index++) {
    const from = index * stride;
    const prefix = bytes[from]!;
    const idAt = 1 + (prefix >>> 4);
    if (!isBoundPrefix(prefix) || lengths[index]! < idAt + 4) continue;
    id[0] = readWord(bytes, from + idAt);
    const pair = findKey(byId, id, 0);
    if (pair >= 0 && links[pair >> 1] !== undefined) pairs[found++] = pair;
  }
  return found;
}

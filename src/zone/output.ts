// What a zone tells the edges: messages for one client or for all, through the staged output rings, so that nothing of a
// tick goes out unless its keyframe is written. Zone thread.

import { assert } from '../base/assert.ts';
import type { Writer } from '../base/bytes.ts';
import type { Counters } from '../base/counters.ts';
import type { StagedRingWriter } from '../base/ring.ts';
import { CLIENT_ALL, CLIENT_BITS, writeBareRecord, writeLeftRecord } from '../wire/zone-records.ts';
import type { Commits } from './commits.ts';
import { hold, type ZoneJournal } from './journal.ts';

/** The parts of a zone that speak; a Zone fits. */
export interface ZoneOutput {
  readonly writer: Writer;
  readonly outputs: readonly StagedRingWriter[];
  readonly counters: Counters<'zone'>;
  readonly isReplaying: boolean;
}

/** The parts that speak of what was promised. */
export interface ZonePromises extends ZoneOutput {
  readonly commits: Commits;
  readonly journal: ZoneJournal | undefined;
}

/** The body of the record is written to the writer that comes back; `endRecord` sends it. */
export function beginRecord(zone: ZoneOutput, kind: number, client: number): Writer {
  const { writer } = zone;
  writer.reset();
  writer.u8(kind);
  writer.u16(client);
  return writer;
}

export function endRecord(zone: ZoneOutput, client: number): void {
  assert(!zone.writer.failed, 'a response or event fits a record');
  pushOutput(zone, client);
}

export function sendBare(zone: ZoneOutput, kind: number, client: number): void {
  zone.writer.reset();
  writeBareRecord(zone.writer, kind, client);
  pushOutput(zone, client);
}

export function sendLeft(zone: ZoneOutput, client: number, reason: string): void {
  zone.writer.reset();
  writeLeftRecord(zone.writer, client, reason);
  pushOutput(zone, client);
}

/** Like `endRecord`, once all that this tick promises is on disk. */
export function holdRecord(zone: ZonePromises, client: number): void {
  const { journal, writer, commits } = zone;
  if (journal === undefined || zone.isReplaying || !commits.isOpen) {
    endRecord(zone, client);
    return;
  }
  assert(!writer.failed, 'a response or event fits a record');
  hold(journal, client, writer.copy());
}

/** One that was held. */
export function sendRecord(zone: ZoneOutput, client: number, record: Uint8Array): void {
  zone.writer.reset();
  zone.writer.raw(record);
  pushOutput(zone, client);
}

/** What was written goes to the client's edge, or to every edge. A full ring loses it; that is counted. */
export function pushOutput(zone: ZoneOutput, client: number): void {
  if (zone.isReplaying) return;
  const { bytes, offset } = zone.writer;
  for (let edge = 0; edge < zone.outputs.length; edge++) {
    if (client !== CLIENT_ALL && client >>> CLIENT_BITS !== edge) continue;
    if (!zone.outputs[edge]!.push(bytes, 0, offset)) zone.counters.words[zone.counters.index.outputDropped]!++;
  }
}

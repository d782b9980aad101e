// What can be done about a damaged journal: everything from the damage on, and all keyframes, are put aside into a folder of
// their own, never deleted, and the longest valid part before it stays. The tool, while no server runs; pure, over a port. Each step leaves
// the journal either damaged as before or repaired: a repair that was cut off is done again.

import type { JournalFiles } from './files.ts';
import { PACKED_SUFFIX, segmentName } from './format.ts';
import { keyframeOfName } from './keyframe-file.ts';
import type { TickRecord } from './records.ts';
import { type JournalScan, readLooseGroups, readSegment } from './scan.ts';

/** What still can be read behind a damage. */
export interface Lost {
  /** Highest group that is known of, less those that stay. */
  groups: number;
  /** Of them, those that are whole. */
  wholeGroups: number;
  /** Of each zone: how many ticks of the whole groups, and their range. */
  readonly ticks: Map<number, { count: number; first: number; last: number }>;
  /** Bytes that are put aside. */
  bytes: number;
  /** Ticks with commits. */
  readonly commits: TickRecord[];
}

export interface Repaired {
  /** Into which the damaged files went. */
  readonly aside: string;
  readonly files: readonly string[];
  readonly lost: Lost;
}

/** Reads what stands behind the damage, chained or not. Changes nothing. */
export function findLost(files: JournalFiles, scan: JournalScan): Lost {
  const lost: Lost = { groups: 0, wholeGroups: 0, ticks: new Map(), bytes: 0, commits: [] };
  const { damage } = scan;
  if (damage === undefined) return lost;
  let last = scan.next.sequence - 1;
  for (const name of damagedNames(scan)) {
    const bytes = readSegment(files, name);
    const from = name === damage.name ? damage.offset : 0;
    lost.bytes += bytes === undefined ? files.read(name).length : bytes.length - from;
    if (bytes === undefined) continue;
    for (const { sequence, records } of readLooseGroups(files, bytes, from)) {
      if (sequence < scan.next.sequence) continue;
      lost.wholeGroups++;
      last = Math.max(last, sequence);
      for (const record of records) if (record.kind === 'tick') countTick(lost, record);
    }
  }
  lost.groups = last - scan.next.sequence + 1;
  return lost;
}

function countTick(lost: Lost, record: TickRecord): void {
  const { zoneId, tick } = record;
  const range = lost.ticks.get(zoneId) ?? { count: 0, first: tick, last: tick };
  range.count++;
  range.first = Math.min(range.first, tick);
  range.last = Math.max(range.last, tick);
  lost.ticks.set(zoneId, range);
  if (record.hasCommits) lost.commits.push(record);
}

/** From the damaged one on. */
function damagedNames({ names, damage }: JournalScan): readonly string[] {
  return names.slice(names.indexOf(damage!.name));
}

/** @param aside name of a folder that isn't there yet. */
export function repairJournal(files: JournalFiles, scan: JournalScan, aside: string): Repaired {
  const { damage } = scan;
  const lost = findLost(files, scan);
  if (damage === undefined) return { aside, files: [], lost };
  const [damaged, ...later] = damagedNames(scan);
  // The store may have applied what is lost: zones that went on from a state of before would be behind it.
  const keyframes = files.list().filter((name) => keyframeOfName(name) !== undefined);
  files.makeFolder(aside);
  for (const name of keyframes) files.rename(name, `${aside}/${name}`);
  files.syncFolder(aside);
  files.syncFolder();
  write(files, `${aside}/${damaged!}`, files.read(damaged!));
  files.syncFolder(aside);
  // Newest first: what is left in between is a valid part and its damage, or nothing behind it.
  for (const name of later.toReversed()) {
    files.rename(name, `${aside}/${name}`);
    files.syncFolder(aside);
    files.syncFolder();
  }
  keepValidPart(files, scan, damaged!);
  return { aside, files: [damaged!, ...later, ...keyframes], lost };
}

/** The valid part of the damaged segment takes the place of it in one step. */
function keepValidPart(files: JournalFiles, scan: JournalScan, name: string): void {
  const kept = scan.segments.find((segment) => segment.name === name);
  const bytes = readSegment(files, name);
  if (kept === undefined || bytes === undefined) {
    files.remove(name);
    files.syncFolder();
    return;
  }
  const whole = segmentName(kept.header.segment);
  write(files, `${whole}.tmp`, bytes.subarray(0, kept.end));
  files.syncFolder();
  files.rename(`${whole}.tmp`, whole);
  files.syncFolder();
  if (name.endsWith(PACKED_SUFFIX)) files.remove(name);
  files.syncFolder();
}

function write(files: JournalFiles, name: string, bytes: Uint8Array): void {
  const file = files.create(name);
  try {
    file.writeAt(0, bytes, 0, bytes.length);
    file.sync();
  } finally {
    file.close();
  }
}

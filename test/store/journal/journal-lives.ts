// A journal that lives many lives on a disk that does its worst, beside a naive model of what it has promised. Returns
// what is wrong, so that a journal which is broken on purpose can be seen to be found out.

import { createRandom, type Random } from '../../../src/base/random.ts';
import { packSegment } from '../../../src/io/journal-jobs.ts';
import type { JournalFiles } from '../../../src/store/journal/files.ts';
import { BLOCK_BYTES } from '../../../src/store/journal/format.ts';
import type { JournalRecord, StartRecord } from '../../../src/store/journal/records.ts';
import { type JournalGroup, type JournalScan, mendTail, scanJournal } from '../../../src/store/journal/scan.ts';
import { createJournalWriter, type JournalWriter } from '../../../src/store/journal/writer.ts';
import { createFaultyFiles, DiskError, type FaultyFiles, PowerCut } from './faulty-files.ts';

export interface Lives {
  readonly seed: number;
  readonly lives: number;
  /** Breaks the journal, on purpose. */
  readonly wrap?: (files: JournalFiles) => JournalFiles;
  /** Chance of an operation to fail, 1 of so many; 0: never. */
  readonly failOneOf: number;
}

export interface LivesResult {
  readonly problem: string | undefined;
  readonly acknowledged: number;
  readonly cuts: number;
  readonly failures: number;
  readonly removed: number;
  readonly packed: number;
}

const OPENING: StartRecord = {
  kind: 'start',
  zoneId: 1,
  zoneEpoch: 1,
  tick: 0,
  game: 'test',
  gameVersion: '1',
  assets: ['gold'],
  accounts: ['opening'],
};

export function openWriter(files: JournalFiles, scan: JournalScan, random: Random): JournalWriter {
  return createJournalWriter({
    files,
    nodeId: 'node-of-a-test',
    next: scan.next,
    segmentBytes: (2 + random.below(8)) * BLOCK_BYTES,
    preallocateBytes: random.below(4) * BLOCK_BYTES,
    wallMs: () => 1_700_000_000_000,
    drawSalt: () => random.u32(),
    opening: () => [OPENING],
    onSegment: () => undefined,
  });
}

export function drawRecords(random: Random): JournalRecord[] {
  return Array.from({ length: random.below(4) }, (_, index) => {
    const payload = new Uint8Array(random.below(8) === 0 ? random.below(3 * BLOCK_BYTES) : random.below(64));
    for (let at = 0; at < payload.length; at++) payload[at] = random.u32();
    return { kind: 'tick', zoneId: index, zoneEpoch: 1, tick: random.below(1000), payload, hasCommits: index === 0 };
  });
}

/** To compare groups by, without what each segment begins with. */
function toText(records: readonly JournalRecord[]): string {
  return records
    .filter((record) => record.kind === 'tick')
    .map((record) => `${record.zoneId}/${record.tick}/${Buffer.from(record.payload).toString('base64')}`)
    .join(' ');
}

export function runLives({ seed, lives, wrap, failOneOf }: Lives): LivesResult {
  const random = createRandom(seed);
  const disk = createFaultyFiles(random);
  const files = wrap?.(disk) ?? disk;
  const count = { cuts: 0, failures: 0, removed: 0, packed: 0 };
  const tidied = { until: 0 };
  /** Of group n+1 at n. */
  const acknowledged: string[] = [];
  /** What was tried as the next group: each may be there, if whole. */
  let tried: string[] = [];
  const end = (problem?: string): LivesResult => ({ problem, acknowledged: acknowledged.length, ...count });
  for (let life = 0; life < lives; life++) {
    disk.before = () => undefined;
    const groups: JournalGroup[] = [];
    const scan = scanJournal(files, { onGroup: (group) => void groups.push(group) });
    if (scan.damage !== undefined) return end(`life ${life}: damage ${JSON.stringify(scan.damage)}`);
    const problem = compare(groups, scan.next.sequence - 1, tidied.until, acknowledged, tried);
    if (problem !== undefined) return end(`life ${life}: ${problem}`);
    armFaults(disk, random, failOneOf, count);
    try {
      mendTail(files, scan);
      // Whoever opened it acts upon what it found: from here on it must stay.
      if (scan.next.sequence > acknowledged.length + 1) acknowledged.push(toText(groups.at(-1)!.records));
      tried = [];
      live(files, openWriter(files, scan, random), random, acknowledged, tried, { count, tidied });
    } catch (error) {
      if (!(error instanceof PowerCut || error instanceof DiskError)) throw error;
    }
    // Else the process alone died: what it wrote is in the cache still.
    if (random.below(3) > 0) disk.cutPower();
  }
  return end();
}

interface Tidying {
  readonly count: { removed: number; packed: number };
  /** Groups up to this one have been removed, by right. */
  readonly tidied: { until: number };
}

/** @param last the last group that the journal knows of */
function compare(
  groups: readonly JournalGroup[],
  last: number,
  tidiedUntil: number,
  acknowledged: readonly string[],
  tried: readonly string[],
): string | undefined {
  if (last < acknowledged.length) return `${acknowledged.length} groups were acknowledged, ${last} are there`;
  const first = groups[0]?.sequence ?? last + 1;
  if (first > tidiedUntil + 1) return `groups from ${tidiedUntil + 1} on are missing`;
  if (groups.length !== last + 1 - first) return `of groups ${first} to ${last} some are missing`;
  for (const { sequence, records } of groups) {
    const text = toText(records);
    if (sequence <= acknowledged.length) {
      if (acknowledged[sequence - 1] !== text) return `group ${sequence} is another one`;
    } else if (sequence > acknowledged.length + 1 || !tried.includes(text))
      return `group ${sequence} was never written`;
  }
  return undefined;
}

function live(
  files: JournalFiles,
  writer: JournalWriter,
  random: Random,
  acknowledged: string[],
  tried: string[],
  { count, tidied }: Tidying,
): void {
  for (let step = random.below(30); step > 0; step--) {
    try {
      if (random.below(8) === 0) tidy(files, random, { count, tidied });
      const records = drawRecords(random);
      tried.push(toText(records));
      const sequence = writer.append(records);
      if (sequence !== acknowledged.length + 1) throw new Error(`group ${sequence} was said`);
      acknowledged.push(tried.at(-1)!);
      tried.length = 0;
    } catch (error) {
      // A disk that fails is tried again, one without power isn't.
      if (!(error instanceof DiskError)) throw error;
    }
  }
}

/** As the keeper does it: a finished segment is packed, or the oldest goes. */
function tidy(files: JournalFiles, random: Random, { count, tidied }: Tidying): void {
  const { segments } = scanJournal(files);
  const finished = segments.slice(0, -1);
  const oldest = finished[0];
  if (oldest === undefined) return;
  if (random.below(2) === 0 && segments.length > 3) {
    // From here on they may be gone.
    tidied.until = oldest.endSequence - 1;
    files.remove(oldest.name);
    files.syncFolder();
    count.removed++;
    return;
  }
  const plain = finished.find(({ name }) => name.endsWith('.journal'));
  if (plain === undefined) return;
  packSegment(files, plain.name);
  count.packed++;
}

function armFaults(
  disk: FaultyFiles,
  random: Random,
  failOneOf: number,
  count: { cuts: number; failures: number },
): void {
  let untilCut = random.below(4) === 0 ? Number.POSITIVE_INFINITY : random.below(120);
  disk.before = () => {
    if (--untilCut < 0) {
      count.cuts++;
      throw new PowerCut();
    }
    if (failOneOf === 0 || random.below(failOneOf) > 0) return;
    count.failures++;
    throw new DiskError(random.below(2) === 0 ? 'ENOSPC' : 'EIO');
  };
}

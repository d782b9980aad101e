// Reads a journal and says what it is worth: every group is checked and chained to the one before. Where the chain ends,
// either nothing valid follows, then the tail was torn and is cut off, since it can't have been acknowledged; or something
// does, then what is missing had been acknowledged, and that is damage, which is never passed over. Store thread before
// anything else runs, and the tool; pure, over a port.
//
// A group that was not acknowledged may stand in a segment that failed: the next one's header says from which group on it
// goes on, and what the earlier has from there on is void.

import { ServerError } from '../../base/errors.ts';
import type { JournalFiles } from './files.ts';
import {
  BLOCK_BYTES,
  decodeSegmentHeader,
  inBlocks,
  isZero,
  JOURNAL_VERSION,
  type JournalMark,
  PACKED_SUFFIX,
  readGroup,
  type SegmentHeader,
  segmentName,
  segmentOfName,
} from './format.ts';
import { decodeRecords, type JournalRecord } from './records.ts';
import type { JournalPlace } from './writer.ts';

export interface ScannedSegment {
  readonly name: string;
  readonly header: SegmentHeader;
  /** Sequence after its last group. */
  readonly endSequence: number;
  /** Of its last group and behind it. */
  readonly lastFrom: number;
  readonly end: number;
  /** Of the file. */
  readonly bytes: number;
}

export interface Damage {
  readonly name: string;
  readonly offset: number;
  readonly what: string;
}

export interface JournalScan {
  /** Those whose groups are valid, oldest first, up to the first damage. */
  readonly segments: readonly ScannedSegment[];
  /** Names of all segments' files, oldest first; a packed one only if the plain one is gone. */
  readonly names: readonly string[];
  readonly next: JournalPlace;
  /** To cut: the newest segment's bytes from `offset` on, none of them acknowledged. */
  readonly torn?: { readonly name: string; readonly offset: number; readonly bytes: number } | undefined;
  readonly damage?: Damage | undefined;
}

export interface JournalGroup extends JournalMark {
  readonly records: readonly JournalRecord[];
}

/** Hears of every segment and group of the valid part, in order. */
export interface JournalVisitor {
  onSegment?(header: SegmentHeader): void;
  onGroup(group: JournalGroup): void;
}

interface Chain {
  sequence: number;
  previous: number;
}

interface Opened {
  readonly name: string;
  readonly bytes: Uint8Array | undefined;
  readonly header: SegmentHeader | undefined;
}

/** Throws ServerError DARKAGES_JOURNAL_NEWER, and what the system says; damage is in what it returns. */
export function scanJournal(files: JournalFiles, visitor?: JournalVisitor): JournalScan {
  const names = listSegments(files);
  const segments: ScannedSegment[] = [];
  const opener = createOpener(files);
  let chain: Chain | undefined;
  let torn: JournalScan['torn'];
  let damage: Damage | undefined;
  for (const [index, name] of names.entries()) {
    const segment = opener.open(name);
    const { bytes, header } = segment;
    damage = findUnreadable(segment);
    if (damage !== undefined) break;
    // Begun and never used: nothing was written behind its header, or not even that.
    if (header === undefined || bytes === undefined) continue;
    chain ??= { sequence: header.first, previous: header.previous };
    damage = findBreak(name, header, chain, segments.at(-1));
    if (damage !== undefined) break;
    visitor?.onSegment?.(header);
    const follower = findHeader(opener, names.slice(index + 1));
    const walked = walkSegment(files, bytes, header, chain, follower?.first ?? Number.POSITIVE_INFINITY, visitor);
    segments.push({ name, header, endSequence: chain.sequence, ...walked, bytes: bytes.length });
    damage = findDamage(files, segment, walked, chain, follower);
    // Nothing is wrong with this one: what should follow is missing, or can't be read.
    if (damage !== undefined && isZero(bytes, walked.end, bytes.length)) {
      damage = findFirstUnreadable(files, names.slice(index + 1)) ?? damage;
    }
    if (damage !== undefined) break;
    const isNewest = follower === undefined;
    const isTorn = isNewest && !isZero(bytes, walked.end, bytes.length);
    torn = isTorn ? { name, offset: walked.end, bytes: bytes.length - walked.end } : undefined;
  }
  // What looks like damage to this version may be the next one's way: it is said of all first.
  if (damage !== undefined) for (const name of names) opener.readHeader(name);
  const newest = names.at(-1);
  const segment = newest === undefined ? 1 : segmentOfName(newest)! + 1;
  const next = { segment, sequence: chain?.sequence ?? 1, previous: chain?.previous ?? 0 };
  return { segments, names, next, torn: damage === undefined ? torn : undefined, damage };
}

function listSegments(files: JournalFiles): string[] {
  const all = files.list().filter((name) => segmentOfName(name) !== undefined);
  const plain = new Set(all.filter((name) => !name.endsWith(PACKED_SUFFIX)));
  return all
    .filter((name) => plain.has(name) || !plain.has(name.slice(0, -PACKED_SUFFIX.length)))
    .sort((a, b) => segmentOfName(a)! - segmentOfName(b)!);
}

interface Opener {
  open(name: string): Opened;
  readHeader(name: string): SegmentHeader | undefined;
}

/** A packed segment has to be unpacked for its header: the last of them is kept, since it is mostly the next to be opened. */
function createOpener(files: JournalFiles): Opener {
  let unpacked: Opened | undefined;
  const open = (name: string): Opened => {
    const segment = unpacked?.name === name ? unpacked : openSegment(files, name);
    refuseNewer(files, name, segment.header);
    return segment;
  };
  return {
    open,
    readHeader(name) {
      if (name.endsWith(PACKED_SUFFIX)) {
        unpacked = open(name);
        return unpacked.header;
      }
      const header = decodeSegmentHeader(files.readStart(name, BLOCK_BYTES), files.crc32);
      refuseNewer(files, name, header);
      return header;
    },
  };
}

function findHeader(opener: Opener, names: readonly string[]): SegmentHeader | undefined {
  for (const name of names) {
    const header = opener.readHeader(name);
    if (header !== undefined) return header;
  }
  return undefined;
}

function refuseNewer(files: JournalFiles, name: string, header: SegmentHeader | undefined): void {
  if (header === undefined || header.version <= JOURNAL_VERSION) return;
  throw new ServerError(
    'DARKAGES_JOURNAL_NEWER',
    `The journal ${files.folder}/${name} was written by a newer DarkAges (format ${header.version}, this one knows ${JOURNAL_VERSION}): start that one.`,
  );
}

function openSegment(files: JournalFiles, name: string): Opened {
  const bytes = readSegment(files, name);
  return { name, bytes, header: bytes && decodeSegmentHeader(bytes, files.crc32) };
}

/** The content of a segment; undefined when it is packed and can't be unpacked. */
export function readSegment(files: JournalFiles, name: string): Uint8Array | undefined {
  const bytes = files.read(name);
  if (!name.endsWith(PACKED_SUFFIX)) return bytes;
  try {
    return files.unpack(bytes);
  } catch {
    // Not whole, and what is in it nobody knows: the caller says so.
    return undefined;
  }
}

function findUnreadable({ name, bytes, header }: Opened): Damage | undefined {
  if (bytes === undefined) return { name, offset: 0, what: 'can’t be unpacked' };
  if (header !== undefined || isZero(bytes, BLOCK_BYTES, bytes.length)) return undefined;
  return { name, offset: 0, what: 'has no valid header, but something behind it' };
}

function findFirstUnreadable(files: JournalFiles, names: readonly string[]): Damage | undefined {
  for (const name of names) {
    const found = findUnreadable(openSegment(files, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

function findBreak(
  name: string,
  header: SegmentHeader,
  chain: Chain,
  before: ScannedSegment | undefined,
): Damage | undefined {
  if (segmentOfName(name) !== header.segment)
    return { name, offset: 0, what: `is segment ${header.segment}, misnamed` };
  if (header.first === chain.sequence && header.previous === chain.previous) return undefined;
  const what =
    header.first > chain.sequence
      ? `lacks groups ${chain.sequence} to ${header.first - 1}, which a later segment goes on from`
      : 'is not what the next segment goes on from';
  return { name: before?.name ?? name, offset: before?.end ?? 0, what };
}

/** Takes the chain on, over groups below `limit`. */
function walkSegment(
  files: JournalFiles,
  bytes: Uint8Array,
  header: SegmentHeader,
  chain: Chain,
  limit: number,
  visitor: JournalVisitor | undefined,
): { lastFrom: number; end: number; unreadable?: true } {
  let lastFrom = BLOCK_BYTES;
  let end = BLOCK_BYTES;
  while (chain.sequence < limit) {
    const group = readGroup(bytes, end, files.crc32);
    if (group === undefined || group.salt !== header.salt) break;
    if (group.sequence !== chain.sequence || group.previous !== chain.previous) break;
    const records = decodeRecords(bytes.subarray(group.bodyFrom, group.bodyEnd));
    if (records === undefined) return { lastFrom, end, unreadable: true };
    visitor?.onGroup({ sequence: chain.sequence, checksum: group.checksum, records });
    chain.sequence++;
    chain.previous = group.checksum;
    lastFrom = end;
    end = group.end;
  }
  return { lastFrom, end };
}

/** After the walk: whether it should have got further. */
function findDamage(
  files: JournalFiles,
  { name, bytes, header }: Opened,
  walked: { end: number; unreadable?: true },
  chain: Chain,
  follower: SegmentHeader | undefined,
): Damage | undefined {
  const offset = walked.end;
  if (walked.unreadable) return { name, offset, what: 'has records that this version can’t read' };
  if (follower !== undefined && chain.sequence >= follower.first) return undefined;
  const later = findGroup(files, bytes!, offset, (group) => group.salt === header!.salt);
  if (later !== undefined) return { name, offset, what: `is damaged: a whole group follows at ${later}` };
  if (follower === undefined) return undefined;
  return { name, offset, what: `is damaged: segment ${follower.segment} goes on from group ${follower.first}` };
}

type FoundGroup = NonNullable<ReturnType<typeof readGroup>>;

function findGroup(
  files: JournalFiles,
  bytes: Uint8Array,
  from: number,
  is: (group: FoundGroup) => boolean,
): number | undefined {
  for (let offset = inBlocks(from); offset < bytes.length; offset += BLOCK_BYTES) {
    const group = readGroup(bytes, offset, files.crc32);
    if (group !== undefined && is(group)) return offset;
  }
  return undefined;
}

/** Whole groups at any block from `offset` on, chained or not: what can still be read behind a damage. */
export function* readLooseGroups(files: JournalFiles, bytes: Uint8Array, offset: number): Generator<JournalGroup> {
  const salt = decodeSegmentHeader(bytes, files.crc32)?.salt;
  let at = inBlocks(offset);
  while (at < bytes.length) {
    const group = readGroup(bytes, at, files.crc32);
    const isOurs = group !== undefined && (salt === undefined || group.salt === salt);
    const records = isOurs ? decodeRecords(bytes.subarray(group.bodyFrom, group.bodyEnd)) : undefined;
    if (records !== undefined) yield { sequence: group!.sequence, checksum: group!.checksum, records };
    at = records !== undefined ? group!.end : at + BLOCK_BYTES;
  }
}

/**
 * The groups from sequence `from` on, a segment at a time, for a scan without damage. Segments may be packed meanwhile;
 * those that are removed are left out.
 */
export function* readGroups(files: JournalFiles, scan: JournalScan, from: number): Generator<JournalGroup> {
  for (const segment of scan.segments) {
    if (segment.endSequence <= from) continue;
    const { first, previous } = segment.header;
    const groups: JournalGroup[] = [];
    const chain = { sequence: first, previous };
    const bytes = readKeptSegment(files, segment.name);
    if (bytes === undefined) continue;
    walkSegment(files, bytes, segment.header, chain, segment.endSequence, {
      onGroup: (group) => void (group.sequence >= from && groups.push(group)),
    });
    yield* groups;
  }
}

/**
 * From the segment on that has the mark's group; undefined when this journal hasn't got it, or another one in its place. What
 * is before the mark is there as well: who reads on has to know how zones began.
 */
export function readGroupsOf(
  files: JournalFiles,
  scan: JournalScan,
  mark: JournalMark,
): Iterable<JournalGroup> | undefined {
  const segment = scan.segments.findLast(({ header }) => header.first <= mark.sequence);
  if (segment === undefined || mark.sequence >= segment.endSequence) return undefined;
  for (const { sequence, checksum } of readGroups(files, scan, segment.header.first)) {
    if (sequence !== mark.sequence) continue;
    return checksum === mark.checksum ? readGroups(files, scan, segment.header.first) : undefined;
  }
  return undefined;
}

/** Another thread may pack it at this very moment: then the packed one is there before the plain one goes. */
function readKeptSegment(files: JournalFiles, name: string): Uint8Array | undefined {
  const plain = segmentName(segmentOfName(name)!);
  for (const candidate of [plain, `${plain}${PACKED_SUFFIX}`]) {
    if (!files.list().includes(candidate)) continue;
    try {
      return readSegment(files, candidate);
    } catch (error) {
      if (files.list().includes(candidate)) throw error;
    }
  }
  return undefined;
}

/** Throws ServerError DARKAGES_JOURNAL_DAMAGED when there is damage. */
export function refuseDamage(files: JournalFiles, { damage }: JournalScan): void {
  if (damage === undefined) return;
  const { name, offset, what } = damage;
  throw new ServerError(
    'DARKAGES_JOURNAL_DAMAGED',
    `The journal ${files.folder}/${name} ${what} (at byte ${offset}): see what can be saved with npm run journal -- repair ${files.folder}.`,
  );
}

/**
 * Makes the valid part as sure as if it had all been acknowledged: the torn tail goes, and the newest group is written
 * once more. After a failed sync the system may take pages for written that aren't: read here, gone after a power cut.
 */
export function mendTail(files: JournalFiles, scan: JournalScan): void {
  const newest = scan.segments.at(-1);
  // A packed one was whole when it was packed.
  if (newest !== undefined && !newest.name.endsWith(PACKED_SUFFIX)) mendSegment(files, newest);
  files.syncFolder();
}

function mendSegment(files: JournalFiles, newest: ScannedSegment): void {
  const bytes = files.read(newest.name);
  const file = files.open(newest.name);
  try {
    if (newest.end < bytes.length) file.truncate(newest.end);
    file.writeAt(0, bytes, 0, BLOCK_BYTES);
    file.writeAt(newest.lastFrom, bytes, newest.lastFrom, Math.min(newest.end, bytes.length));
    file.sync();
  } finally {
    file.close();
  }
}

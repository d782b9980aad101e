// What a journal holds, in lines for people. Reads only.

import { readKeyframe } from '../../src/io/journal-jobs.ts';
import type { JournalFiles } from '../../src/store/journal/files.ts';
import { keyframeOfName } from '../../src/store/journal/keyframe-file.ts';
import type { JournalRecord } from '../../src/store/journal/records.ts';
import type { Lost } from '../../src/store/journal/repair.ts';
import { type JournalScan, scanJournal } from '../../src/store/journal/scan.ts';

interface ZoneSummary {
  starts: number;
  ticks: number;
  first: number;
  last: number;
  commits: number;
}

export function describeJournal(files: JournalFiles): { readonly text: string; readonly isDamaged: boolean } {
  const zones = new Map<number, ZoneSummary>();
  let groups = 0;
  let isClosed = false;
  const scan = scanJournal(files, {
    onGroup({ records }) {
      groups++;
      for (const record of records) note(zones, record);
      isClosed = records.at(-1)?.kind === 'closed';
    },
  });
  const lines = [
    ...scan.segments.map(describeSegment),
    `${scan.segments.length} segments, ${groups} groups${isClosed ? ', ended cleanly' : ''}`,
    ...[...zones].map(describeZone),
    ...describeKeyframes(files),
  ];
  if (scan.torn !== undefined) {
    const { name, offset, bytes } = scan.torn;
    lines.push(`${name}: ${bytes} bytes from ${offset} on were never acknowledged; the next start cuts them off`);
  }
  if (scan.damage !== undefined) {
    const { name, offset, what } = scan.damage;
    lines.push(`DAMAGED: ${name} ${what} (at byte ${offset}): npm run journal -- repair ${files.folder}`);
  }
  return { text: `${lines.join('\n')}\n`, isDamaged: scan.damage !== undefined };
}

function note(zones: Map<number, ZoneSummary>, record: JournalRecord): void {
  if (record.kind === 'closed' || record.kind === 'keyframe') return;
  const zone = zones.get(record.zoneId) ?? { starts: 0, ticks: 0, first: record.tick, last: 0, commits: 0 };
  zones.set(record.zoneId, zone);
  zone.last = record.tick;
  if (record.kind === 'start') zone.starts++;
  if (record.kind !== 'tick') return;
  if (zone.ticks++ === 0) zone.first = record.tick;
  if (record.hasCommits) zone.commits++;
}

function describeSegment({ name, header, endSequence, end, bytes }: JournalScan['segments'][number]): string {
  const groups = endSequence > header.first ? `groups ${header.first} to ${endSequence - 1}` : 'no groups';
  return `${name}: ${groups}, ${end} of ${bytes} bytes, begun ${new Date(header.wallMs).toISOString()} by ${header.nodeId}`;
}

function describeZone([zoneId, zone]: [number, ZoneSummary]): string {
  const { ticks, first, last, commits } = zone;
  const range = ticks === 0 ? '' : ` (${first} to ${last})`;
  return `zone ${zoneId}: ${ticks} ticks${range}, ${commits} of them with commits`;
}

function describeKeyframes(files: JournalFiles): string[] {
  return files
    .list()
    .sort()
    .flatMap((name) => {
      const place = keyframeOfName(name);
      if (place === undefined) return [];
      const content = readKeyframe(files, name, place);
      return [`${name}: ${content === undefined ? 'damaged' : `whole, ${content.bytes.length} bytes`}`];
    });
}

export function describeLost(lost: Lost, withCommits: boolean): string {
  const lines = [
    `Lost: ${lost.groups} groups, ${lost.bytes} bytes; ${lost.wholeGroups} of the groups can still be read there.`,
    ...[...lost.ticks].map(
      ([zoneId, { count, first, last }]) => `zone ${zoneId}: ${count} ticks can still be read (${first} to ${last})`,
    ),
    `${lost.commits.length} of these ticks have commits${withCommits || lost.commits.length === 0 ? '' : ': --keep-later lists them'}`,
  ];
  if (withCommits) {
    for (const { zoneId, zoneEpoch, tick, payload } of lost.commits) {
      lines.push(`zone ${zoneId}, epoch ${zoneEpoch}, tick ${tick}: ${Buffer.from(payload).toString('base64')}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

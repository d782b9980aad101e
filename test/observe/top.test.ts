import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createTop, missReading, takeReading, viewTop } from '../../src/observe/top.ts';
import { drawTop } from '../../src/observe/top-screen.ts';

const ADDRESS = 'http://127.0.0.1:8080';
/** Of a node with two zones, forty players by WebSocket and twenty by UDP; the second two seconds after the first. */
const recorded = [1, 2].map((nth) => readFileSync(join(import.meta.dirname, 'fixtures', `metrics-${nth}.txt`), 'utf8'));
const startedMs = 1000 * Number(/process_start_time_seconds (\d+)/.exec(recorded[0]!)?.[1]);

const view = (...texts: readonly string[]) => {
  const top = createTop(ADDRESS);
  for (const [nth, text] of texts.entries()) takeReading(top, text, startedMs + 3_723_000 + nth * 2000);
  return viewTop(top)!;
};
const readValue = (text: string, series: string) =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')[1],
  );
const screen = (shown: ReturnType<typeof view>, columns = 80, rows = 24, isColoured = false) =>
  drawTop(shown, ADDRESS, shown.problem, { columns, rows, isColoured });

describe('a node as two readings show it', () => {
  const shown = view(...recorded);

  test('zones: what they hold, and how their ticks went between the readings', () => {
    expect(shown.zones.map(({ zoneId }) => zoneId)).toEqual(['1', '2']);
    const [zone] = shown.zones;
    expect(zone?.players).toBe(readValue(recorded[1]!, 'darkages_players{zone_id="1"}'));
    const [before, after] = recorded.map((text) => readValue(text, 'darkages_ticks_total{zone_id="1"}'));
    expect(zone?.ticksPerS).toBeCloseTo((after! - before!) / 2);
    expect(zone?.p50Ms).toBeGreaterThan(0.1);
    expect(zone?.p99Ms).toBeGreaterThanOrEqual(zone!.p50Ms!);
    expect([zone?.overloadStep, zone?.pacePercent]).toEqual([0, 100]);
  });

  test('network, store, threads', () => {
    expect(shown.network.connections).toBe(60);
    expect(shown.network.udpDownBytesPerS).toBeGreaterThan(1000);
    expect(shown.network.upBytesPerS).toBeGreaterThan(1000);
    expect(shown.store.breaker).toBe('closed');
    expect(shown.store.pending).toBeGreaterThanOrEqual(0);
    const names = shown.threads.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['zone-1', 'zone-2', 'edge-1', 'udp-edge-2', 'store']));
    const percents = shown.threads.map(({ cpuPercent }) => cpuPercent!);
    expect(percents).toEqual([...percents].sort((a, b) => b - a));
    expect(shown.upS).toBeCloseTo(3725, 0);
  });

  test('one reading has no rates, and says so', () => {
    const one = view(recorded[0]!);
    expect([one.zones[0]?.ticksPerS, one.network.upBytesPerS, one.troubles.violations]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(screen(one).find((line) => line.startsWith('1  '))).toMatch(/ – +– +–/);
  });
});

describe('readings over time', () => {
  const text = (values: Readonly<Record<string, number>>) =>
    Object.entries({ process_start_time_seconds: 5, 'ticks_total{zone_id="1"}': 1, ...values })
      .map(([key, value]) => `darkages_${key} ${value}\n`)
      .join('');

  test('troubles are those of the last minute, and of all series together', () => {
    const top = createTop(ADDRESS);
    for (let second = 0; second <= 120; second++) {
      const counted = {
        'guard_violations_total{rule="a"}': second,
        'guard_violations_total{rule="b"}': second > 100 ? 60 : 0,
      };
      takeReading(top, text({ ...counted, 'log_lines_total{level="error"}': 7 }), second * 1000);
    }
    expect(viewTop(top)?.troubles).toMatchObject({ violations: 120, errors: 0, refused: undefined });
    expect(top.readings).toHaveLength(61);
  });

  test('loss, lag, breakers: over all', () => {
    const top = createTop(ADDRESS);
    takeReading(top, text({ udp_packets_lost_total: 0, udp_packets_out_total: 0 }), 0);
    const store = { 'store_lag_seconds{queue="saves"}': 2, 'store_lag_seconds{queue="ledger"}': 7 };
    const breakers = { 'store_breaker_state{backend="redis"}': 0, 'store_breaker_state{backend="scylla"}': 2 };
    takeReading(top, text({ udp_packets_lost_total: 5, udp_packets_out_total: 100, ...store, ...breakers }), 1000);
    const shown = viewTop(top)!;
    expect([shown.network.lossShare, shown.store.lagS, shown.store.breaker]).toEqual([0.05, 7, 'open']);
  });

  test('a node that was started again begins anew', () => {
    const top = createTop(ADDRESS);
    takeReading(top, text({ 'client_bytes_total{edge="a"}': 1000 }), 0);
    takeReading(top, text({ 'client_bytes_total{edge="a"}': 10, process_start_time_seconds: 9 }), 1000);
    expect(viewTop(top)?.network.upBytesPerS).toBeUndefined();
    takeReading(top, text({ 'client_bytes_total{edge="a"}': 30, process_start_time_seconds: 9 }), 2000);
    expect(viewTop(top)?.network.upBytesPerS).toBe(20);
  });

  test('one that does not answer is said not to, and what was known stays', () => {
    const top = createTop(ADDRESS);
    missReading(top, 'no server answers there');
    expect(drawTop(viewTop(top), ADDRESS, top.problem, { columns: 80, rows: 24, isColoured: false })).toEqual([
      `DarkAges  ${ADDRESS}  no server answers there`,
    ]);
    takeReading(top, text({}), 0);
    missReading(top, 'no server answers there');
    expect(screen(viewTop(top)!)[0]).toBe(`DarkAges  ${ADDRESS}  no server answers there`);
    expect(screen(viewTop(top)!).length).toBeGreaterThan(5);
    takeReading(top, text({}), 1000);
    expect(screen(viewTop(top)!)[0]).toBe(`DarkAges  ${ADDRESS}  0 players`);
  });

  test('what is no node is said to be none', () => {
    expect(() => takeReading(createTop(ADDRESS), 'up 1\n', 0)).toThrow('what answers there is no DarkAges server');
    expect(() => takeReading(createTop(ADDRESS), '<html>', 0)).toThrow('no DarkAges server');
  });
});

describe('the screen', () => {
  const shown = view(...recorded);

  test('has all of it on 80 × 24', () => {
    const lines = screen(shown);
    expect(lines.length).toBeLessThanOrEqual(24);
    for (const word of ['zone ', 'network', 'UDP on the wire', 'store ', 'a minute', 'thread ']) {
      expect(lines.some((line) => line.startsWith(word) || line.includes(word))).toBe(true);
    }
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines[1]).toMatch(/^up 1:02:05 {3}memory \d/);
  });

  test.each([
    [20, 5],
    [80, 10],
    [1, 1],
    [200, 60],
    [80, 13],
  ])('is never larger than the terminal: %i × %i', (columns, rows) => {
    const many = {
      ...shown,
      zones: Array.from({ length: 16 }, (_, nth) => ({ ...shown.zones[0]!, zoneId: String(nth + 1) })),
    };
    const lines = screen(many, columns, rows);
    expect(lines.length).toBeLessThanOrEqual(rows);
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns);
  });

  test('with more zones than there is room for says how many are left out, and still shows threads', () => {
    const many = {
      ...shown,
      zones: Array.from({ length: 16 }, (_, nth) => ({ ...shown.zones[0]!, zoneId: String(nth + 1) })),
    };
    const lines = screen(many);
    expect(lines.find((line) => line.startsWith('…'))).toBe('… and 7 more zones');
    expect(lines.some((line) => line.startsWith('thread '))).toBe(true);
    expect(screen(many, 80, Number.POSITIVE_INFINITY).filter((line) => /^\d+ /.test(line))).toHaveLength(16);
  });

  test('marks what is wrong, in colour alone where there is colour', () => {
    const zone = { ...shown.zones[0]!, p99Ms: 40, overloadStep: 3, pacePercent: 50, ticksPerS: 30, capacity: 400 };
    const wrong = { ...shown, zones: [zone], store: { ...shown.store, breaker: 'open' as const } };
    const coloured = screen(wrong, 80, 24, true).join('\n');
    for (const text of ['     40.00', '  time_dilation 50 %', '     30.0', 'open'])
      expect(coloured).toContain(`\u001b[31m${text}\u001b[0m`);
    expect(screen(wrong).join('\n')).not.toContain('\u001b');
    expect(screen(wrong).join('\n')).toMatch(/\d+\/400/);
    expect(screen({ ...shown, zones: [{ ...zone, p99Ms: Number.POSITIVE_INFINITY }] }).join('\n')).toContain('> max');
  });

  test('nothing that a node sends steers the terminal', () => {
    const evil = '\u001b[2J\u009b31m\u202e\n';
    const lines = screen({ ...shown, version: evil, threads: [{ name: evil, cpuPercent: 1, heapBytes: 1 }] });
    for (const line of lines) expect(line).not.toMatch(/\p{C}/u);
  });
});

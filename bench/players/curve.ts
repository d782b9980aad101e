// The curve of a zone: what it costs against how many play in it, as a table (CSV) and a picture (SVG). Pure.

import { drawCharts } from './chart.ts';
import type { Figures } from './figures.ts';
import { HOLDS } from './limit.ts';

/** Columns of the table: name, and where its value comes from. */
const COLUMNS: readonly (readonly [name: string, of: (figures: Figures) => number | null])[] = [
  ['players', (f) => f.players],
  ['ticksPerSecond', (f) => f.ticksPerSecond],
  ['missedTicks', (f) => f.missedTicks],
  ['lateTicks', (f) => f.lateTicks],
  ['tickCpuMsP99', (f) => f.tickCpuMsP99],
  ['tickMsP50', (f) => f.tickMsP50],
  ['tickMsP99', (f) => f.tickMsP99],
  ['tickMsP999', (f) => f.tickMsP999],
  ['snapshotsPerSecondMin', (f) => f.snapshotsPerSecondMin],
  ['serverCores', (f) => f.serverCores],
  ['serverCpuMicrosPerPlayer', (f) => f.serverCpuMicrosPerPlayer],
  ['bytesDownPerPlayer', (f) => f.bytesDownPerPlayer],
  ['bytesUpPerPlayer', (f) => f.bytesUpPerPlayer],
  ['bytesPerEntity', (f) => f.bytesPerEntity],
  ['botScheduleErrorMsP99', (f) => f.bots.scheduleErrorMsP99],
  ['botTurnsSkippedShare', (f) => f.bots.turnsSkippedShare],
];

export function curveTable(rows: readonly Figures[]): string {
  const lines = rows.map((figures) => COLUMNS.map(([, of]) => of(figures) ?? '').join(','));
  return `${[COLUMNS.map(([name]) => name).join(','), ...lines].join('\n')}\n`;
}

export function curvePicture(rows: readonly Figures[]): string {
  const line = (name: string, of: (figures: Figures) => number) => ({
    name,
    points: rows.map((figures): [number, number] => [figures.players, of(figures)]),
  });
  const xName = 'players in one zone';
  return drawCharts([
    {
      title: 'Server CPU, µs a player and second',
      xName,
      lines: [line('all threads', (f) => f.serverCpuMicrosPerPlayer)],
    },
    {
      title: 'Tick, ms',
      xName,
      lines: [line('p99', (f) => f.tickMsP99), line('p50', (f) => f.tickMsP50), line('CPU p99', (f) => f.tickCpuMsP99)],
      goal: { y: HOLDS.tickMsP99Max, name: 'a tick' },
    },
    {
      title: 'Payload, KB/s a player',
      xName,
      lines: [line('down', (f) => f.bytesDownPerPlayer / 1000), line('up', (f) => f.bytesUpPerPlayer / 1000)],
    },
  ]);
}

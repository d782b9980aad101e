// The net graph: how the connection is doing, as numbers and as half a minute of history. Browser main thread.

import type { Client, ClientStats } from '../client/state.ts';
import { PALETTE } from './palette.ts';
import { byteRate } from './words.ts';

const SAMPLE_MS = 250;
const SAMPLES = 120;
/** Seconds that rates are averaged over, in samples. */
const RATE_SAMPLES = 8;

export interface NetGraph {
  readonly panel: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly values: ReadonlyMap<string, HTMLElement>;
  readonly rtts: number[];
  readonly corrections: number[];
  readonly totals: { ms: number; snapshots: number; up: number; down: number; corrections: number }[];
  sampledMs: number;
}

const ROWS = [
  'round trip',
  'jitter',
  'input lead',
  'snapshots',
  'snapshots lost',
  'corrections',
  'down',
  'up',
] as const;

export function createNetGraph(panel: HTMLElement, canvas: HTMLCanvasElement, list: HTMLElement): NetGraph {
  const values = new Map<string, HTMLElement>();
  for (const row of ROWS) {
    const term = document.createElement('dt');
    term.textContent = row;
    const value = document.createElement('dd');
    value.textContent = '–';
    list.append(term, value);
    values.set(row, value);
  }
  return { panel, canvas, values, rtts: [], corrections: [], totals: [], sampledMs: 0 };
}

/** Samples always, draws only while the panel is open. */
export function updateNetGraph(graph: NetGraph, client: Client, nowMs: number): void {
  if (nowMs - graph.sampledMs < SAMPLE_MS) return;
  graph.sampledMs = nowMs;
  const { stats } = client;
  const before = graph.totals.at(-1);
  graph.totals.push({
    ms: nowMs,
    snapshots: stats.snapshots,
    up: stats.bytesUp,
    down: stats.bytesDown,
    corrections: stats.corrections,
  });
  if (graph.totals.length > RATE_SAMPLES) graph.totals.shift();
  push(graph.rtts, stats.rttMs);
  push(graph.corrections, before === undefined ? 0 : stats.corrections - before.corrections);
  if (graph.panel.hidden) return;
  showRows(graph, stats);
  drawHistory(graph);
}

function push(history: number[], value: number): void {
  history.push(value);
  if (history.length > SAMPLES) history.shift();
}

function showRows(graph: NetGraph, stats: ClientStats): void {
  const first = graph.totals[0]!;
  const last = graph.totals.at(-1)!;
  const seconds = Math.max(0.001, (last.ms - first.ms) / 1000);
  const show = (row: (typeof ROWS)[number], text: string): void => {
    graph.values.get(row)!.textContent = text;
  };
  show('round trip', `${Math.round(stats.rttMs)} ms`);
  show('jitter', `${stats.jitterMs.toFixed(1)} ms`);
  show('input lead', `${stats.inputLead} ticks`);
  show('snapshots', `${((last.snapshots - first.snapshots) / seconds).toFixed(1)} /s`);
  show('snapshots lost', String(stats.snapshotsLost));
  show('corrections', `${stats.corrections}${stats.corrections > 0 ? ` (${Math.round(stats.correctionMm)} mm)` : ''}`);
  show('down', byteRate((last.down - first.down) / seconds));
  show('up', byteRate((last.up - first.up) / seconds));
}

function drawHistory({ canvas, rtts, corrections }: NetGraph): void {
  const scale = devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.scale(scale, scale);
  const most = Math.max(50, ...rtts) * 1.15;
  const step = width / (SAMPLES - 1);
  const start = width - (rtts.length - 1) * step;
  context.strokeStyle = PALETTE.gridCoarse;
  context.beginPath();
  for (const part of [0.02, 0.5, 0.98]) {
    context.moveTo(0, Math.round(height * part) + 0.5);
    context.lineTo(width, Math.round(height * part) + 0.5);
  }
  context.stroke();
  context.fillStyle = PALETTE.bad;
  for (let index = 0; index < corrections.length; index++) {
    if (corrections[index]! > 0) context.fillRect(start + index * step - 1, 0, 2, height);
  }
  context.strokeStyle = PALETTE.accent;
  context.lineWidth = 1.5;
  context.beginPath();
  for (let index = 0; index < rtts.length; index++) {
    const y = height - (rtts[index]! / most) * height;
    if (index === 0) context.moveTo(start, y);
    else context.lineTo(start + index * step, y);
  }
  context.stroke();
  context.fillStyle = PALETTE.quiet;
  context.font = '10px system-ui, sans-serif';
  context.fillText(`${Math.round(most)} ms`, 2, 11);
}

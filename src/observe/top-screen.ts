// The screen of `npm run top`: a view as lines of a terminal, no longer and no more than it has room for. Pure. What a node
// sends is shown as text: nothing of it steers the terminal.

import { OVERLOAD_STEPS } from '../base/overload-steps.ts';
import { printable } from './printable.ts';
import type { TopThread, TopView, TopZone } from './top.ts';

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
  readonly isColoured: boolean;
}

type Style = 'plain' | 'title' | 'quiet' | 'bad';
type Line = readonly (readonly [text: string, style: Style])[];

const ESCAPE = '\u001b';
const STYLES: Readonly<Record<Style, string>> = { plain: '', title: '1', quiet: '2', bad: '31' };
/** A tick has no more at 60 Hz. */
const TICK_MS_MAX = 1000 / 60;
const TICKS_PER_S_MIN = 59;
const THREAD_WIDTH = 38;
const BUSY_PERCENT = 90;
const LOSS_SHARE_BAD = 0.02;
/** Zones give way, so that some threads are seen. */
const THREAD_ROWS_MIN = 3;

const plain = (text: string): Line => [[text, 'plain']];

export function drawTop(view: TopView | undefined, url: string, problem: string, size: ScreenSize): readonly string[] {
  const lines = view === undefined ? drawNothing(url, problem) : drawView(view, size.rows);
  return lines.slice(0, Math.max(1, size.rows)).map((line) => showLine(line, size));
}

function drawNothing(url: string, problem: string): readonly Line[] {
  const state: Line[0] = problem === '' ? ['asking …', 'quiet'] : [problem, 'bad'];
  return [[[`DarkAges  ${url}  `, 'title'], state]];
}

function drawView(view: TopView, rows: number): readonly Line[] {
  const players = view.zones.reduce((sum, zone) => sum + zone.players, 0);
  const head = `DarkAges${view.version === '' ? '' : ` ${view.version}`}  ${view.url}  `;
  const lines: Line[] = [
    [[head, 'title'], view.problem === '' ? [`${players} players`, 'plain'] : [view.problem, 'bad']],
    [[`up ${showTime(view.upS)}   memory ${showBytes(view.residentBytes)}`, 'quiet']],
    [],
    ...drawZones(view.zones, Math.max(1, rows - 11 - THREAD_ROWS_MIN)),
    [],
    ...drawNetwork(view),
    drawStore(view),
    drawTroubles(view),
    [],
  ];
  return [...lines, ...drawThreads(view.threads, Math.max(0, rows - lines.length))];
}

function drawZones(zones: readonly TopZone[], rowsMax: number): readonly Line[] {
  const shown = zones.length > rowsMax ? zones.slice(0, rowsMax - 1) : zones;
  const lines: Line[] = [[['zone     players  entities  ticks/s    p50 ms    p99 ms  overload', 'quiet']]];
  for (const zone of shown) {
    const players = zone.capacity === undefined ? String(zone.players) : `${zone.players}/${zone.capacity}`;
    const isSlow = zone.ticksPerS !== undefined && zone.ticksPerS < TICKS_PER_S_MIN;
    const pace = zone.pacePercent === 100 ? '' : ` ${zone.pacePercent} %`;
    lines.push([
      [zone.zoneId.padEnd(5), 'title'],
      [players.padStart(11) + String(zone.entities).padStart(10), 'plain'],
      [showNumber(zone.ticksPerS, 1).padStart(9), isSlow ? 'bad' : 'plain'],
      [showNumber(zone.p50Ms, 2).padStart(10), (zone.p50Ms ?? 0) > TICK_MS_MAX ? 'bad' : 'plain'],
      [showNumber(zone.p99Ms, 2).padStart(10), (zone.p99Ms ?? 0) > TICK_MS_MAX ? 'bad' : 'plain'],
      [
        `  ${OVERLOAD_STEPS[zone.overloadStep]?.name ?? zone.overloadStep}${pace}`,
        zone.overloadStep > 0 ? 'bad' : 'plain',
      ],
    ]);
  }
  if (shown.length < zones.length) lines.push([[`… and ${zones.length - shown.length} more zones`, 'quiet']]);
  return lines;
}

function drawNetwork({ network }: TopView): readonly Line[] {
  const { connections, upBytesPerS, downBytesPerS, udpUpBytesPerS, udpDownBytesPerS, lossShare } = network;
  const lines: Line[] = [
    plain(
      `network  ${connections} connections   up ${showBytes(upBytesPerS)}/s   down ${showBytes(downBytesPerS)}/s of snapshots`,
    ),
  ];
  if (udpUpBytesPerS === undefined) return lines;
  const loss = lossShare === undefined ? '' : `   loss ${(lossShare * 100).toFixed(2)} %`;
  return [
    ...lines,
    [
      [`         UDP on the wire: up ${showBytes(udpUpBytesPerS)}/s   down ${showBytes(udpDownBytesPerS)}/s`, 'plain'],
      [loss, (lossShare ?? 0) > LOSS_SHARE_BAD ? 'bad' : 'plain'],
    ],
  ];
}

function drawStore({ store }: TopView): Line {
  const lag = store.lagS === undefined ? '' : `   lag ${showNumber(store.lagS, 1)} s`;
  return [
    [
      `store    p50 ${showNumber(store.p50Ms, 2)} ms   p99 ${showNumber(store.p99Ms, 2)} ms   pending ${store.pending}${lag}   breaker `,
      'plain',
    ],
    [store.breaker, store.breaker === 'closed' ? 'plain' : 'bad'],
  ];
}

function drawTroubles({ troubles }: TopView): Line {
  const { errors, warnings, violations, refused, missedTicks } = troubles;
  const show = (what: string, count: number | undefined, isBad: boolean): Line[0] => [
    `   ${showNumber(count, 0)} ${what}`,
    isBad && Math.round(count ?? 0) > 0 ? 'bad' : 'plain',
  ];
  const logged = errors === undefined ? [] : [show('errors', errors, true), show('warnings', warnings, false)];
  return [
    ['a minute', 'plain'],
    ...logged,
    show('missed ticks', missedTicks, true),
    show('violations', violations, false),
    show('refused', refused, false),
  ];
}

/** Two beside each other. */
function drawThreads(threads: readonly TopThread[], rowsMax: number): readonly Line[] {
  if (rowsMax < 2) return [];
  const rows = Math.min(rowsMax - 1, Math.ceil(threads.length / 2));
  const cell = (thread: TopThread | undefined): Line => {
    if (thread === undefined) return [];
    const cpu = `${showNumber(thread.cpuPercent, 1)} %`.padStart(8);
    const isBusy = (thread.cpuPercent ?? 0) > BUSY_PERCENT;
    return [
      [thread.name.padEnd(15).slice(0, 15), 'plain'],
      [cpu, isBusy ? 'bad' : 'plain'],
      [
        showBytes(thread.heapBytes)
          .padStart(11)
          .padEnd(THREAD_WIDTH - 23),
        'plain',
      ],
    ];
  };
  const title = ['thread', 'CPU', 'heap'] as const;
  const head = `${title[0].padEnd(15)}${title[1].padStart(8)}${title[2].padStart(11)}`.padEnd(THREAD_WIDTH);
  const lines: Line[] = [[[threads.length > 1 ? (head + head).trimEnd() : head.trimEnd(), 'quiet']]];
  for (let row = 0; row < rows; row++) lines.push([...cell(threads[2 * row]), ...cell(threads[2 * row + 1])]);
  return lines;
}

function showNumber(value: number | undefined, digits: number): string {
  if (value === undefined) return '–';
  return Number.isFinite(value) ? value.toFixed(digits) : '> max';
}

function showBytes(bytes: number | undefined): string {
  if (bytes === undefined) return '–';
  if (bytes < 1000) return `${bytes.toFixed(0)} B`;
  if (bytes < 1e6) return `${(bytes / 1000).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

function showTime(seconds: number | undefined): string {
  if (seconds === undefined) return '–';
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  return `${days > 0 ? `${days} d ` : ''}${Math.floor((seconds / 3600) % 24)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function showLine(line: Line, { columns, isColoured }: ScreenSize): string {
  let room = columns;
  let shown = '';
  for (const [text, style] of line) {
    const cut = [...printable(text)].slice(0, room).join('');
    room -= [...cut].length;
    shown += isColoured && STYLES[style] !== '' && cut !== '' ? `${ESCAPE}[${STYLES[style]}m${cut}${ESCAPE}[0m` : cut;
  }
  return isColoured ? shown : shown.trimEnd();
}

// The page of `npm run evidence`: what was measured as pictures and a table, with machine, seeds and method; one file that
// needs no other. Pure.

import { type Chart, drawCharts } from '../players/chart.ts';
import type { Figures } from '../players/figures.ts';
import { HOLDS } from '../players/limit.ts';
import type { Load } from '../players/options.ts';
import type { Machine } from '../players/play.ts';

/** One run as the page and the table need it. */
export interface EvidenceRun {
  readonly load: Load;
  readonly machine: Machine;
  readonly loadAverage: readonly [number, number];
  readonly figures: Figures;
  readonly verdict: string;
  readonly why: readonly string[];
  /** Of its raw data. */
  readonly file: string;
}

export interface Evidence {
  readonly date: string;
  readonly commit: string;
  readonly command: string;
  readonly runs: readonly EvidenceRun[];
}

type Column = readonly [name: string, title: string, of: (run: EvidenceRun) => number | string | null];

const COLUMNS: readonly Column[] = [
  ['players', 'players', ({ load }) => load.players],
  ['lossPercent', 'loss each way, %', ({ load }) => load.lossPercent],
  ['ticksPerSecond', 'ticks/s', ({ figures }) => figures.ticksPerSecond],
  ['missedTicks', 'missed', ({ figures }) => figures.missedTicks],
  ['lateTicks', 'late', ({ figures }) => figures.lateTicks],
  ['tickMsP50', 'tick p50, ms', ({ figures }) => figures.tickMsP50],
  ['tickMsP99', 'tick p99, ms', ({ figures }) => figures.tickMsP99],
  ['tickMsP999', 'tick p99.9, ms', ({ figures }) => figures.tickMsP999],
  ['tickCpuMsP99', 'tick CPU p99, ms', ({ figures }) => figures.tickCpuMsP99],
  ['snapshotsPerSecondMin', 'snapshots/s, worst client', ({ figures }) => figures.snapshotsPerSecondMin],
  ['bytesDownPerPlayer', 'bytes/s down, mean', ({ figures }) => figures.bytesDownPerPlayer],
  ['bytesDownPerPlayerP99', 'bytes/s down, p99', ({ figures }) => figures.bytesDownPerPlayerP99],
  ['bytesUpPerPlayer', 'bytes/s up', ({ figures }) => figures.bytesUpPerPlayer],
  ['bytesPerEntity', 'bytes an entity', ({ figures }) => figures.bytesPerEntity],
  ['roundTripMsP99', 'round trip p99, ms', ({ figures }) => figures.roundTripMsP99],
  ['serverCores', 'server, cores', ({ figures }) => figures.serverCores],
  ['serverCpuMicrosPerPlayer', 'server, µs/s a player', ({ figures }) => figures.serverCpuMicrosPerPlayer],
  ['botScheduleErrorMsP99', 'bots late p99, ms', ({ figures }) => figures.bots.scheduleErrorMsP99],
  ['botTurnsSkippedShare', 'bots’ turns skipped', ({ figures }) => figures.bots.turnsSkippedShare],
  ['seed', 'seed', ({ load }) => load.seed],
  ['verdict', 'verdict', ({ verdict, why }) => [verdict, ...why].join(' – ')],
];

export function evidenceTable(runs: readonly EvidenceRun[]): string {
  const lines = runs.map((run) => COLUMNS.map(([, , of]) => quote(String(of(run) ?? ''))).join(','));
  return `${[COLUMNS.map(([name]) => name).join(','), ...lines].join('\n')}\n`;
}

function quote(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function evidencePage({ date, commit, command, runs }: Evidence): string {
  const { machine, load } = runs[0]!;
  const head = COLUMNS.map(([, title]) => `<th>${html(title)}</th>`).join('');
  const rows = runs.map((run) => {
    const cells = COLUMNS.map(([, , of]) => `<td>${html(show(of(run)))}</td>`).join('');
    return `<tr class="${run.verdict}">${cells}<td><a href="${html(run.file)}">raw</a></td></tr>`;
  });
  const loads = runs.map(({ loadAverage }) => loadAverage.map((value) => value.toFixed(1)).join('→')).join(', ');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>DarkAges: evidence of ${html(date)}</title>
<style>${STYLE}</style>
<h1>What one zone holds</h1>
<p>${html(date)}, version ${html(commit)}. ${machine.cores} × ${html(machine.model)}, ${machine.memoryGiB} GiB,
${html(machine.system)}, Node ${html(machine.node)}. Load average of the machine before and after each run: ${loads}.</p>
${drawCharts(charts(runs))}
<h2>Figures</h2>
<div class="wide"><table><tr>${head}<th></th></tr>
${rows.join('\n')}
</table></div>
<p>A run <b>holds</b> with at least ${HOLDS.ticksPerSecondMin} ticks a second, none missed, ${HOLDS.snapshotsPerSecondMin}
snapshots a second for the worst client (of which loss takes its share), and a tick's p99 of at most ${HOLDS.tickMsP99Max} ms
by the clock. Where it doesn't,
<b>bots</b> says that the bots were late too, so that it may be their machine's fault, and <b>server</b> that they were not.</p>
<h2>How it was measured</h2>
<p>Each run is a server of its own on one core and bots on another, both real processes, over loopback:
${load.transport === 'udp' ? 'encrypted UDP' : 'WebSocket'}, 60 inputs a second up and 20 snapshots a second down for each.
The bots ${load.isPeaceful ? 'wander' : 'fight each other and creatures'}; ${load.lightPercent} % of them read only their own
entity of each snapshot. They lose datagrams each way at random, by the share that the table says; there is no further delay.
After the last one has joined, ${load.settleS} s pass, then ${load.seconds} s are measured. Ticks, CPU and bytes of entities are
the server's own counters (/metrics) and the system's; snapshots, round trips and payload bytes are what the bots counted.</p>
<p>Again: <code>${html(command)}</code>. The same seed gives the same map, bots and losses; what becomes of them also
depends on when packets come. Raw data: one JSON file a run, beside this page, and <a href="figures.csv">figures.csv</a>.</p>
`;
}

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1280px; padding: 0 1rem; color: #111; background: #fff; }
svg { max-width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 8px; border-bottom: 1px solid #ddd; text-align: right; vertical-align: bottom; }
td:nth-last-child(2) { min-width: 18em; text-align: left; }
tr.server td { background: #fdecea; }
tr.bots td { background: #fff6e0; }
`;

/** One line for each share of loss. */
function charts(runs: readonly EvidenceRun[]): Chart[] {
  const losses = [...new Set(runs.map(({ load }) => load.lossPercent))].sort((a, b) => a - b);
  const chart = (title: string, of: (figures: Figures) => number | null, goal?: Chart['goal']): Chart => ({
    title,
    xName: 'players in one zone',
    lines: losses.map((loss) => ({
      name: loss === 0 ? 'no loss' : `${loss} % loss`,
      points: runs
        .filter(({ load }) => load.lossPercent === loss)
        .map(({ load, figures }): [number, number] => [load.players, of(figures) ?? Number.NaN]),
    })),
    ...(goal && { goal }),
  });
  return [
    chart('Ticks a second', (f) => f.ticksPerSecond),
    chart('Tick p99, ms', (f) => f.tickMsP99, { y: HOLDS.tickMsP99Max, name: 'a tick' }),
    chart('Snapshots a second, worst client', (f) => f.snapshotsPerSecondMin),
    chart('Down, KB/s a client', (f) => f.bytesDownPerPlayer / 1000, { y: 20, name: 'goal' }),
    chart('Round trip p99, ms', (f) => f.roundTripMsP99),
    chart('Server CPU, µs/s a player', (f) => f.serverCpuMicrosPerPlayer),
  ];
}

function show(value: number | string | null): string {
  if (typeof value !== 'number') return value ?? '–';
  return Number(value.toPrecision(4)).toLocaleString('en-US', { maximumFractionDigits: 4 });
}

function html(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

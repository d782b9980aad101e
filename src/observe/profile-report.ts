// The report of a profile: for a terminal, and as one HTML file with a flame graph that needs nothing else. Pure.

import { drawFlameGraph, escapeHtml, FLAME_SCRIPT, FLAME_STYLE } from './flame-graph.ts';
import { printable } from './printable.ts';
import type { HotFunction, Profile } from './profile.ts';
import type { ProfiledThread } from './profile-advice.ts';

export interface ProfileReport {
  readonly profile: Profile;
  readonly thread: ProfiledThread;
  readonly advice: readonly string[];
}

const TEXT_FUNCTIONS = 15;
const PAGE_FUNCTIONS = 60;

export function describeProfile(report: ProfileReport): string {
  const { profile, advice, thread } = report;
  const lines = [titleOf(report), ...factsOf(report).map(([what, value]) => `  ${what.padEnd(22)} ${value}`), ''];
  lines.push(...advice.map((sentence) => `→ ${sentence}`), '');
  lines.push(`  ${'itself'.padStart(10)} ${'with calls'.padStart(10)}  function`);
  for (const one of profile.functions.slice(0, TEXT_FUNCTIONS)) {
    lines.push(`  ${showShare(profile, one.self)} ${showShare(profile, one.total)}  ${nameOf(one)}`);
  }
  if (thread.phases.length > 0) {
    lines.push('', '  of a tick');
    for (const { phase, meanMs, share } of phasesOf(thread)) {
      lines.push(
        `  ${`${(share * 100).toFixed(1)} %`.padStart(10)} ${`${meanMs.toFixed(3)} ms`.padStart(10)}  ${phase}`,
      );
    }
  }
  return lines.map((line) => `${printable(line)}\n`).join('');
}

export function drawProfile(report: ProfileReport): string {
  const { profile, advice, thread } = report;
  const title = escapeHtml(titleOf(report));
  const cells = (tag: 'td' | 'th', values: readonly string[]) =>
    `<tr>${values.map((value) => `<${tag}>${escapeHtml(value)}</${tag}>`).join('')}</tr>`;
  const functions = profile.functions
    .slice(0, PAGE_FUNCTIONS)
    .map((one) =>
      cells('td', [
        showSize(profile, one.self),
        showShare(profile, one.self),
        showShare(profile, one.total),
        nameOf(one),
        one.deoptimised,
      ]),
    );
  const phases = phasesOf(thread).map(({ phase, meanMs, share }) =>
    cells('td', [`${meanMs.toFixed(3)} ms`, `${(share * 100).toFixed(1)} %`, phase]),
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>
body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:1200px;padding:0 1em;color:#222;background:#fff}
table{border-collapse:collapse}td,th{text-align:left;padding:1px 1.2em 1px 0;font-variant-numeric:tabular-nums}
li{margin:.3em 0}${FLAME_STYLE}
</style></head><body>
<h1>${title}</h1>
<h2>What to do</h2>
<ul>${advice.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join('')}</ul>
<table>${factsOf(report)
    .map((row) => cells('td', row))
    .join('')}</table>
<h2>Who called whom</h2>
<p>A bar is as wide as what it took with all that it called. Point at it for figures; click it to look closer, the first bar to go back.</p>
${drawFlameGraph(profile.root, (size) => showSize(profile, size))}
<h2>The hottest functions</h2>
<table>${cells('th', ['itself', '', 'with calls', 'function', 'deoptimised'])}
${functions.join('\n')}</table>
${phases.length === 0 ? '' : `<h2>A tick, by what it was spent on</h2>\n<table>${cells('th', ['mean', '', 'phase'])}\n${phases.join('\n')}</table>`}
<script>
${FLAME_SCRIPT}
</script>
</body></html>
`;
}

function titleOf({ profile, thread }: ProfileReport): string {
  const what = profile.kind === 'cpu' ? 'CPU' : 'Allocations';
  return `${what} of ${thread.thread}, ${thread.seconds.toFixed(1)} s`;
}

function factsOf({ profile, thread }: ProfileReport): readonly (readonly [string, string])[] {
  const { kind, total, asleep, gc, native, sampleCount } = profile;
  const of = (part: number, whole: number) => `${(whole > 0 ? (part / whole) * 100 : 0).toFixed(1)} %`;
  const cpu = ['CPU time of the thread', of(thread.cpuS, thread.seconds)] as const;
  if (kind === 'allocation') {
    return [['allocated', showSize(profile, total)], ['a second', showSize(profile, total / thread.seconds)], cpu];
  }
  const pauses: [string, string][] =
    thread.gcPauseS === undefined ? [] : [['pauses for the heap', `${(thread.gcPauseS * 1000).toFixed(1)} ms`]];
  return [
    ['asleep', of(asleep, total)],
    cpu,
    ['collecting garbage', `${of(gc, total - asleep)} of what it did`],
    ...pauses,
    ['engine and system', `${of(native, total - asleep)} of what it did`],
    ['samples', String(sampleCount)],
  ];
}

function phasesOf({ phases }: ProfiledThread): readonly { phase: string; meanMs: number; share: number }[] {
  const all = phases.reduce((sum, { seconds }) => sum + seconds, 0);
  return phases
    .filter(({ ticks }) => ticks > 0)
    .map(({ phase, seconds, ticks }) => ({
      phase,
      meanMs: (seconds / ticks) * 1000,
      share: all > 0 ? seconds / all : 0,
    }))
    .sort((a, b) => b.share - a.share);
}

function showSize({ kind }: Profile, size: number): string {
  if (kind === 'cpu') return `${(size / 1000).toFixed(1)} ms`;
  return size < 1 << 20 ? `${(size / 1024).toFixed(1)} KiB` : `${(size / (1 << 20)).toFixed(1)} MiB`;
}

/** Of what the thread did, or allocated. */
function showShare({ root }: Profile, size: number): string {
  return `${(root.total > 0 ? (size / root.total) * 100 : 0).toFixed(1)} %`.padStart(10);
}

const nameOf = ({ name, place }: HotFunction) => (place === '' ? name : `${name}  ${place}`);

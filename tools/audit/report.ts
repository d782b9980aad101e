// What an audit has found, as text for a terminal.

import { type AuditReport, sumOf } from '../../src/store/audit.ts';

export function describeAudit(report: AuditReport): string {
  const { totals, accounts, entries, fenced, ahead, contradictions, contradictionCount } = report;
  const lines: string[] = [];
  for (const [game, assets] of [...totals].sort()) {
    const names = [...new Set([...assets.values()].flatMap(({ named }) => [...named.keys()]))].sort();
    const rows = [...assets]
      .sort()
      .map(([asset, of]) =>
        [asset, of.players, ...names.map((name) => of.named.get(name) ?? 0), sumOf(of)].map(String),
      );
    lines.push(...alignColumns([[game, 'players', ...names, 'sum'], ...rows]), '');
  }
  lines.push(`${accounts} accounts of players with ${entries} entries.`);
  if (fenced > 0) {
    const why = 'since another node had one of their players, or something before them was lost';
    lines.push(`${fenced} commits were refused, ${why}: fenced_commits.`);
  }
  if (ahead > 0)
    lines.push(`${ahead} characters are ahead of their accounts: commits wait in the journal of a server.`);
  lines.push(...contradictions);
  if (contradictionCount > contradictions.length)
    lines.push(`… and ${contradictionCount - contradictions.length} more.`);
  lines.push(contradictionCount === 0 ? 'OK' : `${contradictionCount} contradictions.`);
  return `${lines.join('\n')}\n`;
}

/** The first column to the left, numbers to the right. */
function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '),
  );
}

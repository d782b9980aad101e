// Small line charts as SVG, drawn without a library: a few lines over one axis, readable on light and dark. Pure.

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Chart {
  readonly title: string;
  readonly xName: string;
  readonly lines: readonly Line[];
  /** A line across at this height, with what it means. */
  readonly goal?: { readonly y: number; readonly name: string };
}

export const CHART_WIDTH = 420;
export const CHART_HEIGHT = 300;
const LEFT = 56;
const RIGHT = 16;
const TOP = 58;
const BOTTOM = 44;
const COLOURS = ['#2166ac', '#b2182b', '#1b7837', '#762a83', '#b35806', '#525252'];
const TICKS = 5;

/** Charts side by side in one picture, `columns` in a row. */
export function drawCharts(charts: readonly Chart[], columns = 3): string {
  const across = Math.min(columns, charts.length);
  const width = across * CHART_WIDTH;
  const height = Math.ceil(charts.length / columns) * CHART_HEIGHT;
  const parts = charts.map((chart, index) => {
    const x = (index % columns) * CHART_WIDTH;
    const y = Math.floor(index / columns) * CHART_HEIGHT;
    return `<g transform="translate(${x} ${y})">\n${drawChart(chart)}\n</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
      'font-family="system-ui, sans-serif" font-size="12">',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function drawChart({ title, xName, lines, goal }: Chart): string {
  const points = lines.flatMap((line) => line.points).filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  const xTop = niceTop(Math.max(0, ...points.map(([x]) => x)));
  const yTop = niceTop(Math.max(goal?.y ?? 0, ...points.map(([, y]) => y)));
  const placeX = (x: number): number => fixed(LEFT + (x / xTop) * (CHART_WIDTH - LEFT - RIGHT));
  const placeY = (y: number): number => fixed(CHART_HEIGHT - BOTTOM - (y / yTop) * (CHART_HEIGHT - TOP - BOTTOM));
  const parts = [`<text x="${LEFT}" y="20" font-size="14" font-weight="600" fill="#111">${escapeText(title)}</text>`];
  for (let step = 0; step <= TICKS; step++) {
    const x = (xTop * step) / TICKS;
    const y = (yTop * step) / TICKS;
    const atY = placeY(y);
    parts.push(
      `<line x1="${LEFT}" x2="${CHART_WIDTH - RIGHT}" y1="${atY}" y2="${atY}" stroke="#ddd"/>`,
      `<text x="${LEFT - 6}" y="${atY + 4}" text-anchor="end" fill="#444">${label(y)}</text>`,
      `<text x="${placeX(x)}" y="${CHART_HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#444">${label(x)}</text>`,
    );
  }
  parts.push(
    `<text x="${(LEFT + CHART_WIDTH - RIGHT) / 2}" y="${CHART_HEIGHT - 8}" text-anchor="middle" fill="#444">${escapeText(xName)}</text>`,
  );
  if (goal !== undefined) {
    const y = placeY(goal.y);
    parts.push(
      `<line x1="${LEFT}" x2="${CHART_WIDTH - RIGHT}" y1="${y}" y2="${y}" stroke="#111" stroke-dasharray="5 4"/>`,
      `<text x="${CHART_WIDTH - RIGHT}" y="${y - 4}" text-anchor="end" fill="#111">${escapeText(goal.name)}</text>`,
    );
  }
  for (const [index, line] of lines.entries()) parts.push(...drawLine(line, index, placeX, placeY));
  return parts.join('\n');
}

type Place = (value: number) => number;

function drawLine({ name, points }: Line, index: number, placeX: Place, placeY: Place): string[] {
  const colour = COLOURS[index % COLOURS.length]!;
  const drawn = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  const path = drawn.map(([x, y]) => `${placeX(x)},${placeY(y)}`).join(' ');
  const x = LEFT + index * 90;
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...drawn.map(([px, py]) => `<circle cx="${placeX(px)}" cy="${placeY(py)}" r="3" fill="${colour}"/>`),
    `<rect x="${x}" y="30" width="10" height="10" fill="${colour}"/>`,
    `<text x="${x + 14}" y="39" fill="#111">${escapeText(name)}</text>`,
  ];
}

/** The least of 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 × 10ⁿ that is not below. */
export function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8]) if (value <= step * power) return step * power;
  return 10 * power;
}

function label(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US');
}

function fixed(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

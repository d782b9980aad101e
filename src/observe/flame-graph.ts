// A flame graph in HTML: each call a bar as wide as what it took, under its caller; a click makes a bar as wide as the page.
// Pure. Names come from whatever code ran: every one is escaped.

import type { Call } from './profile.ts';

const ROW_PX = 18;
/** Of the whole; narrower bars nobody could see, nor point at. */
const SHARE_MIN = 0.0005;
const HUES = 8;

interface Bar {
  readonly call: Call;
  readonly from: number;
  readonly share: number;
  readonly depth: number;
}

/** @param show what a bar's size is, in words */
export function drawFlameGraph(root: Call, show: (size: number) => string): string {
  const bars: Bar[] = [];
  const place = (call: Call, from: number, depth: number): void => {
    const share = call.total / root.total;
    if (!(share >= SHARE_MIN)) return;
    bars.push({ call, from, share, depth });
    let next = from;
    for (const inner of call.calls) {
      place(inner, next, depth + 1);
      next += inner.total / root.total;
    }
  };
  place(root, 0, 0);
  const rows = bars.reduce((most, { depth }) => Math.max(most, depth + 1), 0);
  return `<div class="flame" style="height:${rows * ROW_PX}px">\n${bars.map((bar) => drawBar(bar, show)).join('\n')}\n</div>`;
}

function drawBar({ call, from, share, depth }: Bar, show: (size: number) => string): string {
  const { name, place, total, self } = call;
  const title = `${name}\n${place}\n${show(total)} (${(share * 100).toFixed(1)} %), itself ${show(self)}`;
  const position = `left:${(from * 100).toFixed(4)}%;width:${(share * 100).toFixed(4)}%;top:${depth * ROW_PX}px`;
  return `<i class="h${hueOf(place)}" style="${position}" title="${escapeHtml(title)}">${escapeHtml(name)}</i>`;
}

/** The same colour for what lies in the same folder. */
function hueOf(place: string): number {
  const folder = place.slice(0, place.lastIndexOf('/'));
  let hash = 0;
  for (let at = 0; at < folder.length; at++) hash = (hash * 31 + folder.charCodeAt(at)) >>> 0;
  return hash % HUES;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

export const FLAME_STYLE = `.flame{position:relative;margin:1em 0;overflow:hidden}
.flame i{position:absolute;height:${ROW_PX - 1}px;line-height:${ROW_PX - 1}px;overflow:hidden;white-space:nowrap;
font:11px/17px monospace;text-indent:2px;cursor:pointer;box-sizing:border-box;border-right:1px solid #fff8;color:#222}
.flame i:hover{outline:1px solid #000}
${Array.from({ length: HUES }, (_, hue) => `.h${hue}{background:hsl(${20 + hue * 40} 70% 75%)}`).join('\n')}`;

/** Makes the clicked bar as wide as the graph; what holds it spans it, what is beside it goes. */
export const FLAME_SCRIPT = `for (const graph of document.querySelectorAll('.flame')) {
  const bars = [...graph.children].map((bar) => ({ bar, left: parseFloat(bar.style.left), width: parseFloat(bar.style.width) }));
  graph.addEventListener('click', ({ target }) => {
    const chosen = bars.find(({ bar }) => bar === target);
    if (chosen === undefined) return;
    for (const { bar, left, width } of bars) {
      const from = Math.max(0, (left - chosen.left) / chosen.width * 100);
      const to = Math.min(100, (left + width - chosen.left) / chosen.width * 100);
      bar.style.display = to - from > 0.01 ? '' : 'none';
      bar.style.left = from + '%';
      bar.style.width = to - from + '%';
    }
  });
}`;

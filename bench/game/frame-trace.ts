// What each frame of a page cost, from a trace of Chromium's: the renderer's main thread, from one animation frame to
// the next. Times are the thread's CPU time where the trace has it (`tdur`), so that other work on the cores doesn't
// count. Format: "Trace Event Format" (Google).

/** What `readTrace` needs, and no more: each category costs time while it is recorded. */
export const TRACE_CATEGORIES: readonly string[] = ['devtools.timeline', 'disabled-by-default-devtools.timeline'];

/** Milliseconds, an entry a frame. */
export interface FrameCosts {
  /** All tasks of the main thread. */
  readonly main: number[];
  /** Of that the page's own code. */
  readonly script: number[];
  /** Of that style, layout, and recording what is to be painted. */
  readonly paint: number[];
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
}

const FRAME = 'FireAnimationFrame';
const TASK = 'RunTask';
const SCRIPT = new Set(['FunctionCall', 'EvaluateScript', 'v8.run', 'RunMicrotasks']);
const PAINT = new Set(['UpdateLayoutTree', 'Layout', 'PrePaint', 'Paint', 'Layerize', 'Commit', 'UpdateLayer']);

export function readTrace(json: string): FrameCosts {
  const { traceEvents } = JSON.parse(json) as { traceEvents: readonly TraceEvent[] };
  const thread = busiestThread(traceEvents);
  const events = traceEvents
    .filter((event) => event.ph === 'X' && `${event.pid} ${event.tid}` === thread)
    .sort((a, b) => a.ts - b.ts);
  const starts = events.filter(({ name }) => name === FRAME).map(({ ts }) => ts);
  // A page may ask for more than one callback in a frame; they come right after each other.
  const frames = starts.filter((ts, index) => index === 0 || ts - starts[index - 1]! > 4_000);
  const costs: FrameCosts = { main: [], script: [], paint: [] };
  for (let frame = 0; frame + 1 < frames.length; frame++) {
    costs.main.push(0);
    costs.script.push(0);
    costs.paint.push(0);
  }
  let scriptEnd = 0;
  let frame = -1;
  for (const event of events) {
    while (frame + 1 < frames.length && frames[frame + 1]! <= event.ts + (event.dur ?? 0)) frame++;
    if (frame < 0 || frame >= costs.main.length) continue;
    const ms = (event.tdur ?? event.dur ?? 0) / 1000;
    if (event.name === TASK) costs.main[frame]! += ms;
    else if (PAINT.has(event.name)) costs.paint[frame]! += ms;
    else if (SCRIPT.has(event.name) && event.ts >= scriptEnd) {
      // One within another counts once.
      costs.script[frame]! += ms;
      scriptEnd = event.ts + (event.dur ?? 0);
    }
  }
  return costs;
}

/** The main thread of the page that draws: where animation frames run. */
function busiestThread(events: readonly TraceEvent[]): string {
  const counts = new Map<string, number>();
  for (const { name, pid, tid } of events) {
    if (name !== FRAME) continue;
    const thread = `${pid} ${tid}`;
    counts.set(thread, (counts.get(thread) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '';
}

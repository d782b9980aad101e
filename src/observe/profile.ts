// CPU and allocation profiles as the engine writes them (.cpuprofile, .heapprofile), read into a tree of calls with what each
// took: microseconds or bytes. Pure; tools read, a server only hands them out. What is in a profile may be anyone's: names are
// text here, and whoever shows them escapes them.

import { z } from 'zod';

export type ProfileKind = 'cpu' | 'allocation';

/** A function where it was called; the same one under the same caller is one node. */
export interface Call {
  readonly name: string;
  /** `src/zone/zone.ts:120`, from the root of the repository; '' for the engine's own. */
  readonly place: string;
  /** Its own, without what it called. µs or bytes. */
  self: number;
  /** With it. */
  total: number;
  readonly calls: Call[];
  /** Why the engine threw away the fast version of it, if it did. */
  deoptimised: string;
}

export interface HotFunction {
  readonly name: string;
  readonly place: string;
  readonly self: number;
  /** Where it calls itself it counts once. */
  readonly total: number;
  readonly deoptimised: string;
}

export interface Profile {
  readonly kind: ProfileKind;
  /** What the thread did; asleep is in none. */
  readonly root: Call;
  /** By what they themselves took, most first. */
  readonly functions: readonly HotFunction[];
  /** Of the whole time, in µs; all but `total` are 0 for allocations, whose `total` is in bytes. */
  readonly total: number;
  readonly asleep: number;
  readonly gc: number;
  /** In the engine or the system, in no function of JavaScript. */
  readonly native: number;
  readonly sampleCount: number;
}

const FRAME = z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() });
const CPU_PROFILE = z.object({
  nodes: z
    .array(
      z.object({
        id: z.number(),
        callFrame: FRAME,
        children: z.array(z.number()).optional(),
        deoptReason: z.string().optional(),
      }),
    )
    .min(1),
  startTime: z.number(),
  endTime: z.number(),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});
type CpuNode = z.infer<typeof CPU_PROFILE>['nodes'][number];

interface HeapNode {
  readonly callFrame: z.infer<typeof FRAME>;
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}
const HEAP_NODE: z.ZodType<HeapNode> = z.object({
  callFrame: FRAME,
  selfSize: z.number(),
  children: z.lazy(() => z.array(HEAP_NODE)),
});
const HEAP_PROFILE = z.object({ head: HEAP_NODE, samples: z.array(z.unknown()).optional() });

/**
 * Where threads without an event loop sleep: the engine shows the function, not the wait in it. Of a loop that it has compiled
 * as a whole before the profile began it shows who holds the loop, or the module.
 */
const SLEEPS = ['sleep workers/zone.ts', 'runUntilStopped workers/zone.ts', '(anonymous) workers/zone.ts'];
const IDLE = '(idle)';
const GC = '(garbage collector)';
const NATIVE = '(program)';

/** @param rootUrl of the repository, ending in `/`: places are told from there */
export function readProfile(kind: ProfileKind, json: unknown, rootUrl: string): Profile {
  return kind === 'cpu'
    ? readCpuProfile(CPU_PROFILE.parse(json), rootUrl)
    : readHeapProfile(HEAP_PROFILE.parse(json), rootUrl);
}

function readCpuProfile(file: z.infer<typeof CPU_PROFILE>, rootUrl: string): Profile {
  const nodes = new Map<number, CpuNode>();
  for (const node of file.nodes) nodes.set(node.id, node);
  const root = createCall('(all)', '');
  const callOf = new Map<number, Call>();
  // Parents stand before their children, as the engine writes them; what refers back is passed over.
  for (const node of file.nodes) {
    const call = callOf.get(node.id) ?? root;
    callOf.set(node.id, call);
    for (const id of node.children ?? []) {
      const child = nodes.get(id);
      if (child === undefined || callOf.has(id)) continue;
      const made = callIn(call, child.callFrame, rootUrl);
      made.deoptimised ||= child.deoptReason ?? '';
      callOf.set(id, made);
    }
  }
  const { samples, timeDeltas, startTime, endTime } = file;
  let atUs = startTime;
  const times = samples.map((_, nth) => (atUs += timeDeltas[nth] ?? 0));
  for (const [nth, id] of samples.entries()) {
    // A sample stands for the time until the next one. Between threads' clocks it may come out below nothing.
    const us = Math.max(0, (times[nth + 1] ?? endTime) - times[nth]!);
    (callOf.get(id) ?? root).self += us;
  }
  const asleep = takeAsleep(root);
  addUp(root);
  const own = (name: string) => root.calls.find((call) => call.name === name && call.place === '')?.self ?? 0;
  return {
    kind: 'cpu',
    root,
    functions: listFunctions(root),
    total: root.total + asleep,
    asleep,
    gc: own(GC),
    native: own(NATIVE),
    sampleCount: samples.length,
  };
}

function readHeapProfile({ head, samples }: z.infer<typeof HEAP_PROFILE>, rootUrl: string): Profile {
  const root = createCall('(all)', '');
  const add = (call: Call, { selfSize, children }: HeapNode): void => {
    call.self += selfSize;
    for (const child of children) add(callIn(call, child.callFrame, rootUrl), child);
  };
  add(root, head);
  addUp(root);
  return {
    kind: 'allocation',
    root,
    functions: listFunctions(root),
    total: root.total,
    asleep: 0,
    gc: 0,
    native: 0,
    sampleCount: samples?.length ?? 0,
  };
}

function createCall(name: string, place: string): Call {
  return { name, place, self: 0, total: 0, calls: [], deoptimised: '' };
}

function callIn(caller: Call, { functionName, url, lineNumber }: z.infer<typeof FRAME>, rootUrl: string): Call {
  const name = functionName === '' ? '(anonymous)' : functionName;
  // A line before the first is the module as a whole.
  const line = lineNumber < 0 ? '' : `:${lineNumber + 1}`;
  const place = url === '' ? '' : shortenUrl(url, rootUrl) + line;
  const found = caller.calls.find((call) => call.name === name && call.place === place);
  if (found !== undefined) return found;
  const made = createCall(name, place);
  caller.calls.push(made);
  return made;
}

/** No path of the machine: reports are sent around. */
function shortenUrl(url: string, rootUrl: string): string {
  if (url.startsWith(rootUrl)) return url.slice(rootUrl.length);
  const inPackages = url.lastIndexOf('node_modules/');
  if (inPackages >= 0) return url.slice(inPackages);
  return url.startsWith('file:') ? url.slice(url.lastIndexOf('/') + 1) : url;
}

/** Takes what was slept out of the tree; how much it was. */
function takeAsleep(root: Call): number {
  let us = 0;
  const visit = (call: Call): void => {
    const file = call.place.replace(/:\d+$/, '');
    if (call.name === IDLE || SLEEPS.includes(`${call.name} ${file}`)) {
      us += call.self;
      call.self = 0;
    }
    for (const inner of call.calls) visit(inner);
  };
  visit(root);
  return us;
}

function addUp(call: Call): number {
  call.total = call.self;
  for (const inner of call.calls) call.total += addUp(inner);
  call.calls.sort((a, b) => b.total - a.total);
  return call.total;
}

function listFunctions(root: Call): readonly HotFunction[] {
  const byPlace = new Map<string, { -readonly [K in keyof HotFunction]: HotFunction[K] }>();
  const open = new Set<string>();
  const visit = (call: Call): void => {
    const key = `${call.name} ${call.place}`;
    const found = byPlace.get(key) ?? { name: call.name, place: call.place, self: 0, total: 0, deoptimised: '' };
    byPlace.set(key, found);
    found.self += call.self;
    found.deoptimised ||= call.deoptimised;
    const isOuter = !open.has(key);
    if (isOuter) {
      found.total += call.total;
      open.add(key);
    }
    for (const inner of call.calls) visit(inner);
    if (isOuter) open.delete(key);
  };
  for (const call of root.calls) visit(call);
  return [...byPlace.values()].filter(({ total }) => total > 0).sort((a, b) => b.self - a.self || b.total - a.total);
}

// What to do about what a profile shows: rules, each a sentence where it holds. Pure. They say where to look first; that a
// thread needs time for its players is no fault.

import type { HotFunction, Profile } from './profile.ts';

export interface ProfiledThread {
  readonly thread: string;
  readonly seconds: number;
  /** CPU time of the thread meanwhile. */
  readonly cpuS: number;
  /** How long it stood still for its heap meanwhile; undefined where nobody counts it. */
  readonly gcPauseS: number | undefined;
  /** Of a zone: what its ticks were spent on meanwhile. */
  readonly phases: readonly { readonly phase: string; readonly seconds: number; readonly ticks: number }[];
}

const PERCENT = 100;
const SAMPLES_MIN = 200;
const ASLEEP_SHARE = 0.6;
const GC_SHARE = 0.05;
const PHASE_SHARE = 0.5;
const FUNCTION_SHARE = 0.25;
const NATIVE_SHARE = 0.4;
const WAITING_SHARE = 0.2;
const DEOPTIMISED_SHARE = 0.03;
const QUIET_BYTES_PER_S = 1 << 20;
const ALLOCATES_SHARE = 0.25;

interface Suspect {
  /** Of the name and the place, a space between. */
  readonly pattern: RegExp;
  readonly share: number;
  /** The end of the sentence "x % of what it did was …". */
  readonly was: string;
}

/** Work that has no place, or no such share, on a thread that players wait for; also where the cure is a flag. */
const SUSPECTS: readonly Suspect[] = [
  {
    pattern: / src\/guard\/(text|profanity|word-filter|patterns|words|characters)\.ts|node_modules\/obscenity\//,
    share: 0.1,
    was: 'screening texts: who chats that much? guard_texts_total and requests_total tell; budgets are in docs/guard.md.',
  },
  {
    pattern: /^(parse|stringify) $/,
    share: 0.1,
    was: 'reading and writing JSON, which has no place where players wait: send numbers, or let another thread do it.',
  },
  {
    pattern: /node_modules\/zod\//,
    share: 0.05,
    was: 'zod, which is for what comes rarely: check in code what comes with every packet.',
  },
  {
    pattern: /node_modules\/(pino|sonic-boom)\//,
    share: 0.05,
    was: 'writing logs: `npm run control -- /log-level level=warn`, or find what logs that often.',
  },
  {
    pattern: / src\/io\/(prometheus|block-series|exposition|thread-metrics)\.ts|node_modules\/prom-client\//,
    share: 0.3,
    was: 'answering scrapes of /metrics: scrape more rarely, or from one place.',
  },
  {
    pattern: / src\/(io\/tracing[a-z-]*|observe\/span-record)\.ts|node_modules\/@opentelemetry\//,
    share: 0.1,
    was: 'traces: sample fewer, `npm run control -- /tracing percent=1`.',
  },
  {
    pattern: / node:internal\/(crypto|tls)|node_modules\/sodium-native\//,
    share: 0.3,
    was: 'encryption: connections that come and go cost most of it; connections_total tells how many.',
  },
];

/** Sentences, what matters most first; never none. */
export function adviseOnProfile(profile: Profile, thread: ProfiledThread): readonly string[] {
  const advice = profile.kind === 'cpu' ? adviseOnCpu(profile, thread) : adviseOnAllocation(profile, thread);
  return advice.length > 0 ? advice : ['Nothing stands out: the functions below are what it does.'];
}

function adviseOnCpu(profile: Profile, thread: ProfiledThread): string[] {
  const { total, asleep, gc, native, sampleCount, functions } = profile;
  const busy = total - asleep;
  const advice: string[] = [];
  const asleepShare = share(asleep, total);
  if (asleepShare >= ASLEEP_SHARE) {
    advice.push(
      `It slept ${percent(asleepShare)} of the time: it has room, and nothing here has to be done. ` +
        'If single ticks are late all the same, see tick_lateness_seconds, thread_gc_pause_seconds and what else runs there.',
    );
  }
  const waitingShare = 1 - asleepShare - share(thread.cpuS, thread.seconds);
  if (waitingShare >= WAITING_SHARE) {
    advice.push(
      `For ${percent(waitingShare)} of the time it was not asleep and had no core, or waited for the system: ` +
        'the machine has too few cores for its threads, or something else runs on them.',
    );
  }
  const gcShare = Math.max(share(gc, busy), share((thread.gcPauseS ?? 0) * 1e6, busy));
  if (gcShare >= GC_SHARE) {
    advice.push(
      `Collecting garbage took ${percent(gcShare)} of what it did: ` +
        `\`npm run profile -- --thread ${thread.thread} --kind allocation\` shows who allocates.`,
    );
  }
  if (asleepShare >= ASLEEP_SHARE) return advice;
  advice.push(...adviseOnPhases(thread), ...adviseOnSuspects(profile, busy));
  const [hottest] = functions.filter(({ place }) => place !== '');
  if (hottest !== undefined && share(hottest.self, busy) >= FUNCTION_SHARE) {
    advice.push(`${percent(share(hottest.self, busy))} of what it did was in ${nameOf(hottest)} itself: begin there.`);
  }
  for (const one of functions) {
    if (one.deoptimised === '' || share(one.total, busy) < DEOPTIMISED_SHARE) continue;
    advice.push(
      `The engine threw away its fast version of ${nameOf(one)} (${one.deoptimised}): ` +
        'what is handed to it should always be of the same kind.',
    );
  }
  if (share(native, busy) >= NATIVE_SHARE) {
    advice.push(
      `${percent(share(native, busy))} of what it did was in the engine or the system (sockets, disk), which no ` +
        'profile of JavaScript shows: perf, or strace -c, tells more.',
    );
  }
  if (sampleCount * (1 - asleepShare) < SAMPLES_MIN) {
    advice.push('There are few samples of what it did: for small shares take more --seconds, or more players.');
  }
  return advice;
}

function adviseOnPhases({ phases }: ProfiledThread): readonly string[] {
  const all = phases.reduce((sum, { seconds }) => sum + seconds, 0);
  const [most] = [...phases].sort((a, b) => b.seconds - a.seconds);
  if (most === undefined || most.ticks === 0 || share(most.seconds, all) < PHASE_SHARE) return [];
  const meanMs = (most.seconds / most.ticks) * 1000;
  const what = most.phase.startsWith('game_') ? `the game's system ${most.phase.slice(5)}` : `the phase ${most.phase}`;
  return [
    `${percent(share(most.seconds, all))} of a tick is ${what} (${meanMs.toFixed(3)} ms): a tick gets shorter only there.`,
  ];
}

function adviseOnSuspects({ functions }: Profile, busy: number): readonly string[] {
  return SUSPECTS.flatMap(({ pattern, share: least, was }) => {
    const self = functions.reduce((sum, one) => (pattern.test(`${one.name} ${one.place}`) ? sum + one.self : sum), 0);
    return share(self, busy) >= least ? [`${percent(share(self, busy))} of what it did was ${was}`] : [];
  });
}

function adviseOnAllocation({ total, functions }: Profile, { seconds }: ProfiledThread): string[] {
  const perS = total / seconds;
  if (perS < QUIET_BYTES_PER_S) {
    return [`It allocates ${(perS / 1024).toFixed(0)} KiB a second, which is little: nothing here has to be done.`];
  }
  const advice = [
    `It allocates ${(perS / (1 << 20)).toFixed(1)} MiB a second; each is collected again, and that stops it.`,
  ];
  for (const one of functions.slice(0, 3)) {
    if (share(one.self, total) < ALLOCATES_SHARE) break;
    advice.push(
      `${percent(share(one.self, total))} of it in ${nameOf(one)}: keep its objects and use them again, or take typed arrays.`,
    );
  }
  return advice;
}

const share = (part: number, whole: number) => (whole > 0 ? part / whole : 0);
const percent = (part: number) => `${Math.round(part * PERCENT)} %`;
const nameOf = ({ name, place }: HotFunction) => (place === '' ? name : `${name} (${place})`);

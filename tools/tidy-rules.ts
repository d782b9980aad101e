// The project's own rules as data: who may import whom, what is banned where and what to use instead.
// Runs in the tidy process only. `tools/tidy-checks.ts` applies them; the import table is also in `src/README.md`,
// for people, and tidy fails when the two differ.

/** `core`: every folder of src but io and web. `src`: every folder of src. Any other word is that folder. */
export type ImportTarget = 'core' | 'src' | (string & {});

export interface ImportRow {
  readonly folder: string;
  readonly mayImport: readonly ImportTarget[];
  readonly note?: string;
}

/** Who may import whom. A folder may always import its own files. Folders that are planned are here too. */
export const IMPORT_TABLE: readonly ImportRow[] = [
  { folder: 'base', mayImport: [] },
  { folder: 'wire', mayImport: ['base'] },
  { folder: 'transport', mayImport: ['base'] },
  { folder: 'sim', mayImport: ['base'] },
  { folder: 'cluster', mayImport: ['base'] },
  { folder: 'store', mayImport: ['base'] },
  { folder: 'observe', mayImport: ['base'] },
  { folder: 'game', mayImport: ['base', 'sim'] },
  { folder: 'rewind', mayImport: ['base', 'sim'] },
  { folder: 'snapshot', mayImport: ['base', 'wire', 'sim'] },
  { folder: 'guard', mayImport: ['base', 'wire', 'sim'] },
  { folder: 'replay', mayImport: ['base', 'wire', 'sim'], note: "the game's step is handed in" },
  { folder: 'session', mayImport: ['base', 'wire', 'transport', 'guard', 'sim', 'snapshot'] },
  {
    folder: 'zone',
    mayImport: ['base', 'wire', 'sim', 'guard', 'snapshot', 'rewind', 'replay', 'cluster', 'store'],
    note: 'the game module is handed in',
  },
  {
    folder: 'client',
    mayImport: ['base', 'wire', 'transport', 'sim', 'snapshot'],
    note: 'game module, socket and clock are handed in',
  },
  { folder: 'gateway', mayImport: ['base', 'cluster'] },
  { folder: 'heal', mayImport: ['base', 'observe', 'cluster'] },
  { folder: 'operator', mayImport: ['base'] },
  { folder: 'web', mayImport: ['client', 'game', 'sim', 'wire'], note: 'and page libraries' },
  { folder: 'io', mayImport: ['core'], note: 'and drivers, servers, `node:*`' },
  { folder: 'workers', mayImport: ['src'], note: 'nobody imports them' },
  { folder: 'examples', mayImport: ['sim'], note: '`defineGame` lives there' },
  { folder: 'infra', mayImport: [], note: "and Grafana's builders" },
  { folder: 'tools', mayImport: ['src'] },
  { folder: 'bench', mayImport: ['src', 'tools'] },
  { folder: 'test', mayImport: ['src', 'tools', 'bench', 'examples', 'infra'], note: '`test/conformance`: nothing' },
];

/** Top-level folders beside src that the table rules. */
export const OUTER_FOLDERS: readonly string[] = ['workers', 'examples', 'infra', 'tools', 'bench', 'test'];

/** Folders of src that are not core: they may do I/O. */
export const EDGE_FOLDERS: readonly string[] = ['io', 'web'];

/** Packages that only compute, and the core folders that may use them. */
export const CORE_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  gateway: ['jose', 'zod'],
  guard: ['obscenity'],
  observe: ['zod'],
  operator: ['zod'],
  store: ['@msgpack/msgpack'],
};

/** Modules that no package brings but the program which runs files of such a name. */
export const HOST_MODULES: Readonly<Record<string, string>> = { '.k6.js': 'k6' };

const TIME = 'take `now` as an argument';
const WAIT = 'keep a state and an `update(now)`';
const PORT = 'take a port as an argument; io implements it';

/** Globals that core may not name, and what to use instead. With a dot: that member of the global. */
export const CORE_BANNED: Readonly<Record<string, string>> = {
  'Date.now': TIME,
  performance: TIME,
  'Math.random': 'take a generator of base/random.ts as an argument',
  'crypto.getRandomValues': 'take random bytes as an argument',
  'crypto.randomUUID': 'take random bytes as an argument',
  setTimeout: WAIT,
  setInterval: WAIT,
  setImmediate: WAIT,
  queueMicrotask: WAIT,
  requestAnimationFrame: WAIT,
  process: 'take what you need as an argument; workers and io read the process',
  console: 'count it (base/counters.ts), or return it to a worker that logs',
  fetch: PORT,
  XMLHttpRequest: PORT,
  WebSocket: PORT,
  document: PORT,
  window: PORT,
  localStorage: PORT,
};

const INEXACT =
  'acos acosh asin asinh atan atan2 atanh cbrt cos cosh exp expm1 hypot log log10 log1p log2 pow sin sinh tan tanh';

/** Members of Math that engines may round differently; banned where every machine must compute the same. */
export const INEXACT_MATH: ReadonlySet<string> = new Set(INEXACT.split(' '));

/** Folders whose results are hashed and compared between machines. */
export const DETERMINISTIC_FOLDERS: readonly string[] = ['sim', 'game', 'examples'];

/** Folders that a zone or a packet runs through: nothing in them waits. */
export const SYNCHRONOUS_FOLDERS: readonly string[] =
  'base sim wire snapshot zone guard rewind replay transport session game examples'.split(' ');

/** Folders in which each file begins with a comment that says what it is. */
export const HEAD_COMMENT_FOLDERS: readonly string[] = ['src', 'workers', 'infra', 'tools', 'bench', 'examples'];
export const HEAD_COMMENT_CHARACTERS_MIN = 40;

/** Last words of names that say nothing. */
export const EMPTY_NAME = /(Manager|Helper|Util|Service|Handler)s?$/;

/** Paths of one machine, which no tracked file may hold. Written in parts, so that this file holds none either. */
export const MACHINE_PATHS: readonly string[] = [['work'], ['root'], ['tmp', 'bash_jobs']].map(
  (parts) => `/${parts.join('/')}`,
);

/** A file that begins with this was written by a program and is not held to the rules of style. */
export const GENERATED_MARK = /^\/\/ Generated by tools\//;

export const FILE_LINES_WARN = 500;
export const FILE_LINES_MAX = 800;
export const FUNCTION_LINES_MAX = 70;

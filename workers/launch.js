// What `npm start` runs: the small parent of a node. It finds a Node that is new enough, starts workers/node.ts on it
// with the same arguments, hands signals on, and starts it again when it died. Touches nothing else.
// Deliberate: plain JavaScript that a Node of years ago can parse, since it is what tells its user to get a newer one.
//
// The child is a process group of its own, so that Ctrl-C, which a terminal sends to every process of the foreground
// group, reaches it once and only from here; npm sends it here a second time, which is why one that follows within
// SAME_PRESS_MS counts as the same press. A channel joins the two: the child hears its end when the launcher is
// killed and should then drain; the child may send 'ready' when it is up, and 'spare' when it wants to be replaced the
// faster: then another one is started that loads its code, says 'waiting', and is told 'begin' when the first has died.

import { spawn } from 'child_process';
import { existsSync, lstatSync, mkdirSync } from 'fs';
import { homedir } from 'os';
import { dirname, join } from 'path';
import { fileURLToPath } from 'url';

/** Types are stripped, node:sqlite and process.threadCpuUsage are there without flags, and it is what is tested. */
const NODE_MAJOR_MIN = 26;
/** Exit code of a wrong flag, a busy port, a locked folder: starting again would not help. */
const EXIT_CONFIGURATION = 2;
const BACKOFF_MS_MIN = 100;
const BACKOFF_MS_MAX = 5000;
/** A server that was up for this long is started again at once: players wait. The next ones wait longer. */
const HEALTHY_MS = 1000;
/** One that dies again and again a moment after it was up is started so often at once in this time, and then more slowly. */
const AT_ONCE_MAX = 20;
const AT_ONCE_WINDOW_MS = 60000;
/** Dead before this, and not ready before, is dead at start. */
const START_MS = 10000;
const STARTS_FAILED_MAX = 5;
const SAME_PRESS_MS = 300;
/** After a start those who play come back first. */
const SPARE_AFTER_MS = 5000;
/** One that died, which nobody waits for, is tried again. */
const SPARE_AGAIN_MS = 60000;
const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const isWindows = process.platform === 'win32';
/** Tests put a script of their own in the place of the server. */
const entry = process.env.DARKAGES_LAUNCH_ENTRY || join(root, 'workers', 'node.ts');

let child;
/** Is to take the place of the child, if it has what it needs by then. */
let spare;
let isSpareWaiting = false;
let spareTimer;
let startedMs = 0;
let isReady = false;
let readyMs = 0;
/** When it was started at once, lately. */
let startedAtOnceMs = [];
let isStopping = false;
let presses = 0;
let pressedMs = -Infinity;
let startsFailed = 0;
let backoffMs = BACKOFF_MS_MIN;
let restartTimer;

function say(sentence) {
  process.stderr.write('darkages: ' + sentence + '\n');
}

/** The pinned Node, where npm put it for this machine; undefined when it is not there. */
function findPinnedNode() {
  const name = process.platform + '-' + process.arch;
  const file = isWindows ? 'node.exe' : 'node';
  const folders = ['node-' + name, 'node-bin-' + name, 'node-' + name.replace('win32', 'win')];
  const paths = folders.map((folder) => join(root, 'node_modules', folder, 'bin', file));
  if (!isWindows) paths.unshift(join(root, 'node_modules', '.bin', 'node'));
  return paths.find((path) => existsSync(path));
}

/** Programs to try, in order. */
function findNodes() {
  const pinned = findPinnedNode();
  const isNewEnough = Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN;
  const nodes = isNewEnough ? [process.execPath] : [];
  return pinned === undefined ? nodes : [pinned].concat(nodes);
}

const nodes = findNodes();

/**
 * Where V8's code is kept for the next start, which is a third shorter by it. Whoever writes there runs code here: it is
 * in the user's own cache folder, and used only if nobody else can write to it. Whoever names one by NODE_COMPILE_CACHE, or
 * wants none by NODE_DISABLE_COMPILE_CACHE, has it so.
 */
function findCompileCache() {
  const home = process.env.XDG_CACHE_HOME || (isWindows && process.env.LOCALAPPDATA) || join(homedir(), '.cache');
  const own = join(home, 'darkages');
  const folder = join(own, 'compiled');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return isOurs(own) && isOurs(folder) ? folder : undefined;
  } catch (_error) {
    // Deliberate: a home that can't be written, as in many containers, makes a start slower and is no fault.
    return undefined;
  }
}

function isOurs(folder) {
  const found = lstatSync(folder);
  if (!found.isDirectory()) return false;
  return isWindows || (found.uid === process.getuid() && (found.mode & 0o022) === 0);
}

const compileCache = process.env.NODE_COMPILE_CACHE || findCompileCache();
const env = Object.assign({}, process.env, compileCache && { NODE_COMPILE_CACHE: compileCache });

function sayTooOld() {
  say(
    'this is Node ' +
      process.versions.node +
      ' and Node ' +
      NODE_MAJOR_MIN +
      ' or newer is needed: run `npm ci`, ' +
      'which brings it along for this project alone, or install one and start again.',
  );
}

/** `--expose-gc`: for memory that the collector doesn't see, see src/io/key-exchange-node.ts. */
function start() {
  restartTimer = undefined;
  startedMs = clockMs();
  isReady = false;
  clearTimeout(spareTimer);
  child = takeSpare() || spawnNode(env);
  child.on('message', (message) => {
    if (message === 'spare') spareTimer = setTimeout(startSpare, SPARE_AFTER_MS);
    if (message !== 'ready') return;
    isReady = true;
    readyMs = clockMs();
  });
  child.on('error', onSpawnError);
  child.on('exit', onExit);
}

function spawnNode(env) {
  const args = ['--expose-gc', entry].concat(process.argv.slice(2));
  return spawn(nodes[0], args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], detached: !isWindows, env });
}

function startSpare() {
  if (isStopping) return;
  isSpareWaiting = false;
  try {
    spare = spawnNode(Object.assign({}, env, { DARKAGES_LAUNCH_AS: 'spare' }));
  } catch (_error) {
    // Deliberate: there is no memory for one. The server runs without.
    loseSpare();
    return;
  }
  spare.on('message', (message) => {
    if (message !== 'waiting') return;
    isSpareWaiting = true;
    say('a spare waits.');
  });
  spare.on('error', () => {
    // Deliberate: of one that runs, its end is heard; one that can't be started is missed by nobody.
    if (spare.pid === undefined) loseSpare();
  });
  spare.on('exit', loseSpare);
}

function loseSpare() {
  spare = undefined;
  spareTimer = setTimeout(startSpare, SPARE_AGAIN_MS);
}

/** Tells it to begin; undefined when there is none. One that loads yet would come later than another start. */
function takeSpare() {
  const taken = spare;
  spare = undefined;
  if (taken === undefined) return undefined;
  taken.removeAllListeners();
  if (!isSpareWaiting) {
    taken.kill('SIGKILL');
    return undefined;
  }
  taken.send('begin');
  return taken;
}

/** Clocks that are set don't move it. */
function clockMs() {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

function mayStartAtOnce(nowMs) {
  startedAtOnceMs = startedAtOnceMs.filter((ms) => nowMs - ms < AT_ONCE_WINDOW_MS);
  if (startedAtOnceMs.length >= AT_ONCE_MAX) return false;
  startedAtOnceMs.push(nowMs);
  return true;
}

/** A pinned Node that is for another C library cannot be run: the one that runs this may do. */
function onSpawnError(error) {
  if (child.pid !== undefined) return;
  nodes.shift();
  if (nodes.length > 0) {
    start();
    return;
  }
  say('cannot run the Node in node_modules (' + error.message + ').');
  sayTooOld();
  process.exit(EXIT_CONFIGURATION);
}

function onExit(code, signal) {
  child = undefined;
  const nowMs = clockMs();
  const lifeMs = nowMs - startedMs;
  if (isStopping) {
    process.exit(code === null ? 128 + (SIGNAL_NUMBERS[signal] || 0) : code);
  }
  if (code === 0 || code === EXIT_CONFIGURATION) process.exit(code);
  const how = code === null ? 'was killed by ' + signal : 'ended with exit code ' + code;
  if (isReady && nowMs - readyMs >= HEALTHY_MS && mayStartAtOnce(nowMs)) backoffMs = 0;
  startsFailed = isReady || lifeMs >= START_MS ? 0 : startsFailed + 1;
  if (startsFailed >= STARTS_FAILED_MAX) {
    say('the server ' + how + ', ' + startsFailed + ' times in a row before it was up: giving up.');
    process.exit(1);
  }
  const when = backoffMs === 0 ? 'at once' : 'in ' + backoffMs + ' ms';
  const what = spare !== undefined && isSpareWaiting ? 'its spare takes over ' : 'starting it again ';
  say('the server ' + how + ' after ' + (lifeMs / 1000).toFixed(1) + ' s; ' + what + when + '.');
  restartTimer = setTimeout(start, backoffMs);
  backoffMs = Math.min(Math.max(backoffMs * 2, BACKOFF_MS_MIN), BACKOFF_MS_MAX);
}

/** The first asks the server to drain, the second tells it to hurry, the third ends it. */
function onSignal(signal) {
  const nowMs = clockMs();
  const isSamePress = nowMs - pressedMs < SAME_PRESS_MS;
  pressedMs = nowMs;
  if (isSamePress) return;
  presses++;
  isStopping = true;
  if (restartTimer !== undefined) process.exit(0);
  // A Windows console tells each of its processes itself.
  if (child === undefined || (isWindows && signal === 'SIGINT')) return;
  child.kill(presses >= 3 ? 'SIGKILL' : signal);
}

process.on('SIGINT', () => onSignal('SIGINT'));
process.on('SIGTERM', () => onSignal('SIGTERM'));
// The terminal is gone: drain, there is nobody to tell.
process.on('SIGHUP', () => onSignal('SIGTERM'));

if (nodes.length === 0) {
  sayTooOld();
  process.exitCode = EXIT_CONFIGURATION;
} else {
  start();
}

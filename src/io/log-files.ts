// The log in files: `NAME` grows, and is put aside as `NAME.2026-11-22T07-10-00` each day and when it is too long; those are
// packed after a week, and deleted after a month or when all have more bytes than they may. Every thread that logs writes
// the one file, whole lines at its end; the main thread alone puts it aside and tends the others.

import {
  closeSync,
  createReadStream,
  createWriteStream,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { DestinationStream } from 'pino';
import { errorCode, ServerError } from '../base/errors.ts';

/** Of the words that threads share: grows when the file is another one, or none. */
const GENERATION_WORD = 1;
const DAY_MS = 24 * 60 * 60 * 1000;
const PACKED_AFTER_MS = 7 * DAY_MS;
const DELETED_AFTER_MS = 30 * DAY_MS;
const PACKED_SUFFIX = '.gz';
const UNFINISHED_SUFFIX = '.gz.tmp';
const FILE_MODE = 0o640;

/** Throws ServerError DARKAGES_LOG_FILE with a sentence when there can't be one. */
export function checkLogFile(file: string): void {
  try {
    closeSync(openSync(file, 'a', FILE_MODE));
  } catch (error) {
    const sentence = `The log file ${file} can't be written (${errorCode(error) ?? 'unknown reason'}): choose another with --log-file.`;
    throw new ServerError('DARKAGES_LOG_FILE', sentence, { cause: error });
  }
}

/**
 * Of one thread. It is opened again when the main thread has put it aside. What can't be written there goes to `instead`: a
 * full disk must not make the server silent, nor stop it.
 */
export function openLogFile(file: string, shared: SharedArrayBuffer, instead: DestinationStream): DestinationStream {
  const words = new Int32Array(shared);
  let fd = -1;
  let generation = -1;
  /** The disk had no room for the end of the last line. */
  let isTorn = false;
  return {
    write(line) {
      try {
        const current = Atomics.load(words, GENERATION_WORD);
        if (current !== generation || fd === -1) {
          if (fd !== -1) closeSync(fd);
          fd = -1;
          fd = openSync(file, 'a', FILE_MODE);
          generation = current;
          isTorn = false;
        }
        const bytes = Buffer.from(isTorn ? `\n${line}` : line);
        isTorn = writeSync(fd, bytes) < bytes.length;
        if (isTorn) instead.write(line);
      } catch {
        // Deliberate: to log that the log fails is what failed.
        instead.write(line);
      }
    },
  };
}

export interface LogFilesOptions {
  readonly file: string;
  /** Of the log; told that the file is another one. */
  readonly words: SharedArrayBuffer;
  readonly fileBytesMax: number;
  /** Of all of them together; the newest stays whatever it has. */
  readonly totalBytesMax: number;
  /** Milliseconds since 1970. */
  wallMs(): number;
  onTrouble(file: string, error: unknown): void;
}

export interface LogFiles {
  /** Call every few seconds; never rejects. A call while one runs does nothing. */
  update(): Promise<void>;
}

export function createLogFiles(options: LogFilesOptions): LogFiles {
  const { file, wallMs } = options;
  const words = new Int32Array(options.words);
  let inode = statIfThere(file)?.ino;
  const today = (): number => Math.floor(wallMs() / DAY_MS);
  let running = false;
  /** Of the newest line that was there at the start: the process before may have written it last week. */
  let day = Math.floor((statIfThere(file)?.mtimeMs ?? wallMs()) / DAY_MS);

  const attempt = async (name: string, work: () => void | Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      options.onTrouble(name, error);
    }
  };
  /** Somebody else moved or deleted it: threads that have it open would write where nobody reads. */
  const notice = (): void => {
    const found = statIfThere(file)?.ino;
    if (found !== inode) Atomics.add(words, GENERATION_WORD, 1);
    inode = found;
  };
  const rotate = (): void => {
    notice();
    const bytes = statIfThere(file)?.size ?? 0;
    if (bytes > 0 && (day !== today() || bytes >= options.fileBytesMax)) {
      renameSync(file, freeName(`${file}.${stampOf(wallMs())}`));
      Atomics.add(words, GENERATION_WORD, 1);
    }
    day = today();
  };
  const tend = async (): Promise<void> => {
    let bytes = statIfThere(file)?.size ?? 0;
    for (const { name, modifiedMs, size } of listAside(file)) {
      const ageMs = wallMs() - modifiedMs;
      bytes += size;
      if (name.endsWith(UNFINISHED_SUFFIX) || ageMs >= DELETED_AFTER_MS || bytes > options.totalBytesMax) {
        await attempt(name, () => unlinkSync(name));
      } else if (ageMs >= PACKED_AFTER_MS && !name.endsWith(PACKED_SUFFIX)) await attempt(name, () => pack(name));
    }
  };

  return {
    async update() {
      if (running) return;
      running = true;
      await attempt(file, rotate);
      await attempt(dirname(file), tend);
      running = false;
    },
  };
}

function statIfThere(file: string) {
  return statSync(file, { throwIfNoEntry: false });
}

function stampOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replaceAll(':', '-');
}

/** Two in one second are two. */
function freeName(name: string): string {
  let free = name;
  for (let nth = 2; statIfThere(free) !== undefined || statIfThere(free + PACKED_SUFFIX) !== undefined; nth++) {
    free = `${name}.${nth}`;
  }
  return free;
}

interface AsideFile {
  readonly name: string;
  readonly modifiedMs: number;
  readonly size: number;
}

/** The newest first. Only what `rotate` named so: others may lie in the folder. */
function listAside(file: string): readonly AsideFile[] {
  const folder = dirname(file);
  const pattern = /^\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(\.\d+)?(\.gz|\.gz\.tmp)?$/;
  return readdirSync(folder)
    .filter((name) => name.startsWith(basename(file)) && pattern.test(name.slice(basename(file).length)))
    .flatMap((name) => {
      const path = join(folder, name);
      const found = statIfThere(path);
      return found === undefined ? [] : [{ name: path, modifiedMs: found.mtimeMs, size: found.size }];
    })
    .sort((a, b) => b.modifiedMs - a.modifiedMs);
}

/** The packed file has the age of what is in it, and its name only when it is whole. */
async function pack(name: string): Promise<void> {
  const unfinished = name + UNFINISHED_SUFFIX;
  const { atime, mtime } = statSync(name);
  await pipeline(createReadStream(name), createGzip(), createWriteStream(unfinished, { mode: FILE_MODE, flush: true }));
  utimesSync(unfinished, atime, mtime);
  renameSync(unfinished, name + PACKED_SUFFIX);
  unlinkSync(name);
}

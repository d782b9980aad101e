// The journal's folder on a real disk. Store thread, and its pool on other files. fdatasync for what a file holds: it
// brings the size too; fsync for the folder, without which a new file may be gone after a power cut.

import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32, zstdDecompressSync } from 'node:zlib';
import type { JournalFile, JournalFiles } from '../store/journal/files.ts';

/** What a packed file may hold: more than any segment or keyframe is. */
const UNPACKED_BYTES_MAX = 1 << 30;

/**
 * Makes the folder where it is missing; the one it lies in has to be there.
 * @param onRead hears of each file before it is read whole: of a long journal that takes long
 */
export function openJournalFiles(folder: string, onRead = () => {}): JournalFiles {
  if (!existsSync(folder)) {
    mkdirSync(folder);
    syncFolder(dirname(folder));
  }
  return {
    folder,
    list: () =>
      readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => entry.name),
    create: (name) => toFile(openSync(join(folder, name), 'wx+')),
    open: (name) => toFile(openSync(join(folder, name), 'r+')),
    read(name) {
      onRead();
      return readFileSync(join(folder, name));
    },
    readStart: (name, bytes) => readStart(join(folder, name), bytes),
    rename: (from, to) => renameSync(join(folder, from), join(folder, to)),
    remove: (name) => unlinkSync(join(folder, name)),
    syncFolder: (below) => syncFolder(below === undefined ? folder : join(folder, below)),
    makeFolder(name) {
      mkdirSync(join(folder, name));
      syncFolder(folder);
    },
    crc32: (bytes, start) => crc32(bytes, start),
    unpack: (packed) => zstdDecompressSync(packed, { maxOutputLength: UNPACKED_BYTES_MAX }),
  };
}

function toFile(descriptor: number): JournalFile {
  return {
    writeAt(offset, bytes, from, end) {
      let at = from;
      while (at < end) at += writeSync(descriptor, bytes, at, end - at, offset + at - from);
    },
    sync: () => fdatasyncSync(descriptor),
    truncate: (bytes) => ftruncateSync(descriptor, bytes),
    close: () => closeSync(descriptor),
  };
}

function readStart(path: string, bytes: number): Uint8Array {
  const descriptor = openSync(path, 'r');
  try {
    const start = new Uint8Array(bytes);
    let at = 0;
    for (;;) {
      const count = readSync(descriptor, start, at, bytes - at, at);
      at += count;
      if (count === 0 || at === bytes) return start.subarray(0, at);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Windows has no such call, and keeps names by itself. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

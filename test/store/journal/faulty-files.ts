// A disk that does all that a disk may: until a sync, what was written is in a cache, and a power cut leaves any of its
// 512-byte sectors in any of the states they had since; names that were made, renamed or removed may or may not be, each
// on its own; a write or a sync may fail, and after a failed sync the cache holds what the disk never got and no later
// sync writes. Everything is drawn from one generator.

import { crc32, zstdDecompressSync } from 'node:zlib';
import type { Random } from '../../../src/base/random.ts';
import type { JournalFile, JournalFiles } from '../../../src/store/journal/files.ts';

const SECTOR_BYTES = 512;

/** What an operation is about to do; a test may have it fail, or cut the power. */
export type Operation = 'create' | 'write' | 'sync' | 'truncate' | 'rename' | 'remove' | 'syncFolder';

/** To those who are cut off it looks like a disk that fails. */
export class PowerCut extends Error {
  readonly code = 'EIO';
}

export class DiskError extends Error {
  readonly code: 'ENOSPC' | 'EIO';

  constructor(code: 'ENOSPC' | 'EIO') {
    super(`${code}: the disk says so`);
    this.code = code;
  }
}

interface Inode {
  /** As programs read it. */
  cached: Uint8Array;
  /** As the disk has it. */
  durable: Uint8Array;
  /** Sector → the states it had since it was last synced, oldest first. */
  dirty: Map<number, Uint8Array[]>;
  /** Sizes since the last sync. */
  sizes: number[];
}

type FolderChange = (names: Map<string, Inode>) => void;

export interface FaultyFiles extends JournalFiles {
  /** Called before each operation: may throw. */
  before: (operation: Operation) => void;
  readonly operations: number;
  /** Forgets what wasn't synced, or some of it; open files are gone. */
  cutPower(): void;
  /** Changes what the disk has, as a decaying one would. */
  flipBit(name: string, bit: number): void;
  put(name: string, bytes: Uint8Array): void;
}

export function createFaultyFiles(random: Random): FaultyFiles {
  let names = new Map<string, Inode>();
  let durableNames = new Map<string, Inode>();
  let changes: FolderChange[] = [];
  /** Handles of before the power cut do nothing any more. */
  let era = 0;
  const coin = (): boolean => (random.u32() & 1) === 1;
  const find = (name: string): Inode => {
    const inode = names.get(name);
    if (inode === undefined) throw new Error(`ENOENT: ${name}`);
    return inode;
  };
  const change = (apply: FolderChange): void => {
    apply(names);
    changes.push(apply);
  };

  const start = (operation: Operation): void => {
    files.operationCount++;
    files.before(operation);
  };

  const files = {
    folder: 'journal',
    operationCount: 0,
    before: (_: Operation): void => undefined,
    get operations() {
      return files.operationCount;
    },
    list: () => [...names.keys()].filter((name) => !name.includes('/')),
    create(name: string) {
      start('create');
      if (names.has(name)) throw new Error(`EEXIST: ${name}`);
      const inode: Inode = { cached: new Uint8Array(0), durable: new Uint8Array(0), dirty: new Map(), sizes: [] };
      change((map) => map.set(name, inode));
      return open(inode);
    },
    open: (name: string) => open(find(name)),
    read: (name: string) => find(name).cached.slice(),
    readStart: (name: string, bytes: number) => find(name).cached.slice(0, bytes),
    rename(from: string, to: string) {
      start('rename');
      const inode = find(from);
      change((map) => {
        map.delete(from);
        map.set(to, inode);
      });
    },
    remove(name: string) {
      start('remove');
      const inode = find(name);
      change((map) => map.get(name) === inode && map.delete(name));
    },
    syncFolder(_below?: string) {
      start('syncFolder');
      durableNames = new Map(names);
      changes = [];
    },
    makeFolder: (_: string): void => undefined,
    crc32: (bytes: Uint8Array, from: number) => crc32(bytes, from),
    unpack: (packed: Uint8Array) => new Uint8Array(zstdDecompressSync(packed)),
    cutPower() {
      era++;
      for (const apply of changes) if (coin()) apply(durableNames);
      names = durableNames;
      durableNames = new Map(names);
      changes = [];
      for (const inode of new Set(names.values())) loseCache(inode);
    },
    flipBit(name: string, bit: number) {
      const inode = find(name);
      inode.durable[bit >>> 3]! ^= 1 << (bit & 7);
      inode.cached[bit >>> 3]! ^= 1 << (bit & 7);
    },
    put(name: string, bytes: Uint8Array) {
      const inode: Inode = { cached: bytes.slice(), durable: bytes.slice(), dirty: new Map(), sizes: [] };
      names.set(name, inode);
      durableNames.set(name, inode);
    },
  };

  const settle = (inode: Inode): void => {
    inode.dirty = new Map();
    inode.sizes = [];
  };

  /** What the disk has when the power goes: of each sector and of the size, any state since the last sync. */
  const loseCache = (inode: Inode): void => {
    inode.durable = tear(inode);
    inode.cached = inode.durable.slice();
    settle(inode);
  };

  const tear = (inode: Inode): Uint8Array => {
    const sizes = [inode.durable.length, ...inode.sizes];
    const torn = resize(inode.durable, sizes[random.below(sizes.length)]!);
    for (const [sector, states] of inode.dirty) {
      const state = random.below(states.length + 1);
      const from = sector * SECTOR_BYTES;
      if (state === states.length || from >= torn.length) continue;
      torn.set(states[state]!.subarray(0, torn.length - from), from);
    }
    return torn;
  };

  const touch = (inode: Inode, from: number, end: number): void => {
    for (let sector = Math.floor(from / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector++) {
      const states = inode.dirty.get(sector) ?? [];
      states.push(inode.cached.slice(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES));
      inode.dirty.set(sector, states);
    }
  };

  const open = (inode: Inode): JournalFile => {
    const opened = era;
    const begin = (operation: Operation): void => {
      if (opened !== era) throw new PowerCut();
      start(operation);
    };
    return {
      writeAt(offset, bytes, from, end) {
        let until = end;
        let failure: unknown;
        try {
          begin('write');
        } catch (error) {
          // Some of it may have been written.
          until = from + random.below(end - from + 1);
          failure = error;
        }
        if (opened === era && until > from) {
          inode.cached = resize(inode.cached, Math.max(inode.cached.length, offset + until - from));
          inode.cached.set(bytes.subarray(from, until), offset);
          inode.sizes.push(inode.cached.length);
          touch(inode, offset, offset + until - from);
        }
        if (failure !== undefined) throw failure;
      },
      sync() {
        try {
          begin('sync');
        } catch (error) {
          if (opened !== era || error instanceof PowerCut) throw error;
          // The kernel says it once, takes the pages for clean, and goes on showing them.
          inode.durable = tear(inode);
          settle(inode);
          throw error;
        }
        // Pages that were taken for clean after a failed sync are not among the dirty ones: they stay unwritten.
        inode.durable = resize(inode.durable, inode.sizes.at(-1) ?? inode.durable.length);
        for (const [sector, states] of inode.dirty) {
          const from = sector * SECTOR_BYTES;
          if (from < inode.durable.length) {
            inode.durable.set(states.at(-1)!.subarray(0, inode.durable.length - from), from);
          }
        }
        settle(inode);
      },
      truncate(bytes) {
        begin('truncate');
        inode.cached = resize(inode.cached, bytes);
        inode.sizes.push(bytes);
        for (const sector of inode.dirty.keys()) if (sector * SECTOR_BYTES >= bytes) inode.dirty.delete(sector);
      },
      close: () => undefined,
    };
  };
  return files;
}

function resize(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length === size) return bytes;
  const resized = new Uint8Array(size);
  resized.set(bytes.subarray(0, size));
  return resized;
}

// The files of a journal as the code that must not lose anything sees them: names in one folder, and nothing is kept for
// sure before `sync` (what a file holds) and `syncFolder` (which names there are) have returned. Synchronous: the store
// thread calls it, and one write and one sync are what a group costs. io/journal-files.ts is the real one,
// test/store/journal/faulty-files.ts forgets, tears and refuses.

/** Open for writing. Every call throws what the system says. */
export interface JournalFile {
  /** Writes all of `bytes[from, end)`, or throws, having written some of it. */
  writeAt(offset: number, bytes: Uint8Array, from: number, end: number): void;
  /** fdatasync. After it has thrown, nothing that was written since the last one may be believed. */
  sync(): void;
  truncate(bytes: number): void;
  close(): void;
}

export interface JournalFiles {
  /** For messages. */
  readonly folder: string;
  /** Names of files, in no order; without those in folders below. */
  list(): string[];
  /** Throws when there is one of that name. */
  create(name: string): JournalFile;
  open(name: string): JournalFile;
  /** The whole file. */
  read(name: string): Uint8Array;
  /** Less than `bytes` where the file ends. */
  readStart(name: string, bytes: number): Uint8Array;
  /** Takes the place of a file that has the name. */
  rename(from: string, to: string): void;
  remove(name: string): void;
  /** fsync of the folder, or of one below it. */
  syncFolder(below?: string): void;
  /** A folder below, for what is put aside: names in it are `folder/name`. */
  makeFolder(name: string): void;
  /** CRC-32 as zip has it, gone on with from `start`. */
  crc32(bytes: Uint8Array, start: number): number;
  /** zstd. Throws for what isn't whole. */
  unpack(packed: Uint8Array): Uint8Array;
}

// The lock of the data folder, held for the life of a process: whoever else comes is told so. Store thread. An empty
// SQLite file (`lock.db`), locked exclusively: the kernel drops the lock when the process ends, however it ends.

import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorCode, ServerError } from '../base/errors.ts';

export interface FolderLock {
  close(): void;
}

const SQLITE_BUSY = 5;

/** Makes the folder if it is missing. Throws ServerError DARKAGES_STORE_FOLDER_… with a sentence. */
export function lockFolder(folder: string): FolderLock {
  let lock: DatabaseSync;
  try {
    createFolder(folder);
    lock = new DatabaseSync(join(folder, 'lock.db'));
  } catch (error) {
    throw notWritable(folder, error);
  }
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;');
    return lock;
  } catch (error) {
    lock.close();
    if (primaryCode(error) !== SQLITE_BUSY) throw notWritable(folder, error);
    throw new ServerError(
      'DARKAGES_STORE_FOLDER_IN_USE',
      `The data folder ${folder} is in use by another DarkAges process: stop it, or choose another folder with --data.`,
    );
  }
}

/** Deliberate: not `mkdir` with `recursive`, which never returns where a file system answers ENOENT below /proc. */
function createFolder(folder: string): void {
  if (existsSync(folder)) return;
  createFolder(dirname(folder));
  mkdirSync(folder);
}

function notWritable(folder: string, cause: unknown): ServerError {
  const why = errorCode(cause) === 'ERR_SQLITE_ERROR' ? '' : ` (${errorCode(cause) ?? 'unknown reason'})`;
  return new ServerError(
    'DARKAGES_STORE_FOLDER_NOT_WRITABLE',
    `The data folder ${folder} can't be written${why}: give it write permission, or choose another with --data.`,
    { cause },
  );
}

/** SQLite's primary result code; the extended one carries it in the low byte. */
export function primaryCode(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return -1;
  return Number(error.errcode) & 0xff;
}

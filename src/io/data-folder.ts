// The data folder itself. Its lock, held for the life of a process by the store thread: whoever else comes is told so. An
// empty SQLite file (`lock.db`), locked exclusively: the kernel drops the lock when the process ends, however it ends. And
// the node's id (`node-id`), made at the first start: zones that are found again after a crash are the same owner's.

import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
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

const NODE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** By which stores know the node that has this folder from all others. Throws ServerError with a sentence. */
export function readNodeId(folder: string): string {
  const file = join(folder, 'node-id');
  let text: string;
  try {
    createFolder(folder);
    if (!existsSync(file)) writeNodeId(folder, file);
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw notWritable(folder, error);
  }
  if (NODE_ID.test(text)) return text;
  throw new ServerError(
    'DARKAGES_STORE_FOLDER_DAMAGED',
    `${file} holds no node id: put back the one from a backup, or delete it after a server that was stopped in order.`,
  );
}

/** There whole or not at all, and for good. Of two who begin at once both read the first one's. */
function writeNodeId(folder: string, file: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${randomUUID()}\n`, { flush: true });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
  if (process.platform === 'win32') return;
  const directory = openSync(folder, 'r');
  fsyncSync(directory);
  closeSync(directory);
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
function primaryCode(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return -1;
  return Number(error.errcode) & 0xff;
}

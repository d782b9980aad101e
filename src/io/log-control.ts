// What the main thread does for the log of all: its files are tended, its level is set over the control socket.

import { z } from 'zod';
import type { Config } from './config.ts';
import { type ControlPath, readControlBody } from './control.ts';
import { LOG_LEVELS, type Log, type LogShared, logThreshold, setLogThreshold } from './log.ts';
import { createLogFiles } from './log-files.ts';
import { wallClockS } from './system.ts';

const TEND_MS = 10_000;
const BYTES_PER_MB = 1_000_000;

export function logLevelPath(shared: LogShared, log: Log): ControlPath {
  const schema = z.strictObject({ level: z.enum(LOG_LEVELS, `one of ${LOG_LEVELS.join(', ')}`) });
  const tell = () => ({ level: logThreshold(shared) });
  return {
    help: 'from which level on lines are logged',
    GET: tell,
    PUT(body) {
      const { level } = readControlBody(schema, body);
      setLogThreshold(shared, level);
      log.event('log_level', { state: level });
      return tell();
    },
  };
}

/** From now on; returns a step of the end. Nothing to do where the log has no file of its own. */
export function tendLog(
  { logFile, logFileMb, logTotalMb }: Pick<Config, 'logFile' | 'logFileMb' | 'logTotalMb'>,
  { words }: LogShared,
  log: Log,
): () => Promise<readonly string[]> {
  if (logFile === '') return async () => [];
  const files = createLogFiles({
    file: logFile,
    words,
    fileBytesMax: logFileMb * BYTES_PER_MB,
    totalBytesMax: logTotalMb * BYTES_PER_MB,
    wallMs: () => wallClockS() * 1000,
    onTrouble: (file, error) => log.event('log_file', { file, error }),
  });
  void files.update();
  const timer = setInterval(() => void files.update(), TEND_MS);
  return async () => {
    clearInterval(timer);
    return [];
  };
}

// `npm run profile -- --thread zone-1 --seconds 10`: asks the server on this machine for a profile of a thread, and writes the
// profile itself and a report. Exit codes: 0 there it is; 2 it can't be had.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorCode, ServerError } from '../../src/base/errors.ts';
import { askControl, dataFolder } from '../../src/io/control-client.ts';
import type { ProfileAnswer } from '../../src/io/profiler.ts';
import { readProfile } from '../../src/observe/profile.ts';
import { adviseOnProfile } from '../../src/observe/profile-advice.ts';
import { describeProfile, drawProfile, type ProfileReport } from '../../src/observe/profile-report.ts';
import { type ProfileOptions, parseProfileOptions } from './options.ts';

const EXIT_CANNOT = 2;
/** They say how this machine is built: for the caller alone, and never over what lies there. */
const PRIVATE = { mode: 0o600, flag: 'wx' };
const ROOT_URL = pathToFileURL(`${join(import.meta.dirname, '..', '..')}/`).href;

const say = (text: string): void => void process.stdout.write(text);

async function list(data: string): Promise<void> {
  const { threads } = (await askControl({ data, method: 'GET', path: '/profile' })) as { threads: readonly string[] };
  say(`Name one with --thread: ${threads.join(', ')}.\n`);
}

async function profile(data: string, { thread, kind, seconds, out }: ProfileOptions): Promise<void> {
  const folder = resolve(out);
  makeFolder(folder);
  if (process.stdout.isTTY) say(`${thread} for ${seconds} s …\n`);
  const answer = (await askControl({
    data,
    method: 'POST',
    path: '/profile',
    body: { thread, kind, seconds },
  })) as ProfileAnswer;
  const stamp = new Date().toISOString().slice(0, 19).replace(/\D/g, '-');
  const base = join(folder, `${answer.thread}-${stamp}`);
  const file = `${base}.${kind === 'cpu' ? 'cpuprofile' : 'heapprofile'}`;
  writeFileSync(file, JSON.stringify(answer.profile), PRIVATE);
  const read = readProfile(kind, answer.profile, ROOT_URL);
  const report: ProfileReport = { profile: read, thread: answer, advice: adviseOnProfile(read, answer) };
  writeFileSync(`${base}.html`, drawProfile(report), PRIVATE);
  say(`${describeProfile(report)}\n${base}.html\n${file}  (opens in Chrome and VS Code too)\n`);
}

/** Before the server is asked: so that nobody waits in vain. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new ServerError(
      'DARKAGES_CONFIG_INVALID',
      `${folder} can't be written (${errorCode(cause) ?? String(cause)}): choose another with --out.`,
      { cause },
    );
  }
}

try {
  const parsed = parseProfileOptions(process.argv.slice(2));
  if ('text' in parsed) say(parsed.text);
  else if ('problem' in parsed) throw new ServerError('DARKAGES_CONFIG_INVALID', parsed.problem);
  else {
    const data = dataFolder(parsed.options.data);
    await (parsed.options.thread === undefined ? list(data) : profile(data, parsed.options));
  }
} catch (error) {
  if (errorCode(error) === undefined) throw error;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = EXIT_CANNOT;
}

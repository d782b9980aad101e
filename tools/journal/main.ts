// `npm run journal -- check FOLDER` says what a journal holds, `repair FOLDER` puts aside what is damaged. FOLDER is the
// server's data folder, or the journal in it. Exit codes: 0 all is well, or is now; 1 it is damaged; 2 it can't be done.

import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { ServerError } from '../../src/base/errors.ts';
import { lockFolder } from '../../src/io/data-folder.ts';
import { openJournalFiles } from '../../src/io/journal-files.ts';
import { TEMPORARY_SUFFIX } from '../../src/io/journal-jobs.ts';
import type { JournalFiles } from '../../src/store/journal/files.ts';
import { repairJournal } from '../../src/store/journal/repair.ts';
import { scanJournal } from '../../src/store/journal/scan.ts';
import { describeJournal, describeLost } from './report.ts';

const EXIT_DAMAGED = 1;
const EXIT_CANNOT = 2;
const FOLDER_NAME = 'journal';

const say = (text: string): void => void process.stdout.write(text);

function openFolder(folder: string): JournalFiles {
  const path = resolve(folder);
  const journal = basename(path) === FOLDER_NAME ? path : join(path, FOLDER_NAME);
  if (existsSync(journal)) return openJournalFiles(journal);
  throw new ServerError(
    'DARKAGES_JOURNAL_FAILED',
    `There is no journal at ${journal}: name the data folder of a server that has run.`,
  );
}

function check(folder: string): void {
  const { text, isDamaged } = describeJournal(openFolder(folder));
  say(text);
  if (isDamaged) process.exitCode = EXIT_DAMAGED;
}

function repair(folder: string, { keepLater }: { keepLater?: true }): void {
  const files = openFolder(folder);
  const lock = lockFolder(dirname(files.folder));
  try {
    for (const name of files.list()) if (name.endsWith(TEMPORARY_SUFFIX)) files.remove(name);
    const scan = scanJournal(files);
    if (scan.damage === undefined) {
      say('The journal is not damaged: nothing was changed.\n');
      return;
    }
    const {
      aside,
      files: moved,
      lost,
    } = repairJournal(files, scan, `damaged-${new Date().toISOString().replace(/\W/g, '-')}`);
    say(
      `The journal is whole up to group ${scan.next.sequence - 1}; put into ${files.folder}/${aside}: ${moved.join(', ')}.\n`,
    );
    say(describeLost(lost, keepLater === true));
  } finally {
    lock.close();
  }
}

try {
  const command = new Command('npm run journal --').description('Looks into a journal. docs/journal.md').exitOverride();
  command
    .command('check')
    .description('what is in it, and whether it is whole; changes nothing')
    .argument('<folder>')
    .action(check);
  command
    .command('repair')
    .description('keeps the part before the damage and puts the rest aside; with no server running')
    .argument('<folder>')
    .option('--keep-later', 'lists the ticks with commits that can still be read behind the damage')
    .action(repair);
  command.parse();
} catch (error) {
  // Commander has said already what is wrong, or what --help asked for.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : EXIT_CANNOT);
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(EXIT_CANNOT);
}

// Journals that are broken on purpose, each by one thing left out: what the tests of lives are worth.

import type { JournalFile, JournalFiles } from '../../../src/store/journal/files.ts';

type Wrap = (files: JournalFiles) => JournalFiles;

function wrapFile(change: (file: JournalFile) => Partial<JournalFile>, which: 'create' | 'open' | 'both'): Wrap {
  const wrapped = (file: JournalFile): JournalFile => ({ ...file, ...change(file) });
  return (files) => ({
    ...files,
    create: (name) => (which === 'open' ? files.create(name) : wrapped(files.create(name))),
    open: (name) => (which === 'create' ? files.open(name) : wrapped(files.open(name))),
  });
}

export const BROKEN_JOURNALS: Readonly<Record<string, Wrap>> = {
  'no sync': wrapFile(() => ({ sync: () => undefined }), 'both'),
  'no sync of the folder': (files) => ({ ...files, syncFolder: () => undefined }),
  'a failed sync is ignored': wrapFile((file) => {
    return { sync: () => void attempt(() => file.sync()) };
  }, 'create'),
  'a failed sync is tried again on the same file': wrapFile((file) => {
    return { sync: () => void (attempt(() => file.sync()) || file.sync()) };
  }, 'create'),
  'a failed write is ignored': wrapFile((file) => {
    return { writeAt: (...write) => void attempt(() => file.writeAt(...write)) };
  }, 'create'),
  'the newest group is not written once more': wrapFile(() => ({ writeAt: () => undefined }), 'open'),
  'what is cut and written once more is not synced': wrapFile(() => ({ sync: () => undefined }), 'open'),
  'the folder is not synced after a removal': (files) => {
    let removed = false;
    return {
      ...files,
      remove(name) {
        files.remove(name);
        removed = true;
      },
      syncFolder() {
        if (removed) removed = false;
        else files.syncFolder();
      },
    };
  },
  'no checksums': (files) => ({ ...files, crc32: () => 7 }),
};

function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof Error && error.message !== '') return false;
    throw error;
  }
}

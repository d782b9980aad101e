// Zones that the journal knows and that go on from nothing all the same; those that go on: zone-journals.test.ts.

import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { writeKeyframe } from '../../src/io/journal-jobs.ts';
import { openJournal } from '../../src/io/journal-keeper.ts';
import { takeRecovered } from '../../src/io/zone-journals.ts';
import type { StartRecord } from '../../src/store/journal/records.ts';
import { createFaultyFiles } from '../store/journal/faulty-files.ts';
import { createPromptPool } from './prompt-pool.ts';

const TICK_LAST = 0x7fff_ffff;

test.each([
  [1_000_000, true],
  [TICK_LAST - 60, false],
])('a zone at tick %i goes on: %s; one whose ticks are about to run out begins anew', (tick, goesOn) => {
  const files = createFaultyFiles(createRandom(7));
  const place = { zoneId: 1, zoneEpoch: 3, tick };
  const start: StartRecord = { ...place, kind: 'start', game: 'bank', gameVersion: '1', assets: [], accounts: [] };
  writeKeyframe(files, { ...place, start, bytes: new Uint8Array(8) });
  const clock = { now: () => 0, wallMs: () => 0 };
  const journal = openJournal({ ...clock, files, pool: createPromptPool(files), nodeId: 'node', onTrouble: () => {} });
  const [recovered] = takeRecovered(journal, 1, 0);
  expect(recovered).toMatchObject({ zoneId: 1, epoch: 4 });
  expect(recovered!.state !== undefined).toBe(goesOn);
});

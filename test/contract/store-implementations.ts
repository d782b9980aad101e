// The stores that the contract is for, each with what it needs to run. A real one that isn't on this machine is skipped.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '../../src/io/embedded-store.ts';
import type { Store } from '../../src/store/store.ts';

export interface Implementation {
  readonly name: string;
  readonly isMissing: boolean;
  start(): Promise<void>;
  /** Of the same data each time. */
  open(): Promise<Store>;
  /** The store of a second node, while the first is open. */
  openOther(first: Store): Promise<Store>;
  stop(): Promise<void>;
  readonly propertyRuns: number;
  readonly playersOfBatch: number;
}

function createEmbedded(): Implementation {
  let folder = '';
  return {
    name: 'embedded',
    isMissing: false,
    async start() {
      folder = mkdtempSync(join(tmpdir(), 'darkages-store-'));
    },
    open: async () => openEmbeddedStore(folder),
    // One process alone has the folder.
    openOther: async (first) => first,
    async stop() {
      rmSync(folder, { recursive: true });
    },
    propertyRuns: 60,
    playersOfBatch: 600,
  };
}

export const IMPLEMENTATIONS: readonly Implementation[] = [createEmbedded()];

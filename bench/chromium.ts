// A browser for benches and tests: the Chromium that is on the machine, headless, with nothing of its own on the
// network and without a graphics card, since none of the machines that run this has one.

import { type Browser, chromium } from 'playwright-core';
import { findOnPath } from './server.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Its path, or undefined. */
export function findChromium(): string | undefined {
  return findOnPath(['chromium', 'chromium-browser', 'google-chrome']);
}

export function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: FLAGS });
}

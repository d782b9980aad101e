import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadGame } from '../../src/io/game-module.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-game-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('the game that ships loads', async () => {
  const game = await loadGame(new URL('../../src/game/game.ts', import.meta.url).href);
  expect(game.name).toBe('darkages');
});

test.each([
  ['missing', undefined, 'DARKAGES_GAME_NOT_FOUND'],
  ['broken', 'export const game = ;', 'DARKAGES_GAME_INVALID'],
  ['throwing', "throw new Error('no');", 'DARKAGES_GAME_INVALID'],
  ['without a game', 'export const other = 1;', 'DARKAGES_GAME_INVALID'],
  ['with something else for a game', 'export const game = { rows: 1 };', 'DARKAGES_GAME_INVALID'],
  ['no code', 'just words', 'DARKAGES_GAME_INVALID'],
])('a module that is %s is one sentence', async (what, source, code) => {
  const file = join(folder, `${what.replaceAll(' ', '-')}.mjs`);
  if (source !== undefined) writeFileSync(file, source);
  await expect(loadGame(pathToFileURL(file).href)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/^[^\n]+$/),
  });
});

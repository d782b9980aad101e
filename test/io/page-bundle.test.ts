import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorCode } from '../../src/base/errors.ts';
import type { PageFile } from '../../src/io/http.ts';
import { buildPage } from '../../src/io/page-bundle.ts';

const SHIPPED = new URL('../../src/game/game.ts', import.meta.url).href;
const TAG = new URL('../../examples/tag/game.ts', import.meta.url).href;
const SEAM = fileURLToPath(new URL('../../src/sim/game.ts', import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-page-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function text(page: ReadonlyMap<string, PageFile>, path: string): string {
  const body = page.get(path)?.body;
  if (typeof body !== 'string') throw new Error(`the page has no text at ${path}`);
  return body;
}

describe('the page', () => {
  test('is small, and every file it names is there', async () => {
    const page = await buildPage(SHIPPED);
    const html = text(page, '/');
    for (const [, path] of html.matchAll(/(?:src|href)="(\/[^"]+)"/g)) expect(page.has(path!), path).toBe(true);
    expect(text(page, '/play.js').length).toBeLessThan(200_000);
    expect([...page.values()].map(({ contentType }) => contentType.split(';')[0])).toEqual([
      'text/html',
      'text/css',
      'text/javascript',
    ]);
  });

  test.each([SHIPPED, TAG])(
    '%s keeps to the content policy: no eval, no inline script, nothing from elsewhere',
    async (game) => {
      const page = await buildPage(game);
      const script = text(page, '/play.js');
      expect(script).not.toMatch(/\beval\b|new Function|\bFunction\(|import\(|setTimeout\(["'`]/);
      expect(script).not.toMatch(/\bfrom["'`]|\brequire\(/);
      const html = text(page, '/');
      expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|\son\w+=|javascript:|style=/);
      expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    },
  );

  test('plays the game it was built with', async () => {
    expect(text(await buildPage(TAG), '/play.js')).toContain('you_are_it');
    expect(text(await buildPage(SHIPPED), '/play.js')).not.toContain('you_are_it');
  });
});

describe('a page that is kept', () => {
  /** What is kept, with a mark in it: whoever gets that got what was kept. */
  function markKept(file: string): void {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as { script: string };
    writeFileSync(file, JSON.stringify({ ...kept, script: `/* kept */${kept.script}` }));
  }
  const isKept = async (game: string, file: string) =>
    text(await buildPage(game, file), '/play.js').startsWith('/* kept */');

  test('is taken while none of its files has changed', async () => {
    const file = join(folder, 'page.json');
    const part = join(folder, 'part.ts');
    const game = join(folder, 'kept-game.ts');
    const shipped = fileURLToPath(SHIPPED);
    writeFileSync(part, `export { game } from '${shipped}';\n`);
    writeFileSync(game, "export { game } from './part.ts';\n");
    const url = pathToFileURL(game).href;
    expect(await buildPage(url, file)).toEqual(await buildPage(url));
    markKept(file);
    expect(await isKept(url, file)).toBe(true);
    expect(await isKept(TAG, file)).toBe(false);
    expect(await isKept(url, file)).toBe(false);
    markKept(file);
    writeFileSync(part, `export { game } from '${shipped}'; // another\n`);
    expect(await isKept(url, file)).toBe(false);
    expect(await buildPage(url, file)).toEqual(await buildPage(url));
  });

  test('that is damaged or can’t be written is bundled anew', async () => {
    const file = join(folder, 'damaged.json');
    const whole = text(await buildPage(TAG, file), '/play.js');
    for (const damaged of ['', '{', '{}', 'null', readFileSync(file, 'utf8').slice(0, -1)]) {
      writeFileSync(file, damaged);
      expect(text(await buildPage(TAG, file), '/play.js')).toBe(whole);
    }
    expect(text(await buildPage(TAG, join(folder, 'nowhere', 'page.json')), '/play.js')).toBe(whole);
  });
});

describe('a game that can’t be played in a browser is refused with one sentence', () => {
  test.each([
    [
      'a slip of the pen',
      `import { defineGame } from '${SEAM}';\nexport const game = defineGame({ name: 'x' \n v: 1 });`,
    ],
    ['no game', 'export const gam = 1;'],
    ['a missing file', "import { x } from './nowhere.ts'; export const game = x;"],
    ['a module of Node', "import { readFileSync } from 'node:fs'; export const game = readFileSync('x');"],
  ])('%s', async (name, source) => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.ts`);
    writeFileSync(file, source);
    const error: unknown = await buildPage(pathToFileURL(file).href).catch((thrown: unknown) => thrown);
    expect(errorCode(error)).toBe('DARKAGES_GAME_INVALID');
    const { message } = error as Error;
    expect(message).toContain(file);
    expect(message.split('\n')).toHaveLength(1);
    expect(message).toMatch(/^[\x20-\x7e’`]+\.$/);
  });
});

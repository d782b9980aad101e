// Builds the play page at start: bundles src/web/play.ts with the game module that the server runs, so that page and
// server can't differ. Main thread, once. Answers by path what http.ts serves; writes no file.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { rolldown } from 'rolldown';
import { ServerError } from '../base/errors.ts';
import type { PageFile } from './http.ts';

const PLAY = fileURLToPath(new URL('../web/play.ts', import.meta.url));
/** What play.ts imports, and gets the game of `--game` for. */
const SHIPPED_GAME = '../game/game.ts';

/** @param gameUrl file URL of a module that exports `game`. Throws ServerError DARKAGES_GAME_INVALID. */
export async function buildPage(gameUrl: string): Promise<Map<string, PageFile>> {
  const [html, css, fightCss, script] = await Promise.all([
    readFile(new URL('../web/play.html', import.meta.url), 'utf8'),
    readFile(new URL('../web/play.css', import.meta.url), 'utf8'),
    readFile(new URL('../web/darkages.css', import.meta.url), 'utf8'),
    bundleScript(fileURLToPath(gameUrl)),
  ]);
  return new Map([
    ['/', { contentType: 'text/html; charset=utf-8', body: html }],
    ['/play.css', { contentType: 'text/css; charset=utf-8', body: css + fightCss }],
    ['/play.js', { contentType: 'text/javascript; charset=utf-8', body: script }],
  ]);
}

async function bundleScript(gameFile: string): Promise<string> {
  try {
    const build = await rolldown({
      input: PLAY,
      platform: 'browser',
      // What it would warn of in a game is for the game's author, and said by `npm run check`.
      logLevel: 'silent',
      plugins: [
        {
          name: 'chosen-game',
          resolveId: (source, importer) => (source === SHIPPED_GAME && importer === PLAY ? gameFile : null),
        },
      ],
    });
    const { output } = await build.generate({ format: 'esm', minify: true, codeSplitting: false });
    await build.close();
    const { code, imports } = output[0];
    if (imports.length > 0) throw new Error(`it imports ${imports.join(', ')}, which a browser doesn't have`);
    return code;
  } catch (error) {
    const text = `The page can't be built with the game ${gameFile}: ${readReason(error)}.`;
    throw new ServerError('DARKAGES_GAME_INVALID', text, { cause: error });
  }
}

/** The bundler's errors are drawings in colour; the first line of the first says what is wrong, `loc` says where. */
function readReason(error: unknown): string {
  const first = (error as { errors?: readonly BundlerError[] }).errors?.[0] ?? (error as BundlerError);
  const headline = stripVTControlCharacters(String(first.message)).split('\n')[0]!;
  const place = first.loc === undefined || first.loc.file === PLAY ? '' : ` (line ${first.loc.line})`;
  return `${headline.replace(/^\[\w+\] /, '').replace(/\.$/, '')}${place}`;
}

interface BundlerError {
  readonly message: string;
  readonly loc?: { readonly file: string; readonly line: number };
}

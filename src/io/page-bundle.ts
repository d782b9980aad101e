// Builds the play page at start: bundles src/web/play.ts with the game module that the server runs, so that page and
// server can't differ. Main thread, once. Answers by path what http.ts serves. Bundling takes as long as everything else
// that is done before players are let in again after a crash, so the script is kept in the data folder, with a digest of
// each file that went into it, and taken from there while none has changed.

import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { ServerError } from '../base/errors.ts';
import type { PageFile } from './http.ts';

const PLAY = fileURLToPath(new URL('../web/play.ts', import.meta.url));
/** What play.ts imports, and gets the game of `--game` for. */
const SHIPPED_GAME = '../game/game.ts';

/** What decides how it is bundled, beside the files that are. */
const MAKERS = [
  fileURLToPath(import.meta.url),
  fileURLToPath(new URL('../../package-lock.json', import.meta.url)),
  fileURLToPath(new URL('../../tsconfig.json', import.meta.url)),
];

interface Bundle {
  readonly script: string;
  /** That went into it. */
  readonly files: readonly string[];
}

interface KeptBundle {
  readonly gameFile: string;
  readonly script: string;
  /** Path and SHA-256. */
  readonly files: readonly (readonly [string, string])[];
}

/**
 * @param gameUrl file URL of a module that exports `game`
 * @param keptFile where the script is kept for the next start; without it it is bundled each time
 * @throws ServerError DARKAGES_GAME_INVALID
 */
export async function buildPage(gameUrl: string, keptFile?: string): Promise<Map<string, PageFile>> {
  const gameFile = fileURLToPath(gameUrl);
  const [html, css, fightCss, script] = await Promise.all([
    readFile(new URL('../web/play.html', import.meta.url), 'utf8'),
    readFile(new URL('../web/play.css', import.meta.url), 'utf8'),
    readFile(new URL('../web/darkages.css', import.meta.url), 'utf8'),
    keptFile === undefined ? bundle(gameFile).then((made) => made.script) : keepScript(gameFile, keptFile),
  ]);
  return new Map([
    ['/', { contentType: 'text/html; charset=utf-8', body: html }],
    ['/play.css', { contentType: 'text/css; charset=utf-8', body: css + fightCss }],
    ['/play.js', { contentType: 'text/javascript; charset=utf-8', body: script }],
  ]);
}

async function keepScript(gameFile: string, keptFile: string): Promise<string> {
  const kept = await readKept(gameFile, keptFile);
  if (kept !== undefined) return kept;
  const { script, files } = await bundle(gameFile);
  try {
    const digests = await Promise.all([...MAKERS, ...files].map(async (file) => [file, await digestOf(file)] as const));
    const made = `${keptFile}.${process.pid}`;
    await writeFile(made, JSON.stringify({ gameFile, script, files: digests } satisfies KeptBundle), { mode: 0o600 });
    await rename(made, keptFile);
  } catch {
    // Deliberate: the next start takes longer, and that is all.
  }
  return script;
}

/** Undefined when there is none of these very files, or what there is can't be read. */
async function readKept(gameFile: string, keptFile: string): Promise<string | undefined> {
  try {
    const kept = JSON.parse(await readFile(keptFile, 'utf8')) as KeptBundle;
    if (kept.gameFile !== gameFile || typeof kept.script !== 'string') return undefined;
    const same = await Promise.all(kept.files.map(async ([file, digest]) => (await digestOf(file)) === digest));
    return same.every(Boolean) ? kept.script : undefined;
  } catch {
    // Deliberate: none, cut off, or of a file that is gone. It is bundled anew.
    return undefined;
  }
}

async function digestOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('base64url');
}

async function bundle(gameFile: string): Promise<Bundle> {
  try {
    const { rolldown } = await import('rolldown');
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
    const files = await build.watchFiles;
    await build.close();
    const { code, imports } = output[0];
    if (imports.length > 0) throw new Error(`it imports ${imports.join(', ')}, which a browser doesn't have`);
    return { script: code, files };
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

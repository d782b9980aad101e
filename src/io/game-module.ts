// Loads a game module by its URL and checks that it holds a game. Main thread, before anything is started; the
// threads then import the same URL. A game is trusted code: it runs with the server's rights.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ServerError } from '../base/errors.ts';
import type { AnyGame } from '../sim/game.ts';

/** Throws ServerError DARKAGES_GAME_NOT_FOUND or DARKAGES_GAME_INVALID with one sentence. */
export async function loadGame(gameUrl: string): Promise<AnyGame> {
  const file = fileURLToPath(gameUrl);
  if (!existsSync(file)) {
    throw new ServerError('DARKAGES_GAME_NOT_FOUND', `There is no game module ${file}: check --game.`);
  }
  let module: { readonly game?: AnyGame };
  try {
    module = (await import(gameUrl)) as { readonly game?: AnyGame };
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new ServerError('DARKAGES_GAME_INVALID', `The game module ${file} can't be loaded: ${why}`, { cause: error });
  }
  // `defineGame` checked the rest and derived `rows`.
  if (!Array.isArray(module.game?.rows)) {
    const text = `The game module ${file} exports no \`game\` made with defineGame: see docs/your-own-game.md.`;
    throw new ServerError('DARKAGES_GAME_INVALID', text);
  }
  return module.game;
}

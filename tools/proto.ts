// `npm run proto -- --game FILE`: prints the .proto of a game module; without --game that of the game that ships,
// which is what proto/game.proto holds.

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import type { AnyGame } from '../src/sim/game.ts';
import { printProto } from '../src/wire/proto-text.ts';

const options = new Command('proto')
  .description('Prints the .proto file of a game module.')
  .option('--game <file>', 'game module', 'src/game/game.ts')
  .parse()
  .opts<{ game: string }>();
const module = (await import(pathToFileURL(resolve(options.game)).href)) as { game: AnyGame };
process.stdout.write(printProto(module.game));

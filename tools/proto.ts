// `npm run proto -- --game FILE`: prints the .proto of a game module; without --game that of the game that ships,
// which is what proto/game.proto holds. `--write` puts that one there. A file that is no game: one sentence, exit code 2.

import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { printProto } from '../src/wire/proto-text.ts';
import type { GameSchema } from '../src/wire/schema.ts';

const SHIPPED = 'src/game/game.ts';
const SHIPPED_PROTO = 'proto/game.proto';

const command = new Command('proto')
  .description('Prints the .proto file of a game module.')
  .option('--game <file>', 'game module, which exports `game`', SHIPPED)
  .option('--write', `write ${SHIPPED_PROTO} instead of printing; for the game that ships`)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();
const options = command.opts<{ game: string; write?: boolean }>();

function refuse(sentence: string): never {
  process.stderr.write(`${sentence.replace(/\s+/g, ' ').trim()}\n`);
  process.exit(2);
}

async function loadProto(file: string): Promise<string> {
  const path = resolve(file);
  if (!existsSync(path)) refuse(`there is no file ${file}`);
  let module: { readonly game?: GameSchema };
  try {
    module = (await import(pathToFileURL(path).href)) as { readonly game?: GameSchema };
  } catch (error) {
    refuse(`${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!Array.isArray(module.game?.rows)) refuse(`${file} exports no \`game\` made with defineGame`);
  try {
    return printProto(module.game);
  } catch (error) {
    refuse(`${file} is no game that fits the wire: ${error instanceof Error ? error.message : String(error)}`);
  }
}

if (options.write === true && options.game !== SHIPPED) refuse('--write is for the game that ships, without --game');
const text = await loadProto(options.game);
if (options.write === true) writeFileSync(SHIPPED_PROTO, text);
else process.stdout.write(text);

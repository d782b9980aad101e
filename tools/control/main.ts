// `npm run control -- [PATH [KEY=VALUE …]] [--data FOLDER]`: asks or steers a server that runs on this machine, through the socket
// in its data folder. Without a path it lists what there is. Exit codes: 0 done, 2 it can't be done.

import { parseArgs } from 'node:util';
import { errorCode } from '../../src/base/errors.ts';
import { askControl, dataFolder } from '../../src/io/control-client.ts';

const EXIT_CANNOT = 2;
const HELP = `npm run control                                what there is to ask and to set
npm run control -- /log-level                  asks
npm run control -- /log-level level=debug      sets
  --data FOLDER                                of the server, as it was started with
`;

async function control(argv: readonly string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { data: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
  });
  if (values.help === true) return HELP;
  const [path = '/', ...pairs] = positionals;
  const body = Object.fromEntries(pairs.map(readPair));
  const data = dataFolder(values.data);
  const answer =
    pairs.length === 0
      ? await askControl({ data, method: 'GET', path })
      : await askControl({ data, method: 'PUT', path, body });
  return `${JSON.stringify(answer, undefined, 2)}\n`;
}

/** A number, or true or false, where it is one. */
function readPair(pair: string): [string, string | number | boolean] {
  const [key = '', ...rest] = pair.split('=');
  const text = rest.join('=');
  if (text === 'true' || text === 'false') return [key, text === 'true'];
  return [key, text !== '' && Number.isFinite(Number(text)) ? Number(text) : text];
}

try {
  process.stdout.write(await control(process.argv.slice(2)));
} catch (error) {
  const code = errorCode(error);
  if (code === undefined || !/^(DARKAGES|ERR_PARSE_ARGS)_/.test(code)) throw error;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = EXIT_CANNOT;
}

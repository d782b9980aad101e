// `npm run test:three-nodes`: the store's test on three Cassandra nodes, which takes over a minute and 2 GB.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

const TEST = 'test/contract/store-three-nodes.test.ts';

const child = spawn('npx', ['vitest', 'run', TEST], {
  stdio: 'inherit',
  env: { ...process.env, DARKAGES_THREE_NODES: 'yes' },
});
const [code] = await once(child, 'exit');
process.exitCode = Number(code ?? 1);

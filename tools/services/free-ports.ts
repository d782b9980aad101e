// Ports that nothing listens on, several in a row, for services that tests start.

import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

const FIRST = 20_000;
/** With room for what counts up from there, a Redis cluster's bus 10,000 above it. */
const LAST = 29_000;
const TRIES = 50;

/** The first of `count` ports in a row, free on each of the addresses a moment ago. */
export async function findFreePorts(count: number, addresses: readonly string[] = ['127.0.0.1']): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const first = FIRST + Math.floor(Math.random() * (LAST - FIRST - count));
    if (await areFree(first, count, addresses)) return first;
  }
  throw new Error(`no ${count} free ports in a row`);
}

async function areFree(first: number, count: number, addresses: readonly string[]): Promise<boolean> {
  const servers: Server[] = [];
  try {
    for (let port = first; port < first + count; port++) {
      for (const address of addresses) {
        const server = createServer().listen(port, address);
        servers.push(server);
        await once(server, 'listening');
      }
    }
    return true;
  } catch {
    return false;
  } finally {
    for (const server of servers) server.close();
  }
}

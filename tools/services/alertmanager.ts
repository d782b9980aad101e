// A real Alertmanager for tests, and a place that its messages go to in place of Slack and PagerDuty. On loopback.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Program, startReadyProgram } from './prometheus.ts';

/** @param configFile alertmanager.yml; what it names is found beside it. */
export function startAlertmanager(configFile: string): Promise<Program> {
  return startReadyProgram('prometheus-alertmanager', (port, folder) => [
    `--config.file=${configFile}`,
    `--storage.path=${folder}`,
    `--web.listen-address=127.0.0.1:${port}`,
    // A cluster of one.
    '--cluster.listen-address=',
    '--log.level=warn',
  ]);
}

/** What Slack's webhook or PagerDuty's events API was sent. */
export interface Message {
  readonly atMs: number;
  readonly path: string;
  readonly body: unknown;
}

export interface MessageReceiver {
  readonly url: string;
  readonly messages: readonly Message[];
  stop(): Promise<void>;
}

/** Takes everything, and answers as both do. */
export async function startMessageReceiver(): Promise<MessageReceiver> {
  const messages: Message[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      messages.push({ atMs: performance.now(), path: request.url ?? '', body: JSON.parse(text) });
      const isPagerDuty = request.url?.startsWith('/v2/') === true;
      response.writeHead(isPagerDuty ? 202 : 200);
      response.end(isPagerDuty ? '{"status":"success"}' : 'ok');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

// Asks a running server on this machine through its control socket (control.ts). Tools; never a thread of a server.

import { type IncomingMessage, request } from 'node:http';
import { errorCode, ServerError } from '../base/errors.ts';
import { parseConfig } from './config.ts';
import { type ControlMethod, controlAddress } from './control.ts';

export interface ControlCall {
  readonly data: string;
  readonly method: ControlMethod;
  readonly path: string;
  readonly body?: object;
  readonly signal?: AbortSignal;
}

/** The answer, which is JSON. @throws ServerError with a sentence: nobody is there, or it doesn't do that. */
export async function askControl(call: ControlCall): Promise<unknown> {
  const { status, text } = await send(call);
  const answer = parse(text);
  if (status === 200) {
    if (answer !== undefined) return answer;
    throw new ServerError('DARKAGES_CONTROL_REFUSED', `What listens in ${call.data} does not answer as a server does.`);
  }
  const message = typeof answer === 'object' && answer !== null && 'message' in answer ? answer.message : undefined;
  throw new ServerError('DARKAGES_CONTROL_REFUSED', String(message ?? `The server answered ${status}.`));
}

/** Undefined where it is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function send(call: ControlCall): Promise<{ readonly status: number; readonly text: string }> {
  const { data, method, path, signal } = call;
  const body = call.body && JSON.stringify(call.body);
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: controlAddress(data), method, path, ...(signal && { signal }) }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('end', () => resolve({ status: statusOf(response), text: Buffer.concat(parts).toString('utf8') }));
      response.once('error', (error) => reject(describe(data, error)));
    });
    asked.once('error', (error) => reject(describe(data, error)));
    asked.end(body);
  });
}

const statusOf = ({ statusCode = 0 }: IncomingMessage) => statusCode;

function describe(data: string, cause: Error): Error {
  const code = errorCode(cause);
  if (code === 'ABORT_ERR') return cause;
  const sentence =
    code === 'ENOENT' || code === 'ECONNREFUSED'
      ? `No server runs in ${data}: start it, or name its data folder with --data.`
      : code === 'EACCES'
        ? `The server in ${data} belongs to another user: ask as that one.`
        : `The server in ${data} went away (${code ?? cause.message}).`;
  return new ServerError('DARKAGES_CONTROL_NOT_THERE', sentence, { cause });
}

/** The folder of the server that is meant, as `npm start` reads it: its flag, else the environment, else the usual one. */
export function dataFolder(flag: string | undefined): string {
  const parsed = parseConfig(flag === undefined ? [] : ['--data', flag], process.env, '');
  if ('text' in parsed) throw new ServerError('DARKAGES_CONFIG_INVALID', '--data must be a folder.');
  return parsed.config.data;
}

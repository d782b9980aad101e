// Commands: requests whose outcome must not be lost nor come twice. Each has a key and is sent again with the same one,
// after a pause, for as long as it isn't known what became of it: the answer didn't come, the connection was lost, or the
// server can promise nothing at the moment. A server answers a key it knows with its first answer. Browser main thread or
// Node; time is handed in.

import { ANSWERS_PER_PLAYER_MAX } from '../base/limits.ts';
import { type Client, type Command, PLAYING, type RequestDone } from './state.ts';

/** From an answer that was none until it is sent again. */
const AGAIN_MS = 500;
/** Commands that may wait for their answer; a further one is refused with `too_many`. */
const COMMANDS_MAX = 32;
/**
 * None is sent that is so far behind the oldest without an answer: the server remembers ANSWERS_PER_PLAYER_MAX of them, and
 * a key that it has forgotten is a new one.
 */
const COMMANDS_AHEAD_MAX = ANSWERS_PER_PLAYER_MAX / 2;
const KEYS = 0xffff_ffff;
/** What says nothing of what became of the command. */
const UNKNOWN: ReadonlySet<string> = new Set(['not_now', 'disconnected', 'timeout', 'too_many']);

/** `sendRequest` of client.ts, which imports this file. */
type Send = (
  client: Client,
  name: string,
  values: Command['values'],
  nowMs: number,
  done: RequestDone,
  key: number,
) => number;

/**
 * Asks the server for something that is committed, from its next update on and until it has answered. `done` hears that answer, once; or `replaced`
 * when the client plays as somebody else by then, `disconnected` when it plays as nobody, `too_many`.
 * @param random [0, 1), for the key
 * @returns its key, or 0 when it was not taken
 */
export function sendCommand(
  client: Client,
  name: string,
  values: Command['values'],
  random: () => number,
  done: RequestDone = () => {},
): number {
  const { commands, welcome } = client;
  if (welcome === undefined || commands.size >= COMMANDS_MAX) {
    done(welcome === undefined ? 'disconnected' : 'too_many');
    return 0;
  }
  let key = 1 + Math.floor(random() * KEYS);
  while (commands.has(key)) key = 1 + (key % KEYS);
  const number = ++client.commandCount;
  commands.set(key, { name, values, playerId: welcome.playerId, number, done, isSent: false, dueMs: 0 });
  return key;
}

/** Sends what is due. */
export function updateCommands(client: Client, nowMs: number, sendRequest: Send): void {
  if (client.state !== PLAYING || client.commands.size === 0) return;
  let oldest: number | undefined;
  for (const [key, command] of client.commands) {
    oldest ??= command.number;
    if (command.number - oldest >= COMMANDS_AHEAD_MAX) return;
    if (command.playerId !== client.welcome!.playerId) {
      client.commands.delete(key);
      command.done('replaced');
    } else if (!command.isSent && nowMs >= command.dueMs) {
      command.isSent = true;
      sendRequest(client, command.name, command.values, nowMs, (refused) => hear(client, key, command, refused), key);
    }
  }
}

function hear(client: Client, key: number, command: Command, refused: string): void {
  if (UNKNOWN.has(refused)) {
    command.isSent = false;
    command.dueMs = client.updatedMs + AGAIN_MS;
  } else if (client.commands.delete(key)) command.done(refused);
}

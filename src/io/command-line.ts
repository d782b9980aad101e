// What a person typed behind a command, read by commander without printing or ending the process: it is the caller's to do
// what is said here. Main threads, tools.

import { type Command, CommanderError } from 'commander';

/** The flags; or a text that was asked for, help or the version; or what is wrong, as a sentence, and commander's code of it. */
export type CommandRead<Flags> =
  | { readonly flags: Flags }
  | { readonly text: string }
  | { readonly problem: string; readonly code: string };

/** @param command its name is how a person begins it; it takes flags alone */
export function readCommand<Flags extends object>(command: Command, argv: readonly string[]): CommandRead<Flags> {
  let text = '';
  command
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: (out) => (text += out), writeErr: () => {} });
  try {
    command.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { text };
    const message = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
    return { problem: `${message}; ${command.name()} --help lists the flags.`, code: error.code };
  }
  return { flags: command.opts<Flags & Record<string, unknown>>() };
}

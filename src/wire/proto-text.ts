// Prints the .proto file of a game from the tables of schema.ts: what `npm run proto` shows and proto/game.proto holds.
// Pure; any thread.

import { createMessages, type GameSchema, type Message, toSnakeCase, type WireField } from './schema.ts';

const HEAD = `// Wire of the DarkAges server, protobuf 3. Printed by \`npm run proto\` from the tables the server itself uses.
// proto/STANDARD.md says how the messages are used. Do not edit: a test compares this file with the printed one.
`;

export function printProto(game: GameSchema): string {
  const messages = createMessages(game);
  const printed = new Set<string>();
  const blocks: string[] = [];
  for (const message of [messages.clientMessage, messages.serverMessage]) printMessage(message, printed, blocks);
  const title = `// Game: ${game.name}, version ${game.version}.\n`;
  return `${HEAD}${title}\nsyntax = "proto3";\n\npackage darkages.v1;\n\n${blocks.join('\n')}`;
}

/** A message after those it names. */
function printMessage(message: Message, printed: Set<string>, blocks: string[]): void {
  if (printed.has(message.name)) return;
  printed.add(message.name);
  for (const field of message.fields) if (typeof field.type === 'object') printMessage(field.type, printed, blocks);
  const lines: string[] = [];
  if (message.comment !== '') lines.push(`// ${message.comment}`);
  lines.push(`message ${message.name} {`);
  for (const field of message.fields) if (field.oneof === undefined) lines.push(`  ${printField(field)}`);
  const choices = message.fields.filter((field) => field.oneof !== undefined);
  if (choices.length > 0) {
    lines.push(`  oneof ${choices[0]!.oneof} {`);
    for (const field of choices) lines.push(`    ${printField(field)}`);
    lines.push('  }');
  }
  lines.push('}', '');
  blocks.push(lines.join('\n'));
}

function printField(field: WireField): string {
  const label = field.repeated === true ? 'repeated ' : field.optional === true ? 'optional ' : '';
  const type = typeof field.type === 'object' ? field.type.name : field.type;
  const bounds: string[] = [];
  if (field.comment !== undefined && field.comment !== '') bounds.push(field.comment);
  if (field.min !== undefined && field.max !== undefined) bounds.push(`${field.min} … ${field.max}`);
  else if (field.max !== undefined && field.max < 0xffff_ffff) bounds.push(`at most ${field.max}`);
  if (field.most !== undefined)
    bounds.push(field.type === 'string' ? `at most ${field.most} bytes` : `at most ${field.most}`);
  // A line break in a game's comment would end it.
  const comment = bounds.length > 0 ? `  // ${bounds.join('; ').replace(/\s+/g, ' ')}` : '';
  return `${label}${type} ${toSnakeCase(field.name)} = ${field.field};${comment}`;
}

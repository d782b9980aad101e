import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { game } from '../../src/game/game.ts';
import { printProto } from '../../src/wire/proto-text.ts';
import { createMessages, type Message } from '../../src/wire/schema.ts';
import { PROBE_SCHEMA } from './probe-schema.ts';

test('proto/game.proto is that of the game that ships', () => {
  const file = readFileSync(new URL('../../proto/game.proto', import.meta.url), 'utf8');
  expect(file, 'out of date: npm run proto -- --write').toBe(printProto(game));
});

test.each([PROBE_SCHEMA, game])('protobufjs reads the printed file and finds every field: $name', (schema) => {
  const { root } = protobuf.parse(printProto(schema));
  for (const message of Object.values(createMessages(schema)) as Message[]) {
    const type = root.lookupType(`darkages.v1.${message.name}`);
    expect(Object.keys(type.fields).sort()).toEqual(message.fields.map((field) => field.name).sort());
    for (const field of message.fields) {
      const printed = type.fields[field.name]!;
      expect(printed.id).toBe(field.field);
      expect(printed.repeated).toBe(field.repeated === true);
      expect(printed.type).toBe(typeof field.type === 'object' ? field.type.name : field.type);
    }
  }
});

test('a line break in a comment stays in the comment', () => {
  const row = {
    name: 'mood',
    bits: 8,
    field: 16,
    signed: false,
    ownerOnly: false,
    comment: 'first\nint32 second = 2;',
  } as const;
  const { root } = protobuf.parse(printProto({ name: 'broken', version: 1, rows: [row] }));
  expect(Object.keys(root.lookupType('darkages.v1.EntityState').fields)).not.toContain('second');
});

function runTool(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['tools/proto.ts', ...args], { encoding: 'utf8' });
}

test('npm run proto: prints the game it is given, explains itself, and refuses a bad file with one sentence', () => {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-proto-'));
  try {
    const file = join(folder, 'game.ts');
    const sim = pathToFileURL('src/sim/game.ts').href;
    const own = (definition: string): void =>
      writeFileSync(file, `import { defineGame } from '${sim}';\nexport const game = defineGame({ ${definition} });\n`);
    const limits = 'limits: { speedMmPerS: 1, turnPerS: 60, worldHalfMm: 1, interestRadiusMm: 1 }';
    const rest = `kinds: { player: 1 }, ${limits}, createMap: () => 0, systems: []`;

    own(`name: 'mine', version: 7, columns: { mana: { type: 'u8', seenBy: 'owner', field: 16 } }, ${rest}`);
    const printed = runTool('--game', file);
    expect(printed.stderr).toBe('');
    expect(printed.stdout).toContain('// Game: mine, version 7.');
    expect(printed.stdout).toContain('uint32 mana = 16;');

    expect(runTool('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--game') });
    const refused: [string, string][] = [];
    own(`name: 'Not a name', version: 7, columns: {}, ${rest}`);
    refused.push([runTool('--game', file).stderr, 'a game’s name is']);
    own(`name: 'mine', version: 7, columns: {}, requests: { id: { field: 16, fields: {}, run: () => '' } }, ${rest}`);
    refused.push([runTool('--game', file).stderr, 'two fields called id']);
    writeFileSync(file, 'export const play = 1;\n');
    refused.push([runTool('--game', file).stderr, 'exports no `game`']);
    writeFileSync(file, 'export const = ;\n');
    refused.push([runTool('--game', file).stderr, 'cannot be loaded']);
    const missing = runTool('--game', join(folder, 'none.ts'));
    expect(missing.status).toBe(2);
    refused.push([missing.stderr, 'there is no file']);
    for (const [stderr, sentence] of refused) {
      expect(stderr).toContain(sentence);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

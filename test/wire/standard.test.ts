// proto/STANDARD.md can't rot: its examples are decoded and its limits compared.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as limits from '../../src/base/limits.ts';
import { game } from '../../src/game/game.ts';
import { encodeToBytes, type WireObject } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { normalise } from './arbitrary.ts';
import { bytesToBits, deltasOf } from './changes-model.ts';
import { createReference } from './reference.ts';

const standard = readFileSync(new URL('../../proto/STANDARD.md', import.meta.url), 'utf8');
const { clientMessage, serverMessage, serverGoodbye } = createMessages(game);
const reference = createReference(game);
const examples = [...standard.matchAll(/```hex (\w+)\n([0-9a-f\s]+)```\n\n```json\n([^`]+)```/g)];

test('the standard has examples of both directions', () => {
  expect(new Set(examples.map(([, name]) => name))).toEqual(new Set(['ClientMessage', 'ServerMessage']));
});

test.each(examples.map(([, name, hex, json]) => [name!, hex!.trim(), json!] as const))('%s %s', (name, hex, json) => {
  const message = name === 'ClientMessage' ? clientMessage : serverMessage;
  const bytes = Uint8Array.from(hex.split(/\s+/), (byte) => Number.parseInt(byte, 16));
  const value = JSON.parse(json, readBytes) as WireObject;
  expect(reference.decode(message, bytes)).toEqual(normalise(message, value));
  // Order of fields is free, so ours may differ from an example; what it means may not.
  expect(reference.decode(message, encodeToBytes(message, value))).toEqual(normalise(message, value));
});

/** Of all that is in an example `changes` alone are bytes. */
function readBytes(key: string, value: unknown): unknown {
  return key === 'changes' ? Uint8Array.from(Buffer.from(value as string, 'base64')) : value;
}

test('an example of `changes` is taken apart as the bits below it are, and as the sentence above them says', () => {
  const changes = readBytes('changes', /"changes": "(.+)"/.exec(standard)![1]!) as Uint8Array;
  const bits = /```bits\n([01\s]+)```/.exec(standard)![1]!.replaceAll(/\s/g, '');
  expect(bytesToBits(changes)).toBe(bits.padEnd(changes.length * 8, '0'));
  expect(deltasOf(changes, game.rows)).toEqual([
    { slot: 7, baselineAge: 9, facing: -5 },
    { slot: 21, positionX: 412, positionZ: -60, health: -12 },
  ]);
});

test('its limits are those of src/base/limits.ts', () => {
  const rows = [...standard.matchAll(/^\| `([A-Z_]+)` +\| (\d+) +\|/gm)];
  expect(rows.length).toBeGreaterThan(15);
  const known: Readonly<Record<string, unknown>> = { ...limits };
  for (const [, name, value] of rows) expect([name, known[name!]]).toEqual([name, Number(value)]);
});

test('its reasons for a goodbye are those of the .proto', () => {
  const table = standard.slice(standard.indexOf('`goodbye` is the last message'), standard.indexOf('## 9.'));
  const rows = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, reason]) => reason);
  const listed = serverGoodbye.fields[0]!.comment!.split(', ');
  expect(rows.toSorted()).toEqual(listed.toSorted());
});

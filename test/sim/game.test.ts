import { expect, test } from 'vitest';
import { defineGame, type GameDefinition } from '../../src/sim/game.ts';

type Definition = GameDefinition<
  Record<string, { type: 'u8'; seenBy: 'everyone'; field: number; saved?: boolean }>,
  null
>;

const VALID: Definition = {
  name: 'probe',
  version: 1,
  kinds: { player: 1 },
  columns: { colour: { type: 'u8', seenBy: 'everyone', field: 16, saved: true } },
  inputs: {
    zoom: { field: 21, type: 'int', min: 0, max: 9 },
    pitch: { field: 20, type: 'int', min: -90, max: 90 },
  },
  limits: { speedMmPerS: 5000, turnPerS: 131_072, worldHalfMm: 1000, interestRadiusMm: 1000 },
  createMap: () => null,
  systems: [],
};

test('what follows from a definition', () => {
  const game = defineGame(VALID);
  expect(game.inputNames).toEqual(['pitch', 'zoom']);
  expect(game.savedColumns).toEqual(['positionX', 'positionY', 'positionZ', 'facing', 'ledgerSeq', 'colour']);
  expect(game.rows.map((row) => row.name)).toContain('colour');
  expect(game.rows.map((row) => row.name)).not.toContain('pitch');
  expect(game.rules).toEqual([]);
  expect(Object.keys(game.allColumns)).toEqual(expect.arrayContaining(['kind', 'pitch', 'zoom', 'colour']));
});

test.each<[string, Partial<Definition>]>([
  ['a game’s name', { name: 'My Game' }],
  ['a game’s version', { version: 0 }],
  ['kind player is a whole number', { kinds: { player: 0 } }],
  ['kind wolf has the number of another', { kinds: { player: 1, wolf: 1 } }],
  ['speedMmPerS', { limits: { ...VALID.limits, speedMmPerS: 20_001 } }],
  ['turnPerS', { limits: { ...VALID.limits, turnPerS: 131_073 } }],
  ['worldHalfMm', { limits: { ...VALID.limits, worldHalfMm: 10_000_001 } }],
  ['interestRadiusMm', { limits: { ...VALID.limits, interestRadiusMm: 0 } }],
  ['column positionX exists already', { columns: { positionX: { type: 'u8', seenBy: 'everyone', field: 16 } } }],
  ['column pitch exists already', { columns: { pitch: { type: 'u8', seenBy: 'everyone', field: 16 } } }],
  ['its field number is from 16', { columns: { colour: { type: 'u8', seenBy: 'everyone', field: 15 } } }],
  ['a name is camelCase', { columns: { Colour: { type: 'u8', seenBy: 'everyone', field: 16 } } }],
  ['rule Too Far', { rules: ['Too Far'] }],
  ['rule pay.too.poor', { rules: ['pay.too.poor'] }],
  ['no two rules have the same name', { rules: ['far', 'far'] }],
  ['at most 96 rules', { rules: Array.from({ length: 97 }, (_, index) => `rule${index}`) }],
  [
    'needs a field that names somebody',
    {
      requests: {
        tell: { field: 16, fields: { text: { field: 1, type: 'text', maxBytes: 9, heardBy: 'named' } }, run: () => '' },
      },
    },
  ],
  ['input aim is a column of the engine', { inputs: { aim: { field: 16, type: 'int', min: 0, max: 1 } } }],
  [
    'field number of another',
    {
      columns: {
        a: { type: 'u8', seenBy: 'everyone', field: 16 },
        b: { type: 'u8', seenBy: 'everyone', field: 16 },
      },
    },
  ],
  [
    'field number of another',
    {
      events: {
        hit: {
          field: 16,
          fields: { by: { field: 1, type: 'int', min: 0, max: 1 }, of: { field: 1, type: 'int', min: 0, max: 1 } },
        },
      },
    },
  ],
])('refused with a sentence: %s', (sentence, change) => {
  expect(() => defineGame({ ...VALID, ...change })).toThrow(sentence);
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ENGINE_COLUMNS } from '../../src/sim/columns.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const guide = read('docs/your-own-game.md');
const source = read('examples/tag/game.ts');

test('each piece of code in docs/your-own-game.md stands like that in examples/tag/game.ts', () => {
  const pieces = [...guide.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]!);
  expect(pieces.length).toBeGreaterThan(4);
  for (const piece of pieces) expect(source).toContain(piece);
});

test('the example is as short as the guide says, and looks at the seam alone', () => {
  const lines = source.trimEnd().split('\n').length;
  expect(guide).toContain(`in ${lines} lines`);
  expect(lines).toBeLessThanOrEqual(150);
  const imports = [...source.matchAll(/from '(.*?)'/g)].map((match) => match[1]);
  expect(imports).toEqual(['../../src/sim/game.ts']);
});

test('the columns in its table are the engine’s', () => {
  const table = [...guide.matchAll(/^\| (`.*?) \|/gm)].flatMap((match) => match[1]!.match(/\w+/g)!);
  expect(table.length).toBeGreaterThan(10);
  for (const column of table) expect(Object.keys(ENGINE_COLUMNS)).toContain(column);
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type BlockKind, COUNTERS } from '../../src/base/counters.ts';
import { game } from '../../src/game/game.ts';
import { printRules, RULES } from '../../src/guard/rules.ts';
import { SCORED } from '../../src/guard/score.ts';
import { ATTACKS } from '../e2e/attacks.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** Titles of the tests in such files: what stands in quotes behind `test(`, or behind what makes several of one. */
function readTitles(files: RegExp): Set<string> {
  const titles = new Set<string>();
  for (const path of readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })) {
    if (!files.test(path)) continue;
    const text = readFileSync(join(ROOT, 'test', path), 'utf8');
    for (const match of text.matchAll(
      /(?:^\s*(?:test|check)(?:\.(?:each|for)\(.*\))?|^\s*\](?: as const)?\))\(\s*'((?:[^'\\]|\\.)+)'/gm,
    )) {
      titles.add(match[1]!);
    }
  }
  return titles;
}

test('each rule has a test that exists', () => {
  const titles = readTitles(/\.test\.ts$/);
  expect(titles.size).toBeGreaterThan(100);
  expect(RULES.filter((rule) => !titles.has(rule.test)).map(({ code, test: title }) => `${code}: ${title}`)).toEqual(
    [],
  );
});

test('each rule has a code of its own and a counter or a rule of the game that exists', () => {
  expect(new Set(RULES.map(({ code }) => code)).size).toBe(RULES.length);
  for (const { counter } of RULES) {
    const kind = counter.slice(0, counter.indexOf('.'));
    const name = counter.slice(kind.length + 1);
    if (kind === 'rule') expect(game.rules).toContain(name);
    else expect(Object.keys(COUNTERS[kind as BlockKind])).toContain(name);
  }
});

test('each other rule is broken by a hostile client over a socket: in attacks.ts, or in a test of its own beside it', () => {
  const own = readTitles(/^e2e\/(?:hostile[a-z-]*|tls)\.test\.ts$/);
  const rules = RULES.filter(({ where }) => where !== 'game');
  expect(rules.filter(({ code, test: title }) => !(code in ATTACKS || own.has(title))).map(({ code }) => code)).toEqual(
    [],
  );
  const codes = new Set(rules.map(({ code }) => code));
  expect(Object.keys(ATTACKS).filter((code) => !codes.has(code))).toEqual([]);
  // Whoever adds one here has found no way from outside.
  const inProcess = Object.entries(ATTACKS).filter(([, attack]) => 'inProcess' in attack);
  expect(inProcess.map(([code]) => code)).toEqual(['full', 'ring']);
});

test('each rule of the game is tested by a hostile client over a socket, in a test of its name', () => {
  const files = ['hostile-game', 'hostile-things'];
  const text = files.map((file) => readFileSync(join(ROOT, `test/e2e/${file}.test.ts`), 'utf8')).join('');
  for (const { counter, test: title } of RULES.filter(({ where }) => where === 'game')) {
    expect(counter).toBe(`rule.${title.split(':')[0]}`);
    expect(text).toContain(`test('${title}', `);
  }
});

test('no check is missing: each counter of what is dropped, refused or violated, each rule of the game, each scored one', () => {
  const counters = new Set<string>(RULES.map(({ counter }) => counter));
  for (const kind of ['edge', 'zone'] as const) {
    for (const name of Object.keys(COUNTERS[kind])) {
      if (!/^(drop|refused|closed|guard|text)[A-Z]/.test(name) || name === 'guardSuspects') continue;
      // An edge writes whole records: it would be our fault.
      if (kind === 'zone' && name === 'dropMalformed') continue;
      expect([name, counters.has(`${kind}.${name}`)]).toEqual([name, true]);
    }
  }
  for (const rule of game.rules) expect(counters).toContain(`rule.${rule}`);
  const codes = new Set(RULES.map(({ code }) => code));
  for (const rule of Object.keys(SCORED)) expect(codes).toContain(rule);
});

test('docs/guard.md is what the table prints', () => {
  const file = readFileSync(join(ROOT, 'docs', 'guard.md'), 'utf8');
  expect(file, 'npm run guard-table -- --write').toBe(printRules());
});

// Each rule of tools/tidy.ts against a tree that breaks it, beside a twin that keeps it.

import { expect, test } from 'vitest';
import { checkTree, importTableRows } from '../../tools/tidy-checks.ts';
import { MACHINE_PATHS } from '../../tools/tidy-rules.ts';

const HEAD = '// What this file is, which thread runs it, what it may touch and what it leaves alone.\n';
const PACKAGE = JSON.stringify({ dependencies: { ws: '1', jose: '1' }, devDependencies: { vitest: '1' } });

type Files = Record<string, string>;

interface Options {
  readonly withoutTest?: Record<string, string>;
  readonly withoutImport?: Record<string, string>;
  readonly keepReadme?: boolean;
}

function readmeOf(paths: readonly string[]): string {
  const folders = new Set(paths.filter((path) => /^src\/.+\//.test(path)).map((path) => path.split('/')[1]));
  return [...[...folders].map((folder) => `| \`${folder}\` | words | thread |`), '', ...importTableRows(), ''].join(
    '\n',
  );
}

/** What tidy says of these files; each gets a head comment, and the rest of the tree that it needs. */
function complaints(files: Files, options: Options = {}): string[] {
  const tree = new Map<string, string>([
    ['package.json', PACKAGE],
    ['docs/dependencies.md', '`ws` `jose` `vitest`'],
  ]);
  const withoutTest: Record<string, string> = { ...options.withoutTest };
  const withoutImport: Record<string, string> = { ...options.withoutImport };
  for (const [path, text] of Object.entries(files)) tree.set(path, /\.[jt]s$/.test(path) ? HEAD + text : text);
  if (!options.keepReadme) tree.set('src/README.md', readmeOf([...tree.keys()]));
  return checkTree({ files: tree, withoutTest, withoutImport }).map(
    ({ path, line, what, severity }) => `${severity === 'warning' ? 'warning: ' : ''}${path}:${line}: ${what}`,
  );
}

/** What tidy says of one file in src, not counting that it has no test and nothing imports it. */
function complaintsOf(path: string, text: string): string[] {
  return complaints({ [path]: text }).filter((line) => !/has no test$|which nothing imports$/.test(line));
}

const many = (count: number, line: string): string => Array.from({ length: count }, () => line).join('\n');

/** Stands for a good twin where nothing at that path could be good. */
const ANY = 'ANY';

/** Rule, path, what breaks it, what tidy says, what keeps it. */
const ONE_FILE: readonly [string, string, string, RegExp, string][] = [
  ['clock', 'src/sim/a.ts', 'const t = Date.now();', /says Date\.now/, 'const t = now();'],
  ['clock by reference', 'src/sim/a.ts', 'f(Date.now);', /says Date\.now/, 'f(clock.now);'],
  ['clock by globalThis', 'src/sim/a.ts', 'globalThis.Date.now();', /says Date\.now/, 'g.date.now();'],
  ['clock by new Date', 'src/gateway/a.ts', 'new Date();', /says new Date\(\)/, 'new Date(nowMs);'],
  ['performance', 'src/zone/a.ts', 'performance.now();', /says performance/, 'f({ performance: 1 });'],
  ['destructured', 'src/zone/a.ts', 'const { now } = performance;', /says performance/, 'const { now } = clock;'],
  ['random', 'src/sim/a.ts', 'Math.random();', /says Math\.random/, 'random.random();'],
  ['timer', 'src/client/a.ts', 'setTimeout(f, 1);', /says setTimeout/, 'timers.setTimeout(f, 1);'],
  ['interval', 'src/store/a.ts', 'setInterval(f, 1);', /says setInterval/, 'f();'],
  ['process', 'src/base/a.ts', 'process.exit(1);', /says process/, 'const f = (process: X) => process.run();'],
  ['console', 'src/base/a.ts', 'console.log(1);', /says console/, "const word = 'console.log';"],
  ['fetch', 'src/client/a.ts', 'fetch(url);', /says fetch/, 'options.fetch(url);'],
  ['fetch in an example', 'examples/x/game.ts', 'fetch(url);', /says fetch/, 'f(url);'],
  ['socket', 'src/client/a.ts', 'new WebSocket(url);', /says WebSocket/, 'let socket: WebSocket;'],
  ['sleep', 'src/zone/a.ts', 'Atomics.wait(w, 0, 0);', /Atomics\.wait outside workers/, 'Atomics.load(w, 0);'],
  ['sleep in io', 'src/io/a.ts', 'Atomics.wait(w, 0, 0);', /Atomics\.wait outside/, 'Atomics.notify(w, 0);'],
  ['async', 'src/session/a.ts', 'const f = async () => 1;', /async in session/, 'const f = () => 1;'],
  ['await', 'src/transport/a.ts', 'await f();', /async in transport/, 'f();'],
  ['for await', 'src/wire/a.ts', 'for await (const x of y) f(x);', /async in wire/, 'for (const x of y) f(x);'],
  ['sine', 'src/sim/a.ts', 'Math.sin(1);', /Math\.sin may differ/, 'Math.imul(1, 2);'],
  ['sine in a game', 'examples/x/game.ts', 'Math.atan2(1, 1);', /Math\.atan2 may differ/, 'Math.abs(1);'],
  ['hypot', 'src/game/a.ts', 'Math.hypot(1, 1);', /Math\.hypot may differ/, 'Math.floor(Math.sqrt(2));'],
  ['power', 'src/game/a.ts', 'f(x ** 2);', /\*\* may differ/, 'f(x * x);'],
  ['node module in core', 'src/store/a.ts', "import { x } from 'node:fs';", /core imports 'node:fs'/, ''],
  ['node module without its prefix', 'src/web/a.ts', "import { x } from 'fs';", /a page imports 'fs'/, ''],
  ['driver in core', 'src/store/a.ts', "import { x } from 'ws';", /core imports 'ws'/, ''],
  ['package in the wrong core', 'src/sim/a.ts', "import { x } from 'jose';", /core imports 'jose'/, ''],
  ['node module in a page', 'src/web/a.ts', "import { x } from 'node:fs';", /a page imports 'node:fs'/, ''],
  [
    'unlisted package',
    'tools/a.ts',
    "import { x } from 'leftpad';",
    /imports 'leftpad'/,
    "import { x } from 'vitest';",
  ],
  ['module of k6 elsewhere', 'bench/a.js', "import 'k6/http';", /imports 'k6'/, ''],
  ['other package in k6', 'bench/a.k6.js', "import 'leftpad';", /imports 'leftpad'/, "import { check } from 'k6';"],
  ['package of tests in a worker', 'workers/a.ts', "import 'vitest';", /imports 'vitest'/, "import 'ws';"],
  ['missing file', 'tools/a.ts', "import { x } from './b.ts';", /which does not exist/, ''],
  ['no ending', 'tools/a.ts', "import { x } from './a';", /imports '\.\/a'$/, ''],
  ['default export', 'src/io/a.ts', 'export default 1;', /default export/, 'export const a = 1;'],
  ['barrel by name', 'src/io/index.ts', 'export const a = 1;', /is a barrel/, ANY],
  ['export all', 'src/io/a.ts', "const x = 1; export * from './a.ts';", /exports \*/, ''],
  ['any', 'src/io/a.ts', 'let x: any;', /says any/, "let x: unknown; const y = 'any';"],
  ['any inside a type', 'test/a.ts', 'let x: Map<string, any>;', /says any/, 'let x: Map<string, any2>;'],
  ['empty catch', 'tools/a.ts', 'try { f(); } catch {}', /empty catch/, 'try { f(); } catch { /* gone already */ }'],
  ['empty catch call', 'tools/a.ts', 'void f().catch(() => {});', /empty catch/, 'void f().catch(report);'],
  ['to do', 'tools/a.ts', '// TODO: more', /says TODO/, "const word = 'TODO';"],
  ['to mend', 'tools/a.ts', '/* FIXME */', /says TODO or FIXME/, ''],
  ['to do in a script', 'tools/a.sh', '# TODO more', /says TODO/, '# done'],
  ['type checker off', 'tools/a.ts', '// @ts-ignore', /type checker is switched off/, '// @ts-expect-error: why'],
  ['comment that is a call', 'tools/a.ts', '// doThis(1, 2);', /a comment is code/, '// doThis(1, 2) is dear;'],
  ['comment that is a block', 'tools/a.ts', '// if (a) {', /a comment is code/, '// if a is so, then'],
  ['comment that returns', 'tools/a.ts', '// return x;', /a comment is code/, '// return the ring;'],
  ['block of code', 'tools/a.ts', '/* const x = 1;\n */', /a comment is code/, '/** const x = 1; */'],
  ['name', 'src/io/a.ts', 'export class ZoneManager {}', /ZoneManager ends/, 'export class ManagerOfZones {}'],
  ['name of a type', 'tools/a.ts', 'export type Utils = 1;', /Utils ends/, 'type Utils = 1;'],
  ['name of a file', 'src/io/ring-helper.ts', '', /file name ends in an empty word \(ring-helper\)/, ANY],
  ['name of a file of tests', 'test/x-utils.test.ts', '', /file name ends/, ANY],
  ['long file', 'tools/a.ts', many(801, 'f();'), /has 802 lines, more than 800/, many(450, 'f();')],
  ['longish file', 'tools/a.ts', many(501, 'f();'), /^warning: .*has 502 lines/, many(450, 'f();')],
  ['long function', 'tools/a.ts', `const f = () => {\n${many(69, 'g();')}\n};`, /function f has 71 lines/, 'f();'],
  ['long method', 'tools/a.ts', `class A { m() {\n${many(69, 'g();')}\n}}`, /function m has 71 lines/, 'f();'],
  ['syntax', 'tools/a.ts', 'const = 1;', /does not parse/, ''],
  ['no folder', 'src/a.ts', '', /is in no folder of the import table/, ANY],
  ['unknown folder', 'src/things/a.ts', '', /is in no folder of the import table/, ANY],
];

for (const [rule, path, bad, said, good] of ONE_FILE) {
  test(`tidy: ${rule}`, () => {
    expect(complaintsOf(path, bad)).toContainEqual(expect.stringMatching(said));
    if (good !== ANY) expect(complaintsOf(path, good)).not.toContainEqual(expect.stringMatching(said));
  });
}

test('tidy: packages that only compute are allowed where the table says so', () => {
  expect(complaintsOf('src/gateway/a.ts', "import { x } from 'jose';")).toEqual([]);
});

test('tidy: a folder that is installed apart lists its packages itself, for itself', () => {
  const apart = { 'bench/apart/package.json': JSON.stringify({ dependencies: { leftpad: '1' } }) };
  const text = "import { x } from 'leftpad'; import 'vitest';";
  expect(complaints({ ...apart, 'bench/apart/in/a.ts': text })).toEqual([]);
  expect(complaints({ ...apart, 'bench/a.ts': text })).toEqual([expect.stringMatching(/imports 'leftpad'/)]);
  expect(complaints({ ...apart, 'workers/apart/a.ts': text })).toContainEqual(
    expect.stringMatching(/imports 'leftpad'/),
  );
});

test('tidy: a factory of short functions is not a long function', () => {
  const inner = Array.from({ length: 20 }, (_, index) => `const f${index} = () => {\n${many(8, 'g();')}\n};`).join(
    '\n',
  );
  expect(complaintsOf('tools/a.ts', `function create() {\n${inner}\n}\ncreate();`)).toEqual([]);
});

test('tidy: what is no fault', () => {
  const excuse = '// biome-ignore lint/suspicious/noExplicitAny: nobody reads it\n';
  expect(complaintsOf('src/io/a.ts', `${excuse}type A = Map<string, any>;\nlet a: A;`)).toEqual([]);
  expect(complaintsOf('src/io/a.ts', `${excuse}\ntype A = Map<string, any>;\nlet a: A;`)).toHaveLength(1);
  expect(complaintsOf('src/io/a.ts', 'const url = f();\nawait import(url);')).toEqual([]);
  // How to use a file, in its head comment; further down it would be code.
  expect(complaintsOf('src/io/a.ts', '//   const client = create();\nf();')).toEqual([]);
  expect(complaintsOf('src/io/a.ts', 'f();\n//   const client = create();')).toHaveLength(1);
});

test('tidy: generated code is not held to style', () => {
  const tree = new Map([
    [
      'src/wire/a.ts',
      `// Generated by tools/proto.ts from proto/game.proto; change that and run it again.\n${many(900, 'f();')}`,
    ],
  ]);
  tree.set('src/README.md', readmeOf([...tree.keys()]));
  expect(checkTree({ files: tree, withoutTest: {}, withoutImport: {} })).toEqual([]);
});

test('tidy: a file begins with what it is', () => {
  for (const path of [
    'src/base/a.ts',
    'workers/a.js',
    'infra/a.ts',
    'tools/a.ts',
    'bench/a.ts',
    'examples/x/game.ts',
  ]) {
    for (const text of ['f();', '// short\nf();', `f();\n${HEAD}`]) {
      const tree = new Map([[path, text]]);
      const problems = checkTree({ files: tree, withoutTest: {}, withoutImport: {} });
      expect(problems.map(({ what }) => what)).toContain('has no head comment');
    }
  }
  const script = new Map([['tools/a.ts', `#!/usr/bin/env node\n${HEAD}f();`]]);
  const problems = checkTree({ files: script, withoutTest: {}, withoutImport: {} });
  expect(problems.map(({ what }) => what)).not.toContain('has no head comment');
});

test('tidy: the import table', () => {
  const files = (from: string, to: string): Files => ({
    [from]: `import { a } from '${relative(from, to)}';`,
    [to]: 'export const a = 1;',
  });
  const cases: readonly [string, string, boolean][] = [
    ['src/base/a.ts', 'src/sim/b.ts', false],
    ['src/sim/a.ts', 'src/base/b.ts', true],
    ['src/sim/a.ts', 'src/sim/b.ts', true],
    ['src/transport/a.ts', 'src/wire/b.ts', false],
    ['src/gateway/a.ts', 'src/sim/b.ts', false],
    ['src/zone/a.ts', 'src/game/b.ts', false],
    ['src/zone/a.ts', 'src/io/b.ts', false],
    ['src/io/a.ts', 'src/zone/b.ts', true],
    ['src/io/a.ts', 'src/web/b.ts', false],
    ['src/base/a.ts', 'workers/b.ts', false],
    ['workers/a.ts', 'src/io/b.ts', true],
    ['tools/a.ts', 'workers/b.ts', false],
    ['tools/a.ts', 'src/web/b.ts', true],
    ['examples/x/game.ts', 'src/sim/b.ts', true],
    ['examples/x/game.ts', 'src/base/b.ts', false],
    ['test/a.ts', 'examples/x/b.ts', true],
    ['test/a.ts', 'infra/b.ts', true],
    ['infra/a.ts', 'src/base/b.ts', false],
    ['test/conformance/a.ts', 'src/wire/b.ts', false],
    ['test/conformance/a.ts', 'test/b.ts', true],
  ];
  for (const [from, to, allowed] of cases) {
    const found = complaints(files(from, to)).filter((line) => / imports \w+ \('/.test(line));
    expect([from, to, found.length === 0]).toEqual([from, to, allowed]);
  }
  expect(complaints({ 'src/base/a.ts': "type A = import('../sim/b.ts').B;", 'src/sim/b.ts': '' }).join()).toMatch(
    /base imports sim/,
  );
  expect(complaints({ 'src/base/a.ts': "f(import('../sim/b.ts'));", 'src/sim/b.ts': '' }).join()).toMatch(
    /base imports sim/,
  );
});

function relative(from: string, to: string): string {
  return `${'../'.repeat(from.split('/').length - 1)}${to}`;
}

test('tidy: a file that only passes on is a barrel', () => {
  const found = complaints({ 'src/sim/a.ts': "export { b } from './b.ts';", 'src/sim/b.ts': 'export const b = 1;' });
  expect(found.join('\n')).toMatch(/src\/sim\/a\.ts:1: is a barrel/);
});

test('tidy: cycles, of types too', () => {
  const cycle = complaints({
    'tools/a.ts': "import { b } from './b.ts';\nexport const a = b;",
    'tools/b.ts': "import type { C } from './c.ts';\nexport const b = 1 as C;",
    'tools/c.ts': "import { a } from './a.ts';\nexport type C = typeof a;",
  });
  expect(cycle.filter((line) => line.includes('in a circle'))).toHaveLength(1);
  expect(cycle.join('\n')).toContain('tools/a.ts → tools/b.ts → tools/c.ts → tools/a.ts');
});

test('tidy: unused exports', () => {
  const unused = (files: Files, options?: Options): string[] =>
    complaints(files, options)
      .filter((line) => line.includes('which nothing imports') || line.includes('still excuses src/base/a.ts#'))
      .map((line) => line.replace(/^.*: (exports|still excuses) /, '').replace(/,.*/, ''));
  const a = 'export const x = 1;\nexport function f(): number { return x; }';
  expect(unused({ 'src/base/a.ts': a })).toEqual(['x', 'f']);
  expect(unused({ 'src/base/a.ts': a, 'test/b.ts': "import { x, f as g } from '../src/base/a.ts';" })).toEqual([]);
  expect(unused({ 'src/base/a.ts': a, 'test/b.ts': "import * as n from '../src/base/a.ts';\nn.f();" })).toEqual(['x']);
  expect(unused({ 'src/base/a.ts': a, 'test/b.ts': "import * as n from '../src/base/a.ts';\ng(n);" })).toHaveLength(2);
  expect(unused({ 'src/base/a.ts': a, 'tools/b.ts': "import * as n from '../src/base/a.ts';\ng(n);" })).toEqual([]);
  expect(unused({ 'src/base/a.ts': a, 'tools/b.ts': "g(import('../src/base/a.ts'));" })).toEqual([]);
  expect(
    unused({ 'src/base/a.ts': a }, { withoutImport: { 'src/base/a.ts#x': 'why', 'src/base/a.ts#f': 'why' } }),
  ).toEqual([]);
  expect(unused({ 'src/base/a.ts': '' }, { withoutImport: { 'src/base/a.ts#x': 'why' } })).toEqual(['src/base/a.ts#x']);
  expect(unused({ 'src/base/a.ts': 'export const { p, q: [r] } = s;' })).toEqual(['p', 'r']);
  // A type is used when something exported beside it has that type.
  expect(unused({ 'src/base/a.ts': 'export interface T { a: 1 }' })).toEqual(['T']);
  expect(unused({ 'src/base/a.ts': 'export interface T { a: 1 }\nexport const t: T = { a: 1 };' })).toEqual(['t']);
});

test('tidy: each source file has a test', () => {
  const missing = (files: Files, options?: Options): string[] =>
    complaints(files, options).filter((line) => /has no test|still excuses/.test(line));
  expect(missing({ 'src/base/a.ts': 'f();' })).toEqual(['src/base/a.ts:1: has no test']);
  // Types alone run nothing.
  expect(missing({ 'src/base/a.ts': "import type { B } from './b.ts';\nexport interface A extends B {}" })).toEqual([]);
  expect(missing({ 'src/base/a.ts': 'export type A = 1;\nexport const a: A = 1;' })).toHaveLength(1);
  expect(missing({ 'src/base/a.ts': 'f();', 'test/base/a.test.ts': '' })).toEqual([]);
  expect(missing({ 'src/io/a.ts': 'f();' }, { withoutTest: { 'src/io/a.ts': 'test/e2e/a.test.ts' } })).toEqual([]);
  expect(missing({ 'tools/a.ts': '' }, { withoutTest: { 'src/io/a.ts': 'gone' } })).toHaveLength(1);
  expect(
    missing({ 'src/io/a.ts': 'f();', 'test/io/a.test.ts': '' }, { withoutTest: { 'src/io/a.ts': 'has one now' } }),
  ).toHaveLength(1);
});

test('tidy: paths of one machine, in any file', () => {
  for (const path of ['docs/a.md', '.ci/run', 'tools/a.ts', 'infra/a.yaml']) {
    for (const prefix of MACHINE_PATHS) {
      const found = complaints({ [path]: `see "${prefix}/x"` }).filter((line) => line.includes('one machine'));
      expect([path, prefix, found.length]).toEqual([path, prefix, 1]);
    }
    expect(complaints({ [path]: `see /net${MACHINE_PATHS[0]}/x` }).join()).not.toContain('one machine');
  }
});

test('tidy: the README holds the same import table', () => {
  const rows = importTableRows();
  const find = (lines: readonly string[]): string[] =>
    complaints({ 'src/README.md': lines.join('\n') }, { keepReadme: true });
  expect(find([...rows, ''])).toEqual([]);
  expect(find(rows.map((row) => row.replace('---', '-------').replace(' |', '    |')))).toEqual([]);
  expect(find(['# no table']).join()).toMatch(/lacks "\| folder/);
  for (const index of rows.keys()) expect(find(rows.filter((_, at) => at !== index))).not.toEqual([]);
  expect(find(rows.map((row) => row.replace('| `base`, `wire`, `sim` |', '| `base`, `sim` |'))).join()).toMatch(
    /lacks/,
  );
  expect(find([...rows, '| `extra` | nothing |']).join()).toMatch(/a row that tools\/tidy-rules.ts has not/);
  expect(complaints({}, { keepReadme: true }).join()).toMatch(/src\/README\.md:1: does not exist/);
  const folder = { 'src/README.md': rows.join('\n'), 'src/base/a.ts': '' };
  expect(complaints(folder, { keepReadme: true }).join()).toMatch(/does not say what base is/);
});

test('tidy: each dependency has its line', () => {
  expect(complaints({ 'docs/dependencies.md': '| `ws` | sockets |\n| `jose` | tokens |' })).toEqual([
    'docs/dependencies.md:1: does not say what vitest is for',
  ]);
});

test('tidy: each alert has its runbook, each runbook its alert, and commands exist', () => {
  const rules = (alert: string, runbook: string) =>
    `groups:\n  - rules:\n      - alert: ${alert}\n        labels:\n          severity: P1\n        annotations:\n          runbook: ${runbook}\n`;
  const good: Files = {
    'infra/alerting/rules/zone.yml':
      rules('TickSlow', 'infra/runbooks/tick-slow.md') + rules('ZoneDown', 'infra/runbooks/zone-down.md'),
    'infra/runbooks/tick-slow.md': '# TickSlow (P1)\nnpm run check\n',
    'infra/runbooks/zone-down.md': '# ZoneDown (P1)\n',
    'infra/runbooks/README.md': '| TickSlow | P1 | [a](a) |\n| ZoneDown | P1 | [b](b) |\n`npm run check`',
    'package.json': JSON.stringify({ scripts: { check: 'tidy' } }),
  };
  const say = (change: Files) => complaints({ ...good, ...change }).map((line) => line.replace(/^infra\//, ''));
  expect(say({})).toEqual([]);
  expect(say({ 'infra/alerting/rules/node.yml': rules('NodeDown', 'infra/runbooks/node-down.md') })).toEqual([
    'alerting/rules/node.yml:3: alert NodeDown has no runbook',
  ]);
  // Two alerts of one page: it is about one of them.
  expect(say({ 'infra/alerting/rules/node.yml': rules('NodeDown', 'infra/runbooks/tick-slow.md') })).toHaveLength(1);
  expect(say({ 'infra/runbooks/tick-slow.md': '# Slow\n' })).toEqual([
    'alerting/rules/zone.yml:3: alert TickSlow has no runbook',
    'runbooks/tick-slow.md:1: no alert Slow names it',
  ]);
  expect(say({ 'infra/runbooks/gone.md': '# Gone\n' })).toEqual(['runbooks/gone.md:1: no alert Gone names it']);
  expect(say({ 'infra/runbooks/README.md': '| TickSlow | P2 | [a](a) |\n| ZoneDown | P1 | [b](b) |' })).toEqual([
    'runbooks/README.md:1: lacks "| TickSlow | P1 | ["',
  ]);
  for (const path of ['README.md', 'CHANGELOG.md', 'docs/a.md']) {
    expect(say({ [path]: 'npm run mend\n' }).join()).toContain('says npm run mend, which does not exist');
  }
  expect(say({ 'infra/runbooks/zone-down.md': '# ZoneDown\n\nnpm run check, npm run mend:it -- --all\n' })).toEqual([
    'runbooks/zone-down.md:3: says npm run mend:it, which does not exist',
  ]);
});

test('tidy: the lock file holds every optional package', () => {
  const said = (found: Record<string, string>): string[] => {
    const entries = Object.entries(found).map(([path, version]) => [path, { version }]);
    const rolldown = { optionalDependencies: { 'binding-a': '1.2.3', '@x/binding-b': '^1' } };
    const packages = { ...Object.fromEntries(entries), 'node_modules/rolldown': rolldown };
    return complaints({ 'package-lock.json': JSON.stringify({ packages }) });
  };
  const a = 'node_modules/binding-a';
  expect(said({ [a]: '1.2.3', 'node_modules/rolldown/node_modules/@x/binding-b': '1.0.0' })).toEqual([]);
  expect(said({ [a]: '1.2.3', 'node_modules/vite/node_modules/@x/binding-b': '1.0.0' })).toEqual([
    'package-lock.json:1: lacks @x/binding-b of rolldown',
  ]);
  expect(said({ [a]: '1.2.2', 'node_modules/@x/binding-b': '1.0.0' })).toEqual([
    'package-lock.json:1: lacks binding-a of rolldown',
  ]);
});

test('tidy: versions are exact', () => {
  for (const version of ['*', '^1.0.0', '~1.2.3', 'latest', '>=1']) {
    const text = JSON.stringify({ dependencies: { ws: version } });
    expect(complaints({ 'package.json': text })).toEqual([`package.json:1: asks for ws ${version}`]);
  }
  expect(complaints({ 'package.json': JSON.stringify({ dependencies: { ws: '8.1.0' } }) })).toEqual([]);
});

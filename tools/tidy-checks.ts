// Tidy's rules about the tree: who imports whom, cycles, unused exports, missing tests, machine paths, the README's
// table. Runs in the tidy process only. Input is a map of path → text, so that a test hands in a tree of its own.

import { isBuiltin } from 'node:module';
import { checkSource, folderOf, isCore, type Problem } from './tidy-nodes.ts';
import {
  CORE_PACKAGES,
  EDGE_FOLDERS,
  GENERATED_MARK,
  HOST_MODULES,
  IMPORT_TABLE,
  type ImportRow,
  MACHINE_PATHS,
  OUTER_FOLDERS,
} from './tidy-rules.ts';
import { isOnlyTypes, parseSource, type Source } from './tidy-source.ts';

export interface Tree {
  /** Text files of the repository, path → content. */
  readonly files: ReadonlyMap<string, string>;
  readonly withoutTest: Readonly<Record<string, string>>;
  readonly withoutImport: Readonly<Record<string, string>>;
}

const SOURCE_FILE = /\.(ts|tsx|mts|js|mjs|jsx)$/;
const README = 'src/README.md';
const PACKAGE_FILE = 'package.json';
const LOCK_FILE = 'package-lock.json';
const DEPENDENCIES = 'docs/dependencies.md';

export function checkTree(tree: Tree): Problem[] {
  const sources = new Map<string, Source>();
  for (const [path, text] of tree.files) {
    if (SOURCE_FILE.test(path) && !path.endsWith('.d.ts')) sources.set(path, parseSource(path, text));
  }
  const problems = [...sources.values()].flatMap(checkSource);
  const add = (path: string, line: number, what: string, instead: string): void => {
    problems.push({ path, line, what, instead, severity: 'error' });
  };
  for (const source of sources.values()) {
    checkImports(source, sources, add);
    checkPackages(source, tree.files.get(PACKAGE_FILE), findOwnPackages(source.path, tree.files), add);
  }
  checkCycles(sources, add);
  checkUnusedExports(sources, tree.withoutImport, add);
  checkTests(sources, tree.withoutTest, add);
  checkReadme(tree.files, add);
  checkDependencies(tree.files, add);
  checkLock(tree.files, add);
  checkRunbooks(tree.files, add);
  for (const [path, text] of tree.files) checkText(path, text, SOURCE_FILE.test(path), add);
  return problems.sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}

type Add = (path: string, line: number, what: string, instead: string) => void;

// --- imports

function mayImport(row: ImportRow, target: string, targetPath: string): boolean {
  if (row.folder === target) return true;
  const inSrc = targetPath.startsWith('src/');
  return row.mayImport.some((word) => {
    if (word === 'src') return inSrc;
    if (word === 'core') return inSrc && !EDGE_FOLDERS.includes(target);
    return word === target;
  });
}

function describeRow(row: ImportRow): string {
  return row.mayImport.length === 0 ? 'nothing' : row.mayImport.map(describeTarget).join(', ');
}

function describeTarget(target: string): string {
  if (target === 'core') return 'any core folder';
  return target === 'src' ? 'anything in `src`' : `\`${target}\``;
}

function checkImports(source: Source, sources: ReadonlyMap<string, Source>, add: Add): void {
  const { path } = source;
  const folder = folderOf(path);
  const row = IMPORT_TABLE.find((item) => item.folder === folder);
  if (row === undefined && (path.startsWith('src/') || OUTER_FOLDERS.includes(folder))) {
    add(path, 1, 'is in no folder of the import table', 'move it, or add a row to tools/tidy-rules.ts');
    return;
  }
  for (const { specifier, target, line } of source.imports) {
    if (target === undefined) continue;
    if (!/\.(ts|tsx|js|mjs|json)$/.test(specifier)) {
      add(path, line, `imports '${specifier}'`, 'name the file with its ending');
    } else if (!sources.has(target) && SOURCE_FILE.test(target)) {
      add(path, line, `imports '${specifier}', which does not exist`, 'name a file that does');
    }
    const targetFolder = folderOf(target);
    if (row === undefined || targetFolder === '') continue;
    const isStranger = path.startsWith('test/conformance/') && targetFolder !== 'test';
    if (isStranger || !mayImport(row, targetFolder, target)) {
      const allowed = isStranger ? 'nothing of ours' : describeRow(row);
      add(
        path,
        line,
        `${folder} imports ${targetFolder} ('${specifier}')`,
        `${folder} may import ${allowed}: have it handed in, or move what both need down to base`,
      );
    }
  }
}

/** Packages of folders between the root and a file that are installed apart, with a package file of their own. */
function findOwnPackages(path: string, files: ReadonlyMap<string, string>): Record<string, string> {
  const folders = path.split('/').slice(0, -1);
  const texts = folders.map((_, depth) => files.get([...folders.slice(0, depth + 1), PACKAGE_FILE].join('/')) ?? '{}');
  return Object.assign({}, ...texts.map((text) => (JSON.parse(text) as Record<string, object>).dependencies));
}

function checkPackages(source: Source, packageText: string | undefined, own: Record<string, string>, add: Add): void {
  const { path } = source;
  const folder = folderOf(path);
  const listed = packageText === undefined ? undefined : (JSON.parse(packageText) as Record<string, object>);
  const runs = { ...listed?.dependencies, ...listed?.optionalDependencies, ...listed?.peerDependencies };
  for (const { specifier, target, line } of source.imports) {
    if (target !== undefined) continue;
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
    const isNodeModule = isBuiltin(specifier);
    if (isCore(path) || folder === 'examples') {
      if ((CORE_PACKAGES[folder] ?? []).includes(name)) continue;
      add(path, line, `core imports '${specifier}'`, 'take a port as an argument and implement it in io');
    } else if (folder === 'web' && isNodeModule) {
      add(path, line, `a page imports '${specifier}'`, 'browsers have none of it: use what the web platform has');
    }
    if (listed === undefined || isNodeModule || isOfHost(path, name)) continue;
    const isShipped = path.startsWith('src/') || folder === 'workers';
    if (isShipped && !Object.hasOwn(runs, name)) {
      add(path, line, `imports '${name}'`, `list it under dependencies in ${PACKAGE_FILE} and in docs/dependencies.md`);
    } else if (!Object.hasOwn({ ...runs, ...listed.devDependencies, ...own }, name)) {
      add(path, line, `imports '${name}'`, `list it in ${PACKAGE_FILE} and in docs/dependencies.md`);
    }
  }
}

function isOfHost(path: string, name: string): boolean {
  return Object.entries(HOST_MODULES).some(([ending, module]) => path.endsWith(ending) && name === module);
}

/** Types count as well: a cycle of types is two files that are one. */
function checkCycles(sources: ReadonlyMap<string, Source>, add: Add): void {
  const done = new Set<string>();
  const chain: string[] = [];
  const visit = (path: string): void => {
    const from = chain.indexOf(path);
    if (from !== -1) {
      const cycle = [...chain.slice(from), path].join(' → ');
      add(path, 1, `imports itself in a circle (${cycle})`, 'move what both need into a third file');
      return;
    }
    if (done.has(path)) return;
    chain.push(path);
    for (const { target } of sources.get(path)?.imports ?? []) {
      if (target !== undefined && sources.has(target)) visit(target);
    }
    chain.pop();
    done.add(path);
  };
  for (const path of sources.keys()) visit(path);
}

// --- exports and tests

const ALLOW_FILE = 'tools/tidy-allow.ts';

function checkUnusedExports(
  sources: ReadonlyMap<string, Source>,
  allowed: Readonly<Record<string, string>>,
  add: Add,
): void {
  const used = new Set<string>();
  for (const source of sources.values()) {
    for (const { target, names } of source.imports) {
      if (target === undefined || target === source.path) continue;
      // A test that hands a whole namespace on (to list it, say) does not make all of it used.
      if (names === undefined && !source.path.startsWith('test/')) used.add(`${target}#*`);
      for (const name of names ?? []) used.add(`${target}#${name}`);
    }
  }
  const needed = new Set<string>();
  for (const { path, text, code, exports } of sources.values()) {
    if (!path.startsWith('src/') || GENERATED_MARK.test(text) || used.has(`${path}#*`)) continue;
    for (const { name, isType, line } of exports) {
      const key = `${path}#${name}`;
      if (used.has(key)) continue;
      // A type that only its own file names is the type of something exported there, so its readers meet it.
      if (isType && code.split(new RegExp(`\\b${name}\\b`)).length > 2) continue;
      if (Object.hasOwn(allowed, key)) needed.add(key);
      else add(path, line, `exports ${name}, which nothing imports`, 'use it, drop `export`, or delete it');
    }
  }
  for (const key of Object.keys(allowed)) {
    if (!needed.has(key)) add(ALLOW_FILE, 1, `still excuses ${key}`, 'delete the entry, it is no longer needed');
  }
}

function checkTests(sources: ReadonlyMap<string, Source>, allowed: Readonly<Record<string, string>>, add: Add): void {
  const needed = new Set<string>();
  for (const source of sources.values()) {
    const { path, text } = source;
    if (!path.startsWith('src/') || GENERATED_MARK.test(text) || isOnlyTypes(source)) continue;
    const test = path.replace(/^src\//, 'test/').replace(/\.\w+$/, '.test.ts');
    if (sources.has(test)) continue;
    if (Object.hasOwn(allowed, path)) needed.add(path);
    else add(path, 1, 'has no test', `write ${test}, or name what tests it in ${ALLOW_FILE}`);
  }
  for (const path of Object.keys(allowed)) {
    if (!needed.has(path)) add(ALLOW_FILE, 1, `still excuses ${path}`, 'delete the entry, it is no longer needed');
  }
}

// --- texts

/** The rows of the import table as they stand in src/README.md. */
export function importTableRows(): string[] {
  const rows = ['| folder | may import |', '| --- | --- |'];
  for (const row of IMPORT_TABLE) {
    const note = row.note === undefined ? '' : ` (${row.note})`;
    rows.push(`| \`${row.folder}\` | ${describeRow(row)}${note} |`);
  }
  return rows;
}

function checkReadme(files: ReadonlyMap<string, string>, add: Add): void {
  const text = files.get(README);
  if (text === undefined) {
    add(README, 1, 'does not exist', 'write what each folder is, and the import table');
    return;
  }
  // Columns may be aligned with blanks.
  const lines = text.split('\n').map((line) => line.replace(/ +/g, ' ').replace(/-{3,}/g, '---').trim());
  const expected = importTableRows();
  const start = lines.indexOf(expected[0]!);
  const rows = start === -1 ? [] : lines.slice(start, start + expected.length);
  const different = expected.findIndex((row, index) => rows[index] !== row);
  const instead = 'make both the same; `node tools/tidy.ts --table` prints the rows';
  if (start !== -1 && lines[start + expected.length]?.startsWith('|')) {
    add(README, start + expected.length + 1, 'the import table has a row that tools/tidy-rules.ts has not', instead);
  } else if (different !== -1) {
    add(README, Math.max(1, start + different + 1), `the import table lacks "${expected[different]}"`, instead);
  }
  const folders = new Set([...files.keys()].filter((path) => path.startsWith('src/')).map(folderOf));
  folders.delete('');
  for (const folder of folders) {
    const isDescribed = lines.some((line) => line.startsWith(`| \`${folder}\` |`) && line.split('|').length > 4);
    if (!isDescribed) add(README, 1, `does not say what ${folder} is`, 'add a row to its table of folders');
  }
}

function checkDependencies(files: ReadonlyMap<string, string>, add: Add): void {
  const listed = JSON.parse(files.get(PACKAGE_FILE) ?? '{}') as Record<string, object>;
  const text = files.get(DEPENDENCIES) ?? '';
  for (const name of Object.keys({
    ...listed.dependencies,
    ...listed.devDependencies,
    ...listed.optionalDependencies,
  })) {
    if (text.includes(`\`${name}\``)) continue;
    add(DEPENDENCIES, 1, `does not say what ${name} is for`, 'add its line: what for, and what else was looked at');
  }
}

interface LockEntry {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type Lock = Readonly<Record<string, LockEntry>>;

/** True when the package at `path` finds `name` in its own node_modules or in one further up, in the version it wants. */
function isInLock(lock: Lock, path: string, name: string, version: string): boolean {
  const found = lock[`${path === '' ? '' : `${path}/`}node_modules/${name}`];
  if (found !== undefined) return found.version === version || !/^\d+\.\d+\.\d+/.test(version);
  return path !== '' && isInLock(lock, path.replace(/\/?node_modules\/(@[^/]+\/)?[^/]+$/, ''), name, version);
}

/**
 * npm leaves an optional package that the registry does not have out of the lock file without a word, and `npm ci` then
 * refuses the lock file. It showed as a fresh clone that could not be installed.
 */
function checkLock(files: ReadonlyMap<string, string>, add: Add): void {
  const { packages: lock = {} } = JSON.parse(files.get(LOCK_FILE) ?? '{}') as { packages?: Lock };
  for (const [path, { optionalDependencies = {} }] of Object.entries(lock)) {
    const wanted = Object.entries(optionalDependencies);
    const missing = wanted.filter(([name, version]) => !isInLock(lock, path, name, version)).map(([name]) => name);
    if (missing.length === 0) continue;
    const owner = path.replace(/^.*node_modules\//, '') || PACKAGE_FILE;
    add(LOCK_FILE, 1, `lacks ${missing.join(', ')} of ${owner}`, `npm ci will refuse it: take a version that has them`);
  }
  const listed = JSON.parse(files.get(PACKAGE_FILE) ?? '{}') as Record<string, Record<string, string>>;
  const versions = { ...listed.dependencies, ...listed.devDependencies, ...listed.optionalDependencies };
  for (const [name, version] of Object.entries(versions)) {
    if (!/^\d/.test(version)) add(PACKAGE_FILE, 1, `asks for ${name} ${version}`, 'name one version exactly');
  }
}

const RULES = /^infra\/alerting\/rules\/.+\.yml$/;
const RUNBOOK = /^infra\/runbooks\/(?!README\.md$).+\.md$/;
const RUNBOOK_INDEX = 'infra/runbooks/README.md';
const SAYS_COMMANDS = /^(infra\/runbooks\/.+|docs\/.+|README|CHANGELOG)\.md$/;

/** Every alert names a page that is about it and stands in the index, and every page is about an alert. */
function checkRunbooks(files: ReadonlyMap<string, string>, add: Add): void {
  const pages = new Map<string, string>();
  for (const [path, text] of files) if (RUNBOOK.test(path)) pages.set(path, /^# (\w+)/.exec(text)?.[1] ?? '');
  const index = files.get(RUNBOOK_INDEX) ?? '';
  for (const [path, text] of files) {
    if (!RULES.test(path)) continue;
    let line = 1;
    for (const rule of text.split(/^(?= *- alert: )/m)) {
      const alert = /^ *- alert: (\w+)/.exec(rule)?.[1];
      const runbook = /^ +runbook: (\S+)$/m.exec(rule)?.[1] ?? '';
      if (alert !== undefined && pages.get(runbook) !== alert) {
        add(
          path,
          line,
          `alert ${alert} has no runbook`,
          `write it, with the title "# ${alert}", and name it as \`runbook\``,
        );
      } else if (alert !== undefined) {
        pages.delete(runbook);
        const row = `| ${alert} | ${/^ +severity: (\S+)$/m.exec(rule)?.[1]} | [`;
        if (!index.includes(row)) add(RUNBOOK_INDEX, 1, `lacks "${row}"`, 'add the row, with the severity of the rule');
      }
      line += rule.split('\n').length - 1;
    }
  }
  for (const [path, alert] of pages) {
    add(path, 1, `no alert ${alert} names it`, 'name it as `runbook` of its rule, or delete it');
  }
  checkScripts(files, add);
}

/** At three in the morning nobody looks for the name that a command has now. */
function checkScripts(files: ReadonlyMap<string, string>, add: Add): void {
  const { scripts = {} } = JSON.parse(files.get(PACKAGE_FILE) ?? '{}') as { scripts?: Record<string, string> };
  for (const [path, text] of files) {
    if (!SAYS_COMMANDS.test(path)) continue;
    for (const [at, content] of text.split('\n').entries()) {
      for (const [, script] of content.matchAll(/\bnpm run ([\w:-]+)/g)) {
        if (Object.hasOwn(scripts, script!)) continue;
        add(path, at + 1, `says npm run ${script}, which does not exist`, `name a script of ${PACKAGE_FILE}`);
      }
    }
  }
}

const MACHINE_PATH = new RegExp(`(^|[\\s'"\`(=:,])(${MACHINE_PATHS.join('|')})/`);

function checkText(path: string, text: string, isSource: boolean, add: Add): void {
  const isProse = path.endsWith('.md') || path === 'LICENSE' || path === 'package-lock.json';
  let line = 0;
  for (const content of text.split('\n')) {
    line++;
    if (MACHINE_PATH.test(content)) {
      add(path, line, 'names a path of one machine', 'use a path relative to the repository, or a temporary folder');
    }
    // In sources the comments are looked at; strings may say it.
    if (!isSource && !isProse && /\b(TODO|FIXME)\b/.test(content)) {
      add(path, line, 'says TODO or FIXME', 'do it, or write the reason it is not done as a sentence');
    }
  }
}

// Tidy's rules about what a source file says: banned globals, async where nothing may wait, any, empty catches, long
// functions, comments that are code. Runs in the tidy process only. Each rule looks at one file and nothing else.

import {
  CORE_BANNED,
  DETERMINISTIC_FOLDERS,
  EDGE_FOLDERS,
  EMPTY_NAME,
  FILE_LINES_MAX,
  FILE_LINES_WARN,
  FUNCTION_LINES_MAX,
  GENERATED_MARK,
  HEAD_COMMENT_CHARACTERS_MIN,
  HEAD_COMMENT_FOLDERS,
  INEXACT_MATH,
  SYNCHRONOUS_FOLDERS,
} from './tidy-rules.ts';
import { type AstNode, type Comment, child, children, nameOf, parsesAsCode, type Source, walk } from './tidy-source.ts';

export interface Problem {
  readonly path: string;
  readonly line: number;
  /** What is wrong. */
  readonly what: string;
  readonly instead: string;
  readonly severity: 'error' | 'warning';
}

/** Collects what is wrong with one file. */
export type Report = (offset: number, what: string, instead: string, severity?: 'warning') => void;

/** The folder a file belongs to in the import table: `base` for src/base/x.ts, `tools` for tools/x.ts, '' for others. */
export function folderOf(path: string): string {
  const parts = path.split('/');
  if (parts[0] === 'src') return parts.length > 2 ? parts[1]! : '';
  return parts.length > 1 ? parts[0]! : '';
}

export function isCore(path: string): boolean {
  return path.startsWith('src/') && !EDGE_FOLDERS.includes(folderOf(path));
}

export function checkSource(source: Source): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (offset, what, instead, severity) => {
    problems.push({ path: source.path, line: source.lineAt(offset), what, instead, severity: severity ?? 'error' });
  };
  for (const message of source.syntaxErrors) report(0, `does not parse (${message})`, 'mend the syntax');
  checkComments(source, report);
  checkNames(source, report);
  if (!GENERATED_MARK.test(source.text)) checkFileLength(source, report);
  checkModuleShape(source, report);
  walk(source.program, (node, parent, key) => {
    checkTypeNode(node, source, report);
    checkCatch(node, source, report);
    checkGlobals(node, parent, key, source, report);
    checkWaiting(node, source, report);
    checkFunctionLength(node, parent, source, report);
  });
  return problems;
}

// --- comments

function checkComments(source: Source, report: Report): void {
  checkHeadComment(source, report);
  for (const comment of source.comments) {
    if (/\b(TODO|FIXME|XXX)\b/.test(comment.value)) {
      report(comment.start, 'a comment says TODO or FIXME', 'do it, or write the reason it is not done as a sentence');
    }
    if (/@ts-(ignore|nocheck)\b/.test(comment.value)) {
      report(comment.start, 'the type checker is switched off', 'write a type guard, or a cast with a check beside it');
    }
    if (holdsCode(comment) && !isExample(comment, source))
      report(comment.start, 'a comment is code', 'delete it; git keeps what was');
  }
}

function checkHeadComment(source: Source, report: Report): void {
  if (!HEAD_COMMENT_FOLDERS.includes(source.path.split('/')[0]!)) return;
  const start = source.code.search(/\S/);
  const codeStart = source.text.startsWith('#!') ? source.text.indexOf('\n') : start === -1 ? Infinity : start;
  let characters = 0;
  for (const comment of source.comments) {
    if (comment.start < codeStart || source.text.startsWith('#!')) characters += comment.value.trim().length;
    if (comment.start > codeStart) break;
  }
  if (characters < HEAD_COMMENT_CHARACTERS_MIN) {
    report(0, 'has no head comment', 'begin the file with what it is, which thread runs it and what it may touch');
  }
}

/** An indented line of the head comment: how the file is used. */
function isExample(comment: Comment, source: Source): boolean {
  return comment.start < source.code.search(/\S/) && comment.value.startsWith('  ');
}

/** A line of a comment that would parse as a statement. Prose rarely ends in a semicolon or an opening brace. */
function holdsCode(comment: Comment): boolean {
  if (comment.kind === 'Block' && comment.value.startsWith('*')) return false;
  return comment.value.split('\n').some((line) => {
    const text = line.replace(/^\s*\*/, '').trim();
    if (/^(import|export|const|let|var|if|for|while|switch|function|class|return)\b.*\{$/.test(text)) return true;
    return /[=(.].*;$|^(return|import|export)\b.*;$/.test(text) && parsesAsCode(text.replace(/^return\b/, 'void'));
  });
}

// --- names and shape of the file

function checkNames(source: Source, report: Report): void {
  const stem = source.path
    .split('/')
    .at(-1)!
    .replace(/(\.test|\.bench)?\.\w+$/, '');
  const words = stem.replace(/(^|-)(\w)/g, (_match, _dash, letter: string) => letter.toUpperCase());
  const instead = 'name it for what it does or holds';
  if (EMPTY_NAME.test(words)) report(0, `the file name ends in an empty word (${stem})`, instead);
  for (const { name } of source.exports) {
    if (EMPTY_NAME.test(name)) report(0, `the export ${name} ends in an empty word`, instead);
  }
}

function checkFileLength(source: Source, report: Report): void {
  if (source.lineCount > FILE_LINES_MAX) {
    report(0, `has ${source.lineCount} lines, more than ${FILE_LINES_MAX}`, 'split it into files of one noun each');
  } else if (source.lineCount > FILE_LINES_WARN) {
    report(0, `has ${source.lineCount} lines, more than ${FILE_LINES_WARN}`, 'think of splitting it', 'warning');
  }
}

function checkModuleShape(source: Source, report: Report): void {
  const isRootConfig = /^[\w.-]+\.config\.ts$/.test(source.path);
  const isDefault = source.exports.some(({ name }) => name === 'default');
  if (isDefault && !isRootConfig) report(0, 'has a default export', 'export by name');
  const body = children(source.program, 'body');
  for (const node of body) {
    if (node.type === 'ExportAllDeclaration') report(node.start, 'exports *', 'let callers import the file itself');
  }
  const isIndex = /(^|\/)index\.\w+$/.test(source.path);
  const onlyPassesOn = body.length > 0 && body.every((node) => child(node, 'source') && node.type.startsWith('Export'));
  if (isIndex || onlyPassesOn) report(0, 'is a barrel', 'let callers import the files themselves');
}

// --- nodes

/** The linter finds `any` too; where it is told why not (a type parameter that nobody reads), so are we. */
const ANY_EXCUSED = /biome-ignore lint\/suspicious\/noExplicitAny: \S/;

function checkTypeNode(node: AstNode, source: Source, report: Report): void {
  if (node.type !== 'TSAnyKeyword') return;
  const line = source.lineAt(node.start);
  const isExcused = source.comments.some(
    (comment) => source.lineAt(comment.end) === line - 1 && ANY_EXCUSED.test(comment.value),
  );
  if (!isExcused) report(node.start, 'says any', 'use unknown and a check, or the real type');
}

function checkCatch(node: AstNode, source: Source, report: Report): void {
  const isCatchCall =
    node.type === 'CallExpression' && nameOf(child(child(node, 'callee') ?? node, 'property')) === 'catch';
  const handler =
    node.type === 'CatchClause'
      ? child(node, 'body')
      : isCatchCall
        ? child(children(node, 'arguments')[0] ?? node, 'body')
        : undefined;
  if (handler?.type !== 'BlockStatement' || children(handler, 'body').length > 0) return;
  if (source.comments.some((comment) => comment.start > handler.start && comment.end < handler.end)) return;
  report(handler.start, 'an empty catch', 'handle the error, or say in a comment why nothing is to be done');
}

const VALUE_WRAPPERS = new Set(['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression', 'TSTypeAssertion']);

/** True for an identifier that reads a variable, not one that names a property, a label or a type. */
function isReference(node: AstNode, parent: AstNode | undefined, key: string): boolean {
  if (node.type !== 'Identifier' || parent === undefined) return false;
  if (parent.type.startsWith('TS') && !VALUE_WRAPPERS.has(parent.type)) return false;
  if (/^(Import|Export).*Specifier$/.test(parent.type)) return false;
  return !((key === 'property' || key === 'key') && parent.computed !== true);
}

/** `Date.now` for that member, or for `globalThis.Date.now`; '' when the node is no such thing. */
function globalMember(node: AstNode, source: Source): string {
  if (node.type !== 'MemberExpression') return '';
  const object = child(node, 'object');
  const property = nameOf(child(node, 'property'));
  if (object?.type === 'MemberExpression') return `${nameOf(child(object, 'property'))}.${property}`;
  const name = nameOf(object);
  if (source.declared.has(name)) return '';
  return name === 'globalThis' ? property : `${name}.${property}`;
}

function checkGlobals(node: AstNode, parent: AstNode | undefined, key: string, source: Source, report: Report): void {
  const { path } = source;
  const folder = folderOf(path);
  const member = globalMember(node, source);
  const name = isReference(node, parent, key) && !source.declared.has(nameOf(node)) ? nameOf(node) : '';
  const isExample = folder === 'examples';
  if (isCore(path) || isExample) {
    for (const said of [member, name]) {
      if (Object.hasOwn(CORE_BANNED, said)) report(node.start, `core says ${said}`, CORE_BANNED[said]!);
    }
    const isDate = node.type === 'NewExpression' && nameOf(child(node, 'callee')) === 'Date';
    if (isDate && children(node, 'arguments').length === 0) {
      report(node.start, 'core says new Date()', CORE_BANNED['Date.now']!);
    }
  }
  if (DETERMINISTIC_FOLDERS.includes(folder)) {
    const isMath = member.startsWith('Math.') && INEXACT_MATH.has(member.slice('Math.'.length));
    const isPower = node.operator === '**' || node.operator === '**=';
    if (isMath || isPower) {
      report(node.start, `${isPower ? '**' : member} may differ between engines`, 'use integers and the tables of sim');
    }
  }
  if (member === 'Atomics.wait' && (path.startsWith('src/') || isExample)) {
    report(node.start, 'Atomics.wait outside workers', 'only a thread’s own loop may sleep: move it to workers');
  }
}

function checkWaiting(node: AstNode, source: Source, report: Report): void {
  if (!SYNCHRONOUS_FOLDERS.includes(folderOf(source.path))) return;
  const isAsync = node.async === true && /^(Function|ArrowFunction)/.test(node.type);
  const isForAwait = node.type === 'ForOfStatement' && node.await === true;
  if (!isAsync && !isForAwait && node.type !== 'AwaitExpression') return;
  report(node.start, `async in ${folderOf(source.path)}, where nothing waits`, 'keep a state and an `update(now)`');
}

const FUNCTION = /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/;

/**
 * Lines of a function without those of the functions inside it: a factory that returns ten short functions is ten
 * short functions, as a class with ten methods is.
 */
function checkFunctionLength(node: AstNode, parent: AstNode | undefined, source: Source, report: Report): void {
  if (!FUNCTION.test(node.type) || GENERATED_MARK.test(source.text)) return;
  const linesOf = (item: AstNode): number => source.lineAt(item.end - 1) - source.lineAt(item.start) + 1;
  let lines = linesOf(node);
  let insideUntil = 0;
  walk(node, (inner) => {
    if (inner === node || !FUNCTION.test(inner.type) || inner.start < insideUntil) return;
    lines -= linesOf(inner) - 1;
    insideUntil = inner.end;
  });
  if (lines <= FUNCTION_LINES_MAX) return;
  const name = nameOf(child(node, 'id')) || nameOf(child(parent ?? node, 'key')) || nameOf(child(parent ?? node, 'id'));
  report(
    node.start,
    `the function ${name || 'without a name'} has ${lines} lines, more than ${FUNCTION_LINES_MAX}`,
    'split it into steps with names',
  );
}

// One source file as tidy's rules see it: the syntax tree, the comments, what it imports and what it exports.
// Runs in the tidy process only; pure functions over text. The parser is oxc as shipped inside rolldown, which the
// project has anyway for bundling the page: TypeScript 7 is a native program without an API to ask.

import { posix } from 'node:path';
import { parseSync } from 'rolldown/utils';

export interface AstNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

export interface Comment {
  readonly kind: 'Line' | 'Block';
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

export interface ImportFact {
  readonly specifier: string;
  /** The file it names, for relative specifiers. */
  readonly target: string | undefined;
  /** Names taken from the target; `undefined` when all of them may be (a dynamic import, a namespace passed on). */
  readonly names: readonly string[] | undefined;
  readonly line: number;
}

export interface ExportFact {
  readonly name: string;
  readonly isType: boolean;
  readonly line: number;
}

export interface Source {
  readonly path: string;
  readonly text: string;
  readonly lineCount: number;
  readonly program: AstNode;
  readonly comments: readonly Comment[];
  /** The text with its comments blanked out. */
  readonly code: string;
  readonly syntaxErrors: readonly string[];
  readonly imports: readonly ImportFact[];
  readonly exports: readonly ExportFact[];
  /** Names that the file declares anywhere, so that a parameter called `process` is not taken for the global. */
  readonly declared: ReadonlySet<string>;
  lineAt(offset: number): number;
}

export type Visit = (node: AstNode, parent: AstNode | undefined, key: string) => void;

export function isNode(value: unknown): value is AstNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** Child `key` of a node, when it is a node. */
export function child(node: AstNode, key: string): AstNode | undefined {
  const value = node[key];
  return isNode(value) ? value : undefined;
}

export function children(node: AstNode, key: string): AstNode[] {
  const value = node[key];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** The name of an identifier or the text of a string literal; '' for anything else. */
export function nameOf(node: AstNode | undefined): string {
  if (node === undefined) return '';
  if (typeof node.name === 'string') return node.name;
  return typeof node.value === 'string' ? node.value : '';
}

export function walk(node: AstNode, visit: Visit, parent?: AstNode, key = ''): void {
  visit(node, parent, key);
  for (const [name, value] of Object.entries(node)) {
    if (isNode(value)) walk(value, visit, node, name);
    else if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) walk(item, visit, node, name);
    }
  }
}

/** Parses one file. @param path as in the repository, with slashes; its ending chooses the language. */
export function parseSource(path: string, text: string): Source {
  const result = parseSync(path, text);
  const program = result.program as unknown as AstNode;
  const comments = result.comments.map((item) => ({
    kind: item.type,
    value: item.value,
    start: item.start,
    end: item.end,
  }));
  const lineStarts = [0];
  for (let index = text.indexOf('\n'); index !== -1; index = text.indexOf('\n', index + 1)) lineStarts.push(index + 1);
  const lineAt = (offset: number): number => {
    let line = 0;
    while (line < lineStarts.length && lineStarts[line]! <= offset) line++;
    return line;
  };
  const code = blankComments(text, comments);
  return {
    path,
    text,
    lineCount: text.endsWith('\n') ? lineStarts.length - 1 : lineStarts.length,
    program,
    comments,
    code,
    syntaxErrors: result.errors.map((error) => error.message),
    imports: collectImports(path, program, lineAt),
    exports: collectExports(program, lineAt),
    declared: collectDeclared(program),
    lineAt,
  };
}

/** True when the text is a statement that parses. */
export function parsesAsCode(text: string): boolean {
  const result = parseSync('comment.ts', text);
  return result.errors.length === 0 && result.program.body.length > 0;
}

function blankComments(text: string, comments: readonly Comment[]): string {
  let code = '';
  let from = 0;
  for (const { start, end } of comments) {
    code += text.slice(from, start) + text.slice(start, end).replace(/[^\n]/g, ' ');
    from = end;
  }
  return code + text.slice(from);
}

function collectImports(path: string, program: AstNode, lineAt: (offset: number) => number): ImportFact[] {
  const found: ImportFact[] = [];
  const add = (source: AstNode | undefined, names: readonly string[] | undefined): void => {
    // What is imported by a variable, a game module say, is not the tree's business.
    const specifier = source?.type === 'Literal' ? nameOf(source) : '';
    if (source === undefined || specifier === '') return;
    const target = specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), specifier)) : undefined;
    found.push({ specifier, target, names, line: lineAt(source.start) });
  };
  walk(program, (node) => {
    if (node.type === 'ImportDeclaration') add(child(node, 'source'), importedNames(node, program));
    else if (node.type === 'ImportExpression') add(child(node, 'source'), undefined);
    else if (node.type === 'TSImportType') {
      add(child(node, 'source') ?? child(node, 'argument'), undefined);
    } else if (node.type === 'ExportNamedDeclaration') {
      add(
        child(node, 'source'),
        children(node, 'specifiers').map((item) => nameOf(child(item, 'local'))),
      );
    } else if (node.type === 'ExportAllDeclaration') add(child(node, 'source'), undefined);
  });
  return found;
}

function importedNames(node: AstNode, program: AstNode): string[] | undefined {
  const names: string[] = [];
  for (const specifier of children(node, 'specifiers')) {
    if (specifier.type === 'ImportDefaultSpecifier') names.push('default');
    else if (specifier.type === 'ImportSpecifier') names.push(nameOf(child(specifier, 'imported')));
    else {
      const members = namespaceMembers(nameOf(child(specifier, 'local')), program);
      if (members === undefined) return undefined;
      names.push(...members);
    }
  }
  return names;
}

/** Members read from a namespace import, or undefined when the namespace itself is handed on. */
function namespaceMembers(local: string, program: AstNode): string[] | undefined {
  const members: string[] = [];
  let handedOn = false;
  walk(program, (node, parent, key) => {
    if (node.type !== 'Identifier' || node.name !== local || parent === undefined) return;
    if (parent.type === 'ImportNamespaceSpecifier') return;
    if (parent.type === 'MemberExpression' && key === 'object' && parent.computed !== true) {
      members.push(nameOf(child(parent, 'property')));
    } else if (parent.type === 'TSQualifiedName' && key === 'left') members.push(nameOf(child(parent, 'right')));
    else if (!(parent.type === 'MemberExpression' && key === 'property')) handedOn = true;
  });
  return handedOn ? undefined : members;
}

const TYPE_DECLARATIONS = new Set(['TSInterfaceDeclaration', 'TSTypeAliasDeclaration']);

function collectExports(program: AstNode, lineAt: (offset: number) => number): ExportFact[] {
  const found: ExportFact[] = [];
  for (const node of children(program, 'body')) {
    if (node.type === 'ExportDefaultDeclaration') {
      found.push({ name: 'default', isType: false, line: lineAt(node.start) });
    }
    if (node.type !== 'ExportNamedDeclaration') continue;
    const declaration = child(node, 'declaration');
    const isType = node.exportKind === 'type' || TYPE_DECLARATIONS.has(declaration?.type ?? '');
    const names = children(node, 'specifiers').map((item) => nameOf(child(item, 'exported')));
    if (declaration !== undefined) names.push(...declaredNames(declaration));
    for (const name of names) found.push({ name, isType, line: lineAt(node.start) });
  }
  return found;
}

/** True for a file that declares types and nothing that runs. */
export function isOnlyTypes(source: Source): boolean {
  return children(source.program, 'body').every((node) => {
    const type = (child(node, 'declaration') ?? node).type;
    return type === 'ImportDeclaration' || node.exportKind === 'type' || TYPE_DECLARATIONS.has(type);
  });
}

function declaredNames(declaration: AstNode): string[] {
  if (declaration.type !== 'VariableDeclaration') return [nameOf(child(declaration, 'id'))];
  return children(declaration, 'declarations').flatMap((item) => patternNames(child(item, 'id')));
}

/** Names bound by an identifier or a destructuring pattern. */
function patternNames(pattern: AstNode | undefined): string[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [nameOf(pattern)];
    case 'ObjectPattern':
      return children(pattern, 'properties').flatMap((item) => patternNames(child(item, 'value') ?? item));
    case 'ArrayPattern':
      return children(pattern, 'elements').flatMap(patternNames);
    case 'AssignmentPattern':
      return patternNames(child(pattern, 'left'));
    case 'RestElement':
      return patternNames(child(pattern, 'argument'));
    case 'TSParameterProperty':
      return patternNames(child(pattern, 'parameter'));
    default:
      return [];
  }
}

function collectDeclared(program: AstNode): Set<string> {
  const names = new Set<string>();
  walk(program, (node) => {
    const bound =
      node.type === 'VariableDeclarator' || /^(Function|Class)/.test(node.type)
        ? patternNames(child(node, 'id'))
        : node.type.startsWith('Import')
          ? patternNames(child(node, 'local'))
          : node.type === 'CatchClause'
            ? patternNames(child(node, 'param'))
            : [];
    for (const name of bound) names.add(name);
    for (const parameter of children(node, 'params')) for (const name of patternNames(parameter)) names.add(name);
  });
  return names;
}

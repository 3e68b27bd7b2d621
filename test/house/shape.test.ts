import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import remaining from './remaining.json' with { type: 'json' };
import { files, parse, read, sources } from './source-files.ts';

const maxLines = 70;

const scripts = files.filter((file) => /^scripts\/.*\.(ts|mjs)$/.test(file));

/**
 * Functions that may be longer than the limit because they declare: route tables, views and schemas read
 * better in one piece.
 */
const declarative: readonly string[] = [];

/**
 * Each list in remaining.json holds the exceptions that existed before its rule. It may only shrink: an entry
 * that is no longer needed fails too.
 */
describe('the shape of the code', () => {
  it(`has functions of at most ${maxLines} lines, except for the declarative ones named here`, () => {
    const long = sources.flatMap(longFunctions).filter((name) => !declarative.includes(name));
    expect(long.sort()).toEqual([...remaining.longFunctions].sort());
  });

  it('exports each name once', () => {
    const owners = new Map<string, string[]>();
    for (const file of sources) {
      for (const name of exportedNames(file)) owners.set(name, [...(owners.get(name) ?? []), file]);
    }
    const twice = [...owners].filter(([, from]) => from.length > 1).map(([name]) => name);
    expect(twice.sort()).toEqual([...remaining.exportedTwice].sort());
  });

  it('writes the keys of an object out instead of spreading a literal', () => {
    expect(sources.flatMap(spreadLiterals).sort()).toEqual([...remaining.spreadLiterals].sort());
  });
});

describe('errors', () => {
  it('are ignored only where a comment says why', () => {
    expect(sources.concat(scripts).flatMap(silentHandlers)).toEqual([]);
  });

  it('are logged by the server as `err`, with their stack and causes, not as text', () => {
    const server = sources.filter((file) => file.startsWith('packages/server/'));
    expect(server.flatMap(errorsLoggedAsText)).toEqual([]);
  });
});

function visitAll(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => visitAll(child, visit));
}

/**
 * `file: name` of each function that is too long; an anonymous one is named by the call that it is passed to.
 */
function longFunctions(file: string): string[] {
  const tree = parse(file);
  const found: string[] = [];
  visitAll(tree, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || !node.body) return;
    const [first, last] = [node.getStart(tree), node.end].map(
      (at) => tree.getLineAndCharacterOfPosition(at).line,
    );
    if ((last ?? 0) - (first ?? 0) + 1 > maxLines) found.push(`${file}: ${nameOf(node)}`);
  });
  return found;
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (node.name) return node.name.getText();
  const { parent } = node;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) return parent.name.getText();
  if (ts.isCallExpression(parent)) return `function given to ${parent.expression.getText().split('(')[0]}`;
  return `function in ${nameOfOuter(parent)}`;
}

function nameOfOuter(node: ts.Node): string {
  for (let outer = node; outer; outer = outer.parent) if (ts.isFunctionLike(outer)) return nameOf(outer);
  return 'the module';
}

/** The names that a file itself declares and exports. */
function exportedNames(file: string): string[] {
  return parse(file)
    .statements.flatMap((statement) => {
      const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
      if (!modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return [];
      if (ts.isVariableStatement(statement)) {
        return statement.declarationList.declarations.map(({ name }) => name.getText());
      }
      const { name } = statement as ts.DeclarationStatement;
      // A schema's type has the schema's declaration; a value and its type with the same name in one file
      // count as one.
      return name ? [name.getText()] : [];
    })
    .filter((name, at, all) => all.indexOf(name) === at);
}

/** `file: text` of each `...{ a, b }` and `...[a, b]`. */
function spreadLiterals(file: string): string[] {
  const tree = parse(file);
  const found: string[] = [];
  visitAll(tree, (node) => {
    if (ts.isSpreadAssignment(node) && ts.isObjectLiteralExpression(node.expression)) {
      found.push(`${file}: ${node.getText().replace(/\s+/g, ' ').slice(0, 60)}`);
    }
  });
  return found;
}

/** `file:line` of each empty handler of errors without a comment on its lines or on the line before. */
function silentHandlers(file: string): string[] {
  const tree = parse(file);
  const lines = read(file).split('\n');
  const found: string[] = [];
  visitAll(tree, (node) => {
    const handler = emptyHandler(node);
    if (!handler) return;
    const [first = 0, last = 0] = [handler.getStart(tree), handler.end].map(
      (at) => tree.getLineAndCharacterOfPosition(at).line,
    );
    const around = lines.slice(Math.max(0, first - 1), last + 1);
    if (!around.some((line) => /\/\/|\/\*|^\s*\*/.test(line))) found.push(`${file}:${first + 1}`);
  });
  return found;
}

/** The `catch` block, or the handler given to `catch` or `then`, that does nothing with the error. */
function emptyHandler(node: ts.Node): ts.Node | undefined {
  if (ts.isCatchClause(node)) return node.block.statements.length === 0 ? node : undefined;
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined;
  const method = node.expression.name.text;
  const handler = method === 'catch' ? node.arguments[0] : method === 'then' ? node.arguments[1] : undefined;
  if (!handler || !ts.isArrowFunction(handler)) return undefined;
  const { body } = handler;
  const isEmpty = ts.isBlock(body)
    ? body.statements.length === 0
    : body.kind === ts.SyntaxKind.NullKeyword || body.getText() === 'undefined';
  return isEmpty ? handler : undefined;
}

/** `file:line` of each call of a log whose detail has an error's text. */
function errorsLoggedAsText(file: string): string[] {
  const tree = parse(file);
  const found: string[] = [];
  visitAll(tree, (node) => {
    if (!ts.isCallExpression(node) || !/\blog\.(info|warn|error)$/.test(node.expression.getText())) return;
    const detail = node.arguments[0]?.getText() ?? '';
    if (!/String\((error|cause|reason)\)|\b(error|cause)\.message|describeError\(/.test(detail)) return;
    found.push(`${file}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
  });
  return found;
}

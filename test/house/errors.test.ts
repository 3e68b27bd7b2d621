import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { code, parse, read, sources } from './source-files.ts';

describe('errors', () => {
  it('are used, thrown, or ignored for a reason that a comment gives', () => {
    expect(code.flatMap(silentHandlers)).toEqual([]);
  });

  it('are logged by the server as `err`, with their stack and causes, not as text', () => {
    const server = sources.filter((file) => file.startsWith('packages/server/'));
    expect(server.flatMap(errorsLoggedAsText)).toEqual([]);
  });
});

/** What handles an error: a `catch` clause, or a function given to `catch`, to `then`, or to `on('error')`. */
interface ErrorHandler {
  readonly node: ts.Node;
  readonly body: ts.Node;
  /** The names that the error is bound to. */
  readonly names: ReadonlySet<string>;
}

function visitAll(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => visitAll(child, visit));
}

function handlerAt(node: ts.Node): ErrorHandler | undefined {
  if (ts.isCatchClause(node)) {
    return { node, body: node.block, names: namesIn(node.variableDeclaration?.name) };
  }
  const given = ts.isCallExpression(node) ? handlerIn(node) : undefined;
  if (!given || !(ts.isArrowFunction(given) || ts.isFunctionExpression(given))) return undefined;
  return { node: given, body: given.body, names: namesIn(given.parameters[0]?.name) };
}

/** The argument of a call that handles errors. */
function handlerIn({ expression, arguments: [first, second] }: ts.CallExpression): ts.Node | undefined {
  if (!first || !ts.isPropertyAccessExpression(expression)) return undefined;
  const method = expression.name.text;
  if (method === 'catch') return first;
  if (method === 'then') return second;
  const isErrorEvent = /^(on|once)$/.test(method) && ts.isStringLiteral(first) && first.text === 'error';
  return isErrorEvent ? second : undefined;
}

function namesIn(binding: ts.Node | undefined): ReadonlySet<string> {
  const names = new Set<string>();
  if (binding) visitAll(binding, (node) => void (ts.isIdentifier(node) && names.add(node.text)));
  return names;
}

/** `file:line` of each handler that neither uses the error nor throws, without a comment in it or right above it. */
function silentHandlers(file: string): string[] {
  const tree = parse(file);
  const lines = read(file).split('\n');
  const found: string[] = [];
  visitAll(tree, (node) => {
    const handler = handlerAt(node);
    if (!handler || isUsed(handler) || hasComment(handler.node)) return;
    const lineOf = (at: number) => tree.getLineAndCharacterOfPosition(at).line;
    const first = lineOf(handler.node.getStart());
    const isExplained =
      /^\s*(\/\/|\*\/|\/\*.*\*\/)/.test(lines[first - 1] ?? '') ||
      /[;,{] \/\/ /.test(lines[lineOf(handler.node.end)] ?? '');
    if (!isExplained) found.push(`${file}:${first + 1}`);
  });
  return found;
}

function isUsed({ body, names }: ErrorHandler): boolean {
  let isFound = false;
  visitAll(body, (node) => {
    if (ts.isThrowStatement(node) || (ts.isIdentifier(node) && names.has(node.text))) isFound = true;
  });
  return isFound;
}

/** Whether there is a comment in a piece of code; `//` in a string is none. */
function hasComment(node: ts.Node): boolean {
  const scanner = ts.createScanner(
    ts.ScriptTarget.ES2023,
    false,
    ts.LanguageVariant.Standard,
    node.getText(),
  );
  const comments = [ts.SyntaxKind.SingleLineCommentTrivia, ts.SyntaxKind.MultiLineCommentTrivia];
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    if (comments.includes(kind)) return true;
  }
  return false;
}

const logCall = /\b#?log(\??\.(debug|info|warn|error|fatal)|\[[^\]]+\])$/;
const errorText =
  /String\((error|cause|reason)\)|\b(error|cause)\.message|describeError\(|\bfailure\.error\b/;

/**
 * `file:line` of each call of a log without `err` where an error is at hand: in a handler that names it, or with its
 * text in the detail.
 */
function errorsLoggedAsText(file: string): string[] {
  const tree = parse(file);
  const found = new Set<string>();
  const check = (node: ts.Node, isHandling: boolean) => {
    if (!ts.isCallExpression(node) || !logCall.test(node.expression.getText())) return;
    const detail = detailOf(tree, node);
    if (/\berr\b/.test(detail)) return;
    if (!isHandling && !errorText.test(detail)) return;
    found.add(`${file}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
  };
  visitAll(tree, (node) => {
    check(node, false);
    const handler = handlerAt(node);
    if (handler && handler.names.size > 0) visitAll(handler.body, (inner) => check(inner, true));
  });
  return [...found];
}

/** The text of a log call's detail; of a variable, the text that it is declared with. */
function detailOf(tree: ts.SourceFile, call: ts.CallExpression): string {
  const [detail] = call.arguments;
  let text = detail?.getText() ?? '';
  if (!detail || !ts.isIdentifier(detail)) return text;
  visitAll(tree, (node) => {
    if (ts.isVariableDeclaration(node) && node.name.getText() === detail.text)
      text = node.initializer?.getText() ?? text;
  });
  return text;
}

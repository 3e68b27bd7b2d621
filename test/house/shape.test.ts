import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import remaining from './remaining.json' with { type: 'json' };
import { code, helpers, parse, sources } from './source-files.ts';

const maxLines = 70;

/**
 * Functions that may be longer than the limit because they declare: route tables, views and schemas read
 * better in one piece.
 */
const declarative: readonly string[] = [
  // One line for each route, with its doc comment.
  'packages/client/src/rest/desk.ts: deskCalls',
];

/**
 * Each list in remaining.json holds the exceptions that existed before its rule. It may only shrink: an entry
 * that is no longer needed fails too.
 */
describe('the shape of the code', () => {
  it(`has functions of at most ${maxLines} lines, except for the declarative ones named here; classes may be longer`, () => {
    const long = sources
      .concat(helpers)
      .flatMap(longFunctions)
      .filter((name) => !declarative.includes(name));
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

  it('writes keys and elements out instead of spreading a literal', () => {
    expect(code.flatMap(spreadLiterals).sort()).toEqual([...remaining.spreadLiterals].sort());
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
      // `export { a }`, but not `export { a } from`, which declares nothing here.
      if (ts.isExportDeclaration(statement) && !statement.moduleSpecifier) {
        const { exportClause } = statement;
        return exportClause && ts.isNamedExports(exportClause)
          ? exportClause.elements.map(({ name }) => name.text)
          : [];
      }
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
    const isLiteral =
      (ts.isSpreadAssignment(node) && ts.isObjectLiteralExpression(node.expression)) ||
      (ts.isSpreadElement(node) && ts.isArrayLiteralExpression(node.expression));
    if (isLiteral) {
      found.push(`${file}: ${node.getText().replace(/\s+/g, ' ').slice(0, 60)}`);
    }
  });
  return found;
}

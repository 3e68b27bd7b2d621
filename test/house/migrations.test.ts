import { describe, expect, it } from 'vitest';
import { readMigrations } from '../../packages/server/src/db/apply-migrations.ts';
import { defaultFolder } from '../../packages/server/src/db/migrate.ts';

/** Those before the first release: no nodes of an earlier version run beside them. */
const unreleased = 7;

/** What a statement must not do while nodes of the version before use the same tables, or while these are large. */
const rules: readonly { readonly pattern: RegExp; readonly problem: string }[] = [
  {
    pattern: /ALTER COLUMN "[^"]+" (SET DATA )?TYPE/,
    problem: 'rewrites the table: add a column, fill it in sets, and drop the old one in a later version',
  },
  {
    pattern: /ALTER COLUMN "[^"]+" SET NOT NULL/,
    problem: 'reads the whole table: add a CHECK constraint NOT VALID, then validate it in a file of its own',
  },
  {
    pattern: /ADD COLUMN (?!.*DEFAULT).*NOT NULL/,
    problem: 'fails for rows that exist, and for those of earlier nodes: give it a default',
  },
  {
    pattern: /ADD CONSTRAINT(?!.*NOT VALID)/,
    problem: 'reads the whole table: add it NOT VALID, then validate it in a file of its own',
  },
  {
    pattern: /^(?!.*-- Unused since ).*(DROP (COLUMN|TABLE)|RENAME)/s,
    problem:
      'breaks nodes of the version before: “-- Unused since <version>” above it says that none uses it',
  },
  {
    pattern: /^\s*(UPDATE|DELETE)/,
    problem: 'locks all rows that it changes: have a job do it in sets',
  },
];

const indexOn = /CREATE (?:UNIQUE )?INDEX (?:CONCURRENTLY )?"[^"]+" ON "([^"]+)"/;

/** What in a migration would stop or break the nodes that run meanwhile. */
function problemsOf(statements: readonly string[]): string[] {
  const created = statements.flatMap((statement) => /CREATE TABLE "([^"]+)"/.exec(statement)?.[1] ?? []);
  const isOfOld = (statement: string, table = tableOf(statement)) => !created.includes(table ?? '');
  const old = statements.filter((statement) => isOfOld(statement));
  const problems = old.flatMap((statement) =>
    rules.filter(({ pattern }) => pattern.test(statement)).map(({ problem }) => problem),
  );
  const indexes = statements.filter((statement) => indexOn.test(statement));
  if (indexes.some((one) => isOfOld(one)) && indexes.length < statements.length) {
    problems.push('an index on an existing table needs a file of its own, which is built beside writes');
  }
  return problems;
}

function tableOf(statement: string): string | undefined {
  return (indexOn.exec(statement) ?? /(?:ALTER|CREATE) TABLE "([^"]+)"/.exec(statement))?.[1];
}

describe('a migration that nodes of the version before survive', () => {
  it.each([
    ['ALTER TABLE "messages" ALTER COLUMN "kind" SET DATA TYPE integer', 'rewrites the table'],
    ['ALTER TABLE "messages" ALTER COLUMN "kind" SET NOT NULL', 'reads the whole table'],
    ['ALTER TABLE "messages" ADD COLUMN "mood" text NOT NULL', 'fails for rows that exist'],
    ['ALTER TABLE "messages" ADD CONSTRAINT "one" CHECK (id > 0)', 'reads the whole table'],
    ['ALTER TABLE "messages" DROP COLUMN "kind"', 'breaks nodes'],
    ['ALTER TABLE "messages" RENAME TO "letters"', 'breaks nodes'],
    [`UPDATE "messages" SET "kind" = 'text'`, 'locks all rows'],
  ])('must not have %s', (statement, problem) => {
    expect(problemsOf([statement])).toEqual([expect.stringContaining(problem)]);
  });

  it('has indexes of existing tables in a file of their own', () => {
    const index = 'CREATE INDEX "by_mood" ON "messages" USING btree ("mood")';
    expect(problemsOf(['ALTER TABLE "messages" ADD COLUMN "mood" text', index])).toHaveLength(1);
    expect(problemsOf([index])).toEqual([]);
  });

  it.each([
    ['ALTER TABLE "messages" ADD COLUMN "mood" text'],
    [`ALTER TABLE "messages" ADD COLUMN "mood" text DEFAULT 'good' NOT NULL`],
    ['ALTER TABLE "messages" ADD CONSTRAINT "one" CHECK (id > 0) NOT VALID'],
    ['-- Unused since 0.4.0\nALTER TABLE "messages" DROP COLUMN "kind"'],
  ])('may have %s', (statement) => {
    expect(problemsOf([statement])).toEqual([]);
  });

  it('may do anything with the tables it creates', () => {
    const statements = [
      'CREATE TABLE "moods" ("id" integer)',
      'ALTER TABLE "moods" ADD CONSTRAINT "one" CHECK (id > 0)',
      'CREATE INDEX "moods_by_id" ON "moods" ("id")',
    ];
    expect(problemsOf(statements)).toEqual([]);
  });

  it('is every one since the first release', () => {
    const released = readMigrations(defaultFolder()).slice(unreleased);
    expect(released.flatMap(({ sql }) => problemsOf(sql))).toEqual([]);
  });
});

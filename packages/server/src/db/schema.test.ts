import { readdir, readFile } from 'node:fs/promises';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import {
  describeSchema,
  printSchema,
  type SchemaDescription,
} from '../../../../test/support/describe-schema.ts';
import { type Database, openDatabase } from './database.ts';
import * as schema from './schema.ts';

let testDatabase: TestDatabase;
let database: Database;
let migrated: SchemaDescription;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = open(testDatabase.connection.database);
  migrated = await describeSchema(database.sql);
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

function open(name: string): Database {
  const target = { ...testDatabase.connection, database: name };
  return openDatabase(target, { maxConnections: 1, applicationName: 'schema test' });
}

/** The tables that drizzle-kit derives from schema.ts, without storage parameters, which schema.ts cannot express. */
async function declaredTables(): Promise<SchemaDescription['tables']> {
  const name = `${testDatabase.connection.database}_declared`;
  await database.sql.unsafe(`CREATE DATABASE ${name} TEMPLATE template0`);
  const declared = open(name);
  try {
    const statements = await generateMigration(generateDrizzleJson({}), generateDrizzleJson(schema));
    for (const statement of statements) await declared.sql.unsafe(statement);
    return (await describeSchema(declared.sql)).tables;
  } finally {
    await declared.close();
    await database.sql.unsafe(`DROP DATABASE ${name}`);
  }
}

async function newestSnapshot(): Promise<{ tables: unknown }> {
  const folder = new URL('./migrations/meta/', import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith('_snapshot.json')).sort();
  return JSON.parse(await readFile(new URL(names.at(-1) ?? '', folder), 'utf8'));
}

describe('the migrated schema', () => {
  it('equals the committed dump (update it with: npx vitest run packages/server/src/db/schema.test.ts --update)', async () => {
    await expect(printSchema(migrated)).toMatchFileSnapshot('schema.dump.txt');
  });

  it('has the tables, columns, constraints and indexes that schema.ts declares', async () => {
    const tables = Object.fromEntries(
      Object.entries(migrated.tables).map(([name, table]) => [name, { ...table, storage: [] }]),
    );
    expect(tables).toEqual(await declaredTables());
  });

  it('is the one that drizzle-kit generates the next migration from', async () => {
    const declared = JSON.parse(JSON.stringify(generateDrizzleJson(schema).tables));
    expect((await newestSnapshot()).tables).toEqual(declared);
  });
});

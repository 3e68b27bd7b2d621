import { rm } from 'node:fs/promises';
import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { clientConfig } from '../packages/server/src/db/database-target.ts';
import { migrate } from '../packages/server/src/db/migrate.ts';
import { openingHours } from './support/bot-replies.ts';
import { nextVersion } from './support/next-version.ts';
import { startSecondNode, startTestProduct, type TestProduct, type Visitor } from './support/product.ts';

let product: TestProduct;
const cleanups: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  product = await startTestProduct();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await product.stop();
});

/** What a next version may change: columns and indexes of the busiest tables, and tables that refer to them. */
const changes = {
  '9000_columns': `
    ALTER TABLE "messages" ADD COLUMN "mood" text DEFAULT 'good' NOT NULL;--> statement-breakpoint
    ALTER TABLE "sessions" ADD COLUMN "mood" text;--> statement-breakpoint
    ALTER TABLE "events" ADD COLUMN "mood" text;--> statement-breakpoint
    ALTER TABLE "checkpoints" ADD COLUMN "mood" text;--> statement-breakpoint
    CREATE TABLE "moods" ("session_id" bigint REFERENCES "sessions" ("id"))`,
  '9001_indexes': `
    CREATE INDEX "messages_by_mood" ON "messages" USING btree ("mood", "id");--> statement-breakpoint
    CREATE INDEX "events_by_app" ON "events" USING btree ("app_id", "id")`,
};

/** Asks again and again, each time after the answer to the question before. @returns how often. */
async function converse(visitor: Visitor, signal: AbortSignal): Promise<number> {
  for (let asked = 1; ; asked++) {
    expect((await visitor.write('opening hours')).status).toBe(201);
    await expect
      .poll(async () => (await visitor.history()).at(-1)?.text, { interval: 20 })
      .toContain(openingHours);
    if (signal.aborted) return asked;
  }
}

it('customers are answered while the next version migrates the database, and when both versions run on it', async () => {
  const migrationsFolder = await nextVersion(changes);
  cleanups.push(() => rm(migrationsFolder, { recursive: true }));
  const visitors = await Promise.all(Array.from({ length: 4 }, () => product.visit()));
  const ended = new AbortController();
  const conversations = Promise.all(visitors.map((visitor) => converse(visitor, ended.signal)));

  const report = new pg.Client(clientConfig({ url: product.databaseUrl }, 'a report'));
  await report.connect();
  cleanups.push(() => report.end());
  await report.query('BEGIN');
  await report.query('SELECT count(*) FROM messages');
  const waits: string[] = [];
  const migrated = migrate(
    { url: product.databaseUrl },
    { migrationsFolder, report: (message) => waits.push(message) },
  );
  await expect.poll(() => waits).toHaveLength(1);
  const atFirst = await countMessages();
  await expect.poll(countMessages).toBeGreaterThan(atFirst + 8);
  await report.query('COMMIT');
  await migrated;
  expect(await countIndexes('messages_by_mood', 'events_by_app')).toBe(2);

  const newer = await startSecondNode(product);
  cleanups.push(() => newer.stop());
  const before = await countMessages();
  await expect.poll(countMessages).toBeGreaterThan(before + 16);
  ended.abort();
  const asked = await conversations;
  const { sql } = product.database;
  for (const [index, visitor] of visitors.entries()) {
    // A screen shows the newest hundred messages; this counts all.
    const [messages] = await sql`
      SELECT count(*) FILTER (WHERE sender_type = 'customer')::int AS questions,
             count(*) FILTER (WHERE starts_with(content ->> 'text', ${openingHours}))::int AS answers
      FROM messages WHERE session_id = ${visitor.sessionId}`;
    expect(messages).toEqual({ questions: asked[index], answers: asked[index] });
  }
  expect(await sql`SELECT FROM parked_events`).toHaveLength(0);
});

async function countMessages(): Promise<number> {
  const [row] = await product.database.sql<{ count: number }[]>`SELECT count(*)::int AS count FROM messages`;
  return row?.count ?? 0;
}

/** How many of these indexes can be used. */
async function countIndexes(...names: string[]): Promise<number> {
  const { sql } = product.database;
  const valid = await sql`
    SELECT FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE relname = ANY (${names}) AND indisvalid`;
  return valid.length;
}

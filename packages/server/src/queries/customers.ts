import type { Customer, CustomerOverview, CustomerSummary } from '@mevrik/protocol';
import { desc, eq } from 'drizzle-orm';
import type { Database, Reader } from '../db/database.ts';
import { likePattern } from '../db/like-pattern.ts';
import { toCase, toSession } from '../db/models.ts';
import { cases, contactIdentities, sessions } from '../db/schema.ts';
import { requireCustomer } from './conversations.ts';

/** A customer with contacts, sessions, cases, and possible duplicates. @throws ProblemError `not_found`. */
export async function customerOverview(database: Database, customerId: number): Promise<CustomerOverview> {
  return database.sql.snapshot(async (reader) => {
    const { orm } = reader;
    const customer = await requireCustomer(reader, customerId);
    const { id } = customer;
    const [identities, past, caseRows, lookalikes] = await Promise.all([
      orm
        .select()
        .from(contactIdentities)
        .where(eq(contactIdentities.customerId, id))
        .orderBy(contactIdentities.id),
      orm.select().from(sessions).where(eq(sessions.customerId, id)).orderBy(desc(sessions.id)).limit(20),
      orm.select().from(cases).where(eq(cases.customerId, id)).orderBy(desc(cases.id)).limit(20),
      findLookalikes(reader, customer),
    ]);
    return {
      customer,
      identities: identities.map(({ id, channel, contactId }) => ({ id, channel, contactId })),
      sessions: past.map(toSession),
      cases: caseRows.map((row) => {
        const { agentType: _session, ...rest } = toCase(row, 'live');
        return rest;
      }),
      lookalikes,
    };
  });
}

/** Finds customers of an app by part of their profile or contact, or by id; newest first, at most 20. */
export async function searchCustomers(
  database: Reader,
  { appId, search }: { readonly appId: number; readonly search: string },
): Promise<CustomerSummary[]> {
  const { sql } = database;
  const pattern = likePattern(search);
  const number = /^#?(\d{1,15})$/.exec(search)?.[1] ?? null;
  return summaries(
    database,
    sql`app_id = ${appId} AND (
      name ILIKE ${pattern} OR email ILIKE ${pattern} OR phone ILIKE ${pattern} OR id = ${number}::bigint
      OR id IN (SELECT customer_id FROM contact_identities
                WHERE app_id = ${appId} AND contact_id ILIKE ${pattern}))`,
  );
}

async function findLookalikes(database: Reader, customer: Customer): Promise<CustomerSummary[]> {
  const { sql } = database;
  const { id, appId, email, phone } = customer;
  if (email === null && phone === null) return [];
  return summaries(
    database,
    sql`app_id = ${appId} AND id <> ${id} AND (email = ${email} OR phone = ${phone})`,
  );
}

async function summaries({ sql }: Reader, condition: ReturnType<Reader['sql']>): Promise<CustomerSummary[]> {
  const rows = await sql<(Omit<CustomerSummary, 'id' | 'createdAt'> & { id: string; createdAt: Date })[]>`
    SELECT id, app_id AS "appId", name, email, phone, verified, created_at AS "createdAt",
           ARRAY(SELECT DISTINCT channel FROM contact_identities
                 WHERE customer_id = customers.id ORDER BY channel) AS channels
    FROM customers WHERE merged_into IS NULL AND (${condition}) ORDER BY id DESC LIMIT 20`;
  return rows.map((row) => ({
    ...row,
    id: Number(row.id),
    createdAt: new Date(row.createdAt).toISOString(),
  }));
}

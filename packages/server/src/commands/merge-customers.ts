import { type Customer, ProblemError } from '@mevrik/protocol';
import { eq, sql } from 'drizzle-orm';
import { writeAudit } from '../audit/audit.ts';
import type { StaffPrincipal } from '../auth/principal.ts';
import { toCustomer } from '../db/models.ts';
import { customers } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import { addNote } from '../state/messages.ts';
import { lockSession } from '../state/sessions.ts';

/** Two customers who are the same person. */
export interface MergeCustomers {
  /** The customer that remains. */
  readonly customerId: number;
  /** The customer whose contacts, conversations and cases move to the remaining one. */
  readonly otherId: number;
  readonly by: StaffPrincipal;
  /** @throws ProblemError `forbidden` when the agent has no access to the app. */
  readonly authorize: (appId: number) => void;
}

type Row = typeof customers.$inferSelect;

/**
 * Merges one customer into another: contacts, sessions, messages, cases and surveys move over, and the profile fills
 * fields that are empty. Conversations are not joined: each keeps its own order. Repeating a merge changes nothing.
 *
 * @throws ProblemError `not_found`, `forbidden`, `invalid_input` for the same customer twice or customers of two apps,
 *   or `conflict` where either was merged into a third.
 */
export async function mergeCustomers(
  tx: Tx,
  { customerId, otherId, by, authorize }: MergeCustomers,
): Promise<Customer> {
  if (customerId === otherId) throw invalidOther('A customer cannot be merged with themselves.');
  const sessionIds = await lockOpenSessions(tx, otherId);
  const [kept, other] = await lockBoth(tx, customerId, otherId);
  for (const { appId } of [kept, other]) authorize(appId);
  if (kept.appId !== other.appId) throw invalidOther('The two customers belong to different apps.');
  if (other.mergedInto === kept.id) return toCustomer(kept);
  if (other.mergedInto !== null || kept.mergedInto !== null) {
    throw new ProblemError('conflict', 'One of these customers was merged with another customer.');
  }
  await moveAll(tx, kept.id, other.id);
  const customer = await joinProfiles(tx, kept, other);
  const text = `${by.name} merged customer #${other.id} (${other.name ?? 'no name'}) into this customer.`;
  for (const id of sessionIds) await addNote(tx, await lockSession(tx, id), { type: 'system' }, text);
  await writeAudit(tx.sql, {
    appId: kept.appId,
    actor: `agent ${by.agentId}`,
    action: 'customer.merge',
    target: `customer ${kept.id}`,
    detail: { other: other.id },
  });
  return customer;
}

/** Sessions are locked before customers, as in every command: commands cannot deadlock. */
async function lockOpenSessions(tx: Tx, customerId: number): Promise<number[]> {
  const rows = await tx.sql<{ id: number }[]>`
    SELECT id::int FROM sessions WHERE customer_id = ${customerId} AND status = 'active'
    ORDER BY id FOR NO KEY UPDATE`;
  return rows.map(({ id }) => id);
}

async function lockBoth(tx: Tx, customerId: number, otherId: number): Promise<readonly [Row, Row]> {
  const rows = await tx.orm
    .select()
    .from(customers)
    .where(sql`${customers.id} IN (${customerId}, ${otherId})`)
    .orderBy(customers.id)
    .for('update');
  const [kept, other] = [customerId, otherId].map((id) => rows.find((row) => row.id === id));
  if (!kept || !other) throw new ProblemError('not_found', 'Customer not found.');
  return [kept, other];
}

/** Sessions first: this waits for messages being written to them, which are then visible below. */
async function moveAll(tx: Tx, to: number, from: number): Promise<void> {
  const { sql } = tx;
  await sql`UPDATE contact_identities SET customer_id = ${to} WHERE customer_id = ${from}`;
  await sql`UPDATE sessions SET customer_id = ${to} WHERE customer_id = ${from}`;
  const ofMovedSessions = sql`customer_id = ${from} AND session_id IN (SELECT id FROM sessions WHERE customer_id = ${to})`;
  await sql`
    UPDATE messages SET customer_id = ${to},
      sender_id = CASE WHEN sender_type = 'customer' THEN ${to} ELSE sender_id END
    WHERE ${ofMovedSessions}`;
  await sql`UPDATE queue_items SET customer_id = ${to} WHERE ${ofMovedSessions}`;
  await sql`UPDATE cases SET customer_id = ${to} WHERE customer_id = ${from}`;
  await sql`UPDATE csat_surveys SET customer_id = ${to} WHERE customer_id = ${from}`;
  await sql`UPDATE customers SET merged_into = ${to} WHERE merged_into = ${from}`;
}

async function joinProfiles(tx: Tx, kept: Row, other: Row): Promise<Customer> {
  const takesExternalId = kept.externalId === null;
  await tx.orm
    .update(customers)
    .set({ mergedInto: kept.id, ...(takesExternalId ? { externalId: null } : {}) })
    .where(eq(customers.id, other.id));
  const [row] = await tx.orm
    .update(customers)
    .set({
      externalId: kept.externalId ?? other.externalId,
      name: kept.name ?? other.name,
      email: kept.email ?? other.email,
      phone: kept.phone ?? other.phone,
      locale: kept.locale ?? other.locale,
      verified: kept.verified || other.verified,
      attributes: { ...other.attributes, ...kept.attributes },
    })
    .where(eq(customers.id, kept.id))
    .returning();
  return toCustomer(row ?? kept);
}

function invalidOther(message: string): ProblemError {
  return new ProblemError('invalid_input', message, {
    fields: [{ path: 'otherId', message: 'must be another customer of the same app' }],
  });
}

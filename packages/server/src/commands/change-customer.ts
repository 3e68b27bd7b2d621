import { type ChangeCustomer, type Customer, ProblemError } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import { type AppDirectory, requireApp } from '../apps/app-directory.ts';
import { writeAudit } from '../audit/audit.ts';
import type { StaffPrincipal } from '../auth/principal.ts';
import { toCustomer } from '../db/models.ts';
import { customers } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import { normaliseProfile } from '../state/customers.ts';

/**
 * Changes a customer's profile on behalf of an agent. Attributes are merged into the existing ones; `null` removes one.
 *
 * @throws ProblemError `not_found`, `forbidden`, or `conflict` for a customer who was merged into another.
 */
export async function changeCustomer(
  tx: Tx,
  input: {
    readonly customerId: number;
    readonly change: ChangeCustomer;
    readonly by: StaffPrincipal;
    readonly apps: AppDirectory;
    /** @throws ProblemError `forbidden` when the agent has no access to the app. */
    readonly authorize: (appId: number) => void;
  },
): Promise<Customer> {
  const { customerId, change, by } = input;
  const [row] = await tx.orm.select().from(customers).where(eq(customers.id, customerId)).for('update');
  if (!row) throw new ProblemError('not_found', 'Customer not found.');
  input.authorize(row.appId);
  if (row.mergedInto !== null) {
    throw new ProblemError('conflict', `This customer was merged into customer #${row.mergedInto}.`);
  }
  const { attributes = {}, ...fields } = change;
  const { settings } = await requireApp(input.apps, row.appId);
  const setFields = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
  const [changed] = await tx.orm
    .update(customers)
    .set({
      ...fields,
      ...normaliseProfile(setFields, settings.country),
      attributes: mergeAttributes(row.attributes, attributes),
    })
    .where(eq(customers.id, customerId))
    .returning();
  await writeAudit(tx.sql, {
    appId: row.appId,
    actor: `agent ${by.agentId}`,
    action: 'customer.change',
    target: `customer ${customerId}`,
    detail: { changed: [...Object.keys(fields), ...Object.keys(attributes)] },
  });
  return toCustomer(changed ?? row);
}

function mergeAttributes(
  known: Customer['attributes'],
  changes: NonNullable<ChangeCustomer['attributes']>,
): Customer['attributes'] {
  const next = { ...known };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete next[name];
    else next[name] = value;
  }
  return next;
}

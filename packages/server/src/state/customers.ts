import type { Customer } from '@mevrik/protocol';
import { conversationKey } from '@mevrik/protocol';
import { and, eq, inArray, isNull, sql } from 'drizzle-orm';
import { toCustomer } from '../db/models.ts';
import { contactIdentities, customers } from '../db/schema.ts';
import { normaliseEmailAddress } from '../domain/contact/email-address.ts';
import { normalisePhoneNumber } from '../domain/contact/phone-number.ts';
import type { Tx } from '../log/transaction.ts';

/** Profile data of a person, from a channel or from the page of a visitor. */
export interface ContactProfile {
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly phone?: string | undefined;
  readonly locale?: string | undefined;
  readonly attributes?: Customer['attributes'] | undefined;
}

/** A contact: the identity of a customer on one channel. */
export interface Contact {
  readonly appId: number;
  readonly channel: string;
  readonly customerId: number;
  readonly contactIdentityId: number;
  readonly conversationKey: string;
}

/** What identifies a contact, and whether the app has verified it. */
export interface ContactClaim {
  readonly appId: number;
  readonly channel: string;
  readonly contactId: string;
  /** The app's own id of the customer; only set when verified by the app's signature. */
  readonly verifiedExternalId?: string | undefined;
  readonly profile: ContactProfile;
  /** The country of phone numbers without a country code; see the app's setting. */
  readonly country?: string | null | undefined;
}

/**
 * Finds the customer of a contact, or creates one and raises `NewCustomerProfileCreated`. The profile fills fields that
 * are empty; that of a verified contact also replaces fields that are set.
 */
export async function ensureContact(tx: Tx, given: ContactClaim): Promise<Contact & { customer: Customer }> {
  const claim = { ...given, profile: normaliseProfile(given.profile, given.country) };
  const key = conversationKey(claim.appId, claim.channel, claim.contactId);
  const known = await findContact(tx, key);
  if (known) return { ...known.contact, customer: await updateProfile(tx, known.customer, claim) };
  // Of two concurrent first messages of a contact, the second waits here and finds the customer of the first.
  await tx.sql`SELECT pg_advisory_xact_lock(hashtextextended(${`contact ${key}`}, 0))`;
  const concurrent = await findContact(tx, key);
  if (concurrent)
    return { ...concurrent.contact, customer: await updateProfile(tx, concurrent.customer, claim) };

  const existing = await findVerified(tx, claim);
  const customer = existing ? await updateProfile(tx, existing, claim) : await createCustomer(tx, claim, key);
  const [identity] = await tx.orm
    .insert(contactIdentities)
    .values({
      appId: claim.appId,
      customerId: customer.id,
      channel: claim.channel,
      contactId: claim.contactId,
      conversationKey: key,
    })
    .returning({ id: contactIdentities.id });
  if (!identity) throw new Error('The contact was not stored.');
  return {
    appId: claim.appId,
    channel: claim.channel,
    customerId: customer.id,
    contactIdentityId: identity.id,
    conversationKey: key,
    customer,
  };
}

/** A profile with its email address and phone number normalised for comparison. */
export function normaliseProfile(
  profile: ContactProfile,
  country: string | null | undefined,
): ContactProfile {
  const { email, phone } = profile;
  return {
    ...profile,
    ...(email === undefined ? {} : { email: normaliseEmailAddress(email) ?? email.trim() }),
    ...(phone === undefined ? {} : { phone: normalisePhoneNumber(phone, country) }),
  };
}

async function findContact(tx: Tx, key: string) {
  const [row] = await tx.orm
    .select({ identity: contactIdentities, customer: customers })
    .from(contactIdentities)
    .innerJoin(customers, eq(customers.id, contactIdentities.customerId))
    .where(eq(contactIdentities.conversationKey, key));
  if (!row) return undefined;
  const { id, appId, channel, customerId, conversationKey } = row.identity;
  return {
    contact: { appId, channel, customerId, contactIdentityId: id, conversationKey },
    customer: toCustomer(row.customer),
  };
}

async function findVerified(tx: Tx, claim: ContactClaim): Promise<Customer | undefined> {
  if (claim.verifiedExternalId === undefined) return undefined;
  const lock = `customer ${claim.appId} ${claim.verifiedExternalId}`;
  await tx.sql`SELECT pg_advisory_xact_lock(hashtextextended(${lock}, 0))`;
  const [row] = await tx.orm
    .select()
    .from(customers)
    .where(and(eq(customers.appId, claim.appId), eq(customers.externalId, claim.verifiedExternalId)))
    .for('key share');
  if (!row) return undefined;
  if (row.mergedInto === null) return toCustomer(row);
  const [merged] = await tx.orm.select().from(customers).where(eq(customers.id, row.mergedInto));
  return merged && toCustomer(merged);
}

async function createCustomer(tx: Tx, claim: ContactClaim, key: string): Promise<Customer> {
  const { name, email, phone, locale, attributes } = claim.profile;
  const [row] = await tx.orm
    .insert(customers)
    .values({
      appId: claim.appId,
      conversationKey: key,
      externalId: claim.verifiedExternalId ?? null,
      verified: claim.verifiedExternalId !== undefined,
      name: name ?? null,
      email: email ?? null,
      phone: phone ?? null,
      locale: locale ?? null,
      attributes: attributes ?? {},
    })
    .returning();
  if (!row) throw new Error('The customer was not stored.');
  const customer = toCustomer(row);
  tx.raise('NewCustomerProfileCreated', { customer });
  return customer;
}

/** Stores what is new in the profile; an unverified claim never replaces a field that is set. */
async function updateProfile(tx: Tx, customer: Customer, claim: ContactClaim): Promise<Customer> {
  const { attributes = {}, ...fields } = claim.profile;
  const isVerified =
    claim.verifiedExternalId !== undefined && customer.externalId === claim.verifiedExternalId;
  const changes: { [Field in keyof typeof fields]: string } = {};
  for (const field of ['name', 'email', 'phone', 'locale'] as const) {
    const value = fields[field];
    if (value !== undefined && value !== customer[field] && (isVerified || customer[field] === null)) {
      changes[field] = value;
    }
  }
  const newAttributes = Object.entries(attributes).filter(
    ([name, value]) => customer.attributes[name] !== value && (isVerified || !(name in customer.attributes)),
  );
  if (Object.keys(changes).length === 0 && newAttributes.length === 0) return customer;
  const [row] = await tx.orm
    .update(customers)
    .set({
      ...changes,
      attributes: sql`${customers.attributes} || ${JSON.stringify(Object.fromEntries(newAttributes))}::jsonb`,
    })
    .where(and(eq(customers.id, customer.id), isNull(customers.mergedInto)))
    .returning();
  if (row) return toCustomer(row);
  const [merged] = await tx.orm
    .select()
    .from(customers)
    .where(
      inArray(
        customers.id,
        tx.orm.select({ id: customers.mergedInto }).from(customers).where(eq(customers.id, customer.id)),
      ),
    );
  return merged ? updateProfile(tx, toCustomer(merged), claim) : customer;
}

/** Adds attributes to a customer, such as answers that the bot collected or facts from enrichment. */
export async function addAttributes(
  tx: Tx,
  customerId: number,
  attributes: Customer['attributes'],
): Promise<void> {
  if (Object.keys(attributes).length === 0) return;
  await tx.orm
    .update(customers)
    .set({ attributes: sql`${customers.attributes} || ${JSON.stringify(attributes)}::jsonb` })
    .where(eq(customers.id, customerId));
}

import { type Customer, ProblemError, parseConversationKey, type Session } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import type { AppProfile } from '../apps/app-directory.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import { toCustomer, toSession } from '../db/models.ts';
import { contactIdentities, customers } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import { type Contact, type ContactProfile, ensureContact } from '../state/customers.ts';
import { ensureSession } from '../state/sessions.ts';
import { requireIntakeChannel } from './intake-channel.ts';

/** The prefix of contact ids that the app has verified. Other visitors have a random UUID. */
export const verifiedPrefix = 'user:';

/** A visitor who opens the web channel. */
export interface VisitClaim {
  readonly app: AppProfile;
  readonly channel: string;
  readonly contactId: string;
  /** The app's own id of the customer; only set when verified by the app's signature. */
  readonly verifiedExternalId?: string | undefined;
  readonly profile: ContactProfile;
}

/** A visitor with their session. */
export interface StartedVisit {
  readonly contact: Contact;
  readonly customer: Customer;
  readonly session: Session;
  /** Whether an existing session was resumed. */
  readonly resumed: boolean;
}

/** Finds or creates the visitor's customer, and starts or resumes their session. */
export async function startVisit(tx: Tx, { app, ...claim }: VisitClaim): Promise<StartedVisit> {
  const { customer, ...contact } = await ensureContact(tx, {
    appId: app.id,
    country: app.settings.country,
    ...claim,
  });
  const { session, isNew } = await ensureSession(tx, app, contact);
  return { contact, customer, session: toSession(session), resumed: !isNew };
}

/**
 * Starts or resumes the session of a returning visitor.
 * @throws ProblemError `unauthenticated` when the contact no longer exists, or `invalid_input` when the channel is
 * disabled.
 */
export async function resumeVisit(
  tx: Tx,
  channels: ChannelRegistry,
  findApp: (id: number) => Promise<AppProfile>,
  contactIdentityId: number,
): Promise<StartedVisit> {
  const [row] = await tx.orm
    .select({ identity: contactIdentities, customer: customers })
    .from(contactIdentities)
    .innerJoin(customers, eq(customers.id, contactIdentities.customerId))
    .where(eq(contactIdentities.id, contactIdentityId));
  if (!row) throw new ProblemError('unauthenticated', 'This visitor no longer exists. Start a new visit.');
  const { appId, channel, customerId, conversationKey } = row.identity;
  const contact = { appId, channel, customerId, contactIdentityId, conversationKey };
  const app = await findApp(appId);
  requireIntakeChannel(channels, { app, channel, source: 'visitor' });
  const { session, isNew } = await ensureSession(tx, app, contact);
  return { contact, customer: toCustomer(row.customer), session: toSession(session), resumed: !isNew };
}

/**
 * Stores the profile that a visitor gives during their visit. It fills empty fields; a verified visitor can also change
 * fields that are set.
 */
export async function updateVisitorProfile(
  tx: Tx,
  { app, contact, profile }: { app: AppProfile; contact: Contact; profile: ContactProfile },
): Promise<Customer> {
  const { appId, channel, conversationKey } = contact;
  const { contactId } = parseConversationKey(conversationKey);
  const { customer } = await ensureContact(tx, {
    appId,
    channel,
    contactId,
    country: app.settings.country,
    verifiedExternalId: contactId.startsWith(verifiedPrefix)
      ? contactId.slice(verifiedPrefix.length)
      : undefined,
    profile,
  });
  return customer;
}

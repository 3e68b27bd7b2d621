import type { Customer, Session } from '@mevrik/protocol';
import type { AppProfile } from '../apps/app-directory.ts';
import { toSession } from '../db/models.ts';
import type { Tx } from '../log/transaction.ts';
import { type Contact, type ContactProfile, ensureContact } from './customers.ts';
import { ensureSession } from './sessions.ts';

/** A visitor who opens the web channel. */
export interface StartVisit {
  readonly app: AppProfile;
  readonly channel: string;
  readonly contactId: string;
  /** The app's own number for the customer; only given when the app's signature proved it. */
  readonly verifiedExternalId?: string | undefined;
  readonly profile: ContactProfile;
}

/** Finds or makes the visitor's customer and starts or resumes their session. */
export async function startVisit(
  tx: Tx,
  { app, ...claim }: StartVisit,
): Promise<{ contact: Contact; customer: Customer; session: Session; resumed: boolean }> {
  const { customer, ...contact } = await ensureContact(tx, { appId: app.id, ...claim });
  const { session, isNew } = await ensureSession(tx, app, contact);
  return { contact, customer, session: toSession(session), resumed: !isNew };
}

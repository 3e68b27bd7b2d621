import type { Message, OfflineMessage, StoredOfflineMessage } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import type { AppProfile } from '../apps/app-directory.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import { messages } from '../db/schema.ts';
import { withSubject } from '../domain/message-details.ts';
import type { Tx } from '../log/transaction.ts';
import { type Contact, ensureContact } from '../state/customers.ts';
import { addNote, type Idempotency } from '../state/messages.ts';
import { lockSession } from '../state/sessions.ts';
import { receiveMessage } from './receive-message.ts';
import { requestAgent } from './request-agent.ts';
import { updateVisitorProfile } from './start-visit.ts';

/** A message that a visitor leaves while the team is unavailable. */
export interface LeaveMessage {
  readonly app: AppProfile;
  /** The visitor. */
  readonly contact: Contact;
  readonly form: OfflineMessage;
  readonly idempotency: Idempotency | undefined;
}

/**
 * Stores an offline message and queues it for an agent: in an email conversation with the given address, so that it
 * can be answered after the visitor has left; or in the visitor's own conversation, where the app cannot send email.
 *
 * The address is not verified. Therefore the visitor gets no access to the email conversation, and the profile of the
 * customer who already has that address does not change.
 */
export async function leaveMessage(
  tx: Tx,
  channels: ChannelRegistry,
  { app, contact, form, idempotency }: LeaveMessage,
): Promise<StoredOfflineMessage> {
  const { name, email, text } = form;
  const customer = await updateVisitorProfile(tx, { app, contact, profile: { name, email } });
  const byEmail = emailContact(app, channels, email);
  const recipient = byEmail
    ? await ensureContact(tx, {
        appId: app.id,
        channel: byEmail.channel,
        contactId: byEmail.contactId,
        profile: { name, email, ...(customer.locale === null ? {} : { locale: customer.locale }) },
      })
    : contact;
  const { message, repeated } = await receiveMessage(tx, {
    app,
    contact: recipient,
    kind: 'text',
    content: byEmail ? withSubject({ text }, app.settings.offline.subject) : { text },
    idempotency,
  });
  const answeredBy = byEmail ? 'email' : 'chat';
  if (repeated) return { caseId: await readCaseId(tx, message), answeredBy };
  const waiting = await requestAgent(tx, {
    app,
    session: await lockSession(tx, message.sessionId),
    reason: 'offline_form',
  });
  await tx.orm.update(messages).set({ caseId: waiting.openCaseId }).where(eq(messages.id, message.id));
  if (byEmail) await addNote(tx, waiting, { type: 'system' }, offlineNote(contact));
  return { caseId: waiting.openCaseId, answeredBy };
}

/** The first channel of the app that can write to an email address, and the contact of that address there. */
function emailContact(
  app: AppProfile,
  channels: ChannelRegistry,
  email: string,
): { readonly channel: string; readonly contactId: string } | undefined {
  for (const { name, kind, enabled, settings } of app.channels.values()) {
    const contactId = enabled ? channels.adapterFor(kind)?.contactForEmail?.(email, settings) : undefined;
    if (contactId !== undefined) return { channel: name, contactId };
  }
  return undefined;
}

function offlineNote({ customerId }: Contact): string {
  return `Left in the chat by customer #${customerId} while the team was unavailable. The email address is not verified.`;
}

async function readCaseId(tx: Tx, { id }: Message): Promise<number | null> {
  const [row] = await tx.orm.select({ caseId: messages.caseId }).from(messages).where(eq(messages.id, id));
  return row?.caseId ?? null;
}

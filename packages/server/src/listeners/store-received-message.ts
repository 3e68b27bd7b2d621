import { type Message, type MessageContainer, ProblemError } from '@mevrik/protocol';
import { requireApp } from '../apps/app-directory.ts';
import { claimFiles, fileIdsOf, releaseFiles } from '../attachments/file-claims.ts';
import { receiveMessageChange } from '../commands/change-message.ts';
import { type IncomingKind, receiveMessage } from '../commands/receive-message.ts';
import { messageChangeNotices } from '../live/delivery-notices.ts';
import type { Tx } from '../log/transaction.ts';
import { ensureContact } from '../state/customers.ts';
import { addNote } from '../state/messages.ts';
import { lockSession } from '../state/sessions.ts';
import { type ListenerDeps, listener } from './listener-deps.ts';

/**
 * Stores a message from an external source: finds the customer and session, and raises the follow-up events. It also
 * applies the customer's edits and deletions: one listener subscribes to both, so that a change is applied after its
 * message is stored and after earlier changes.
 */
export const StoreReceivedMessage = listener<'NewMessageReceivedEvent' | 'MessageChangeReceivedEvent'>({
  name: 'StoreReceivedMessage',
  summary:
    'Stores a message from an external source in the customer’s session, or applies the customer’s edit or deletion.',
  async handle({ type, appId, data }, { tx, deps }) {
    if (type === 'NewMessageReceivedEvent') return storeMessage(tx, deps, appId, data.messageContainer);
    const changed = await receiveMessageChange(tx, data.messageChange);
    if (typeof changed === 'string') return;
    tx.afterCommit(() => deps.notify(messageChangeNotices(changed)));
  },
});

async function storeMessage(
  tx: Tx,
  deps: ListenerDeps,
  appId: number,
  messageContainer: MessageContainer,
): Promise<void> {
  const app = await requireApp(deps.apps, appId);
  const { channel, contactId, externalId, content, profile, social } = messageContainer;
  const kind = incomingKind(messageContainer);
  const { customer: _customer, ...contact } = await ensureContact(tx, {
    appId,
    channel,
    contactId,
    profile,
    country: app.settings.country,
  });
  const received = { app, contact, kind, content, externalId, socialContext: social };
  const { message, session, repeated } = await receiveMessage(tx, received);
  // They were claimed when the message was accepted. A message that had one of them may have been deleted since then.
  if (repeated) await releaseFiles(tx.sql, fileIdsOf(content));
  else await claimFiles(tx.sql, fileIdsOf(content));
  const adapter = deps.channels.adapterFor(app.channels.get(channel)?.kind ?? '');
  if (!repeated && adapter?.locate) await fetchFiles(tx, message);
  if (social?.postId !== undefined && !repeated && adapter?.describePost) {
    const post = { sessionId: session.id, postId: social.postId };
    await tx.addJob('fetch-post', post, { maxAttempts: 8, appId: app.id });
  }
  if (social?.postUrl !== undefined && !repeated) await addPostNote(tx, session.id, social.postUrl);
}

/** How long to retry fetching an attachment from the provider. */
const fetchForMs = 60 * 60_000;

async function fetchFiles(tx: Tx, { id, appId, content }: Message): Promise<void> {
  if (!content.attachments?.some(({ fileId }) => fileId === undefined)) return;
  const giveUpAt = new Date(Date.now() + fetchForMs).toISOString();
  await tx.addJob('fetch-attachments', { messageId: id, giveUpAt }, { maxAttempts: 12, appId });
}

/** Adds a note with the URL of the post that the customer commented on, once per post. */
async function addPostNote(tx: Tx, sessionId: number, postUrl: string): Promise<void> {
  const text = `The customer commented on ${postUrl}`;
  const [known] = await tx.sql`
    SELECT id FROM messages WHERE session_id = ${sessionId} AND kind = 'note' AND content ->> 'text' = ${text}`;
  if (!known) await addNote(tx, await lockSession(tx, sessionId), { type: 'system' }, text);
}

function incomingKind({ kind }: MessageContainer): IncomingKind {
  if (kind !== 'note' && kind !== 'system') return kind;
  throw new ProblemError('invalid_event_data', `A customer cannot write a ${kind}.`);
}

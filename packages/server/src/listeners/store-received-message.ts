import { type MessageContainer, ProblemError } from '@mevrik/protocol';
import { requireApp } from '../apps/app-directory.ts';
import { ensureContact } from '../commands/customers.ts';
import { type IncomingKind, receiveMessage } from '../commands/receive-message.ts';
import { listener } from './needs.ts';

/** Stores a message that came in from outside: finds the customer and their session, and raises what follows. */
export const StoreReceivedMessage = listener<'NewMessageReceivedEvent'>({
  name: 'StoreReceivedMessage',
  summary: 'Stores a message from an external source in its customer’s session.',
  async handle({ appId, data: { messageContainer } }, { tx, needs }) {
    const app = await requireApp(needs.apps, appId);
    const { channel, contactId, externalId, content, profile, social } = messageContainer;
    const kind = incomingKind(messageContainer);
    const { customer: _customer, ...contact } = await ensureContact(tx, {
      appId,
      channel,
      contactId,
      profile,
    });
    await receiveMessage(tx, { app, contact, kind, content, externalId, socialContext: social });
  },
});

function incomingKind({ kind }: MessageContainer): IncomingKind {
  if (kind !== 'note' && kind !== 'system') return kind;
  throw new ProblemError('invalid_event_data', `A customer cannot write a ${kind}.`);
}

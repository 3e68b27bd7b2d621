import { eq } from 'drizzle-orm';
import { adapterFor } from '../channels/index.ts';
import { webhookEventLogs } from '../db/schema.ts';
import { listener } from './needs.ts';

/** Makes a message of a Facebook update, or notes why nothing is made of it. */
export const HandleFacebookEvent = listener<'NewFacebookEventReceived'>({
  name: 'HandleFacebookEvent',
  summary: 'Translates a Facebook update into a received message, or notes why not.',
  async handle({ data: { webhookEventLog } }, { tx }) {
    const { id, appId, channel, deduplicationKey, payload } = webhookEventLog;
    const parsed = adapterFor('facebook')?.webhook?.parse(payload, { appId, channel, deduplicationKey });
    if (parsed?.outcome === 'message') {
      tx.raise('NewMessageReceivedEvent', { messageContainer: parsed.container });
    }
    await tx.orm
      .update(webhookEventLogs)
      .set(
        parsed?.outcome === 'message'
          ? { status: 'handled' }
          : { status: 'ignored', note: parsed?.reason ?? null },
      )
      .where(eq(webhookEventLogs.id, id));
  },
});

import { topics, type WebhookEventLog } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import { writeAudit } from '../audit/audit.ts';
import type { ParsedWebhookEvent } from '../channels/channel.ts';
import { webhookEventLogs } from '../db/schema.ts';
import { applyFailure } from '../delivery/apply-bounce.ts';
import { applyEcho, applyOwnComment, applyReceipt } from '../delivery/apply-receipt.ts';
import { alertNotice, listNotice } from '../live/delivery-notices.ts';
import { notice } from '../live/notice.ts';
import type { Tx } from '../log/transaction.ts';
import { addAttributes } from '../state/customers.ts';
import { addNote } from '../state/messages.ts';
import { lockSession } from '../state/sessions.ts';
import { type ListenerDeps, listener } from './listener-deps.ts';

/** Turns a webhook event from Facebook into messages, receipts or notes, or records why it was ignored. */
export const HandleFacebookEvent = listener<'NewFacebookEventReceived'>({
  name: 'HandleFacebookEvent',
  summary:
    'Turns a webhook event from Facebook into a message, a receipt or a note, or records why it was ignored.',
  handle: ({ id, data }, { tx, deps }) => handle(id, data.webhookEventLog, tx, deps),
});

/** The same for webhook events of all other providers. */
export const HandleProviderEvent = listener<'NewProviderEventReceived'>({
  name: 'HandleProviderEvent',
  summary:
    'Turns a webhook event from a provider into a message, a receipt or a note, or records why it was ignored.',
  handle: ({ id, data }, { tx, deps }) => handle(id, data.webhookEventLog, tx, deps),
});

async function handle(
  eventId: string,
  webhookEventLog: WebhookEventLog,
  tx: Tx,
  deps: ListenerDeps,
): Promise<void> {
  const { id, appId, channel, provider, conversationKey, deduplicationKey, payload } = webhookEventLog;
  const parsed = deps.channels
    .adapterFor(provider)
    ?.webhook?.parse(payload, { appId, channel, deduplicationKey });
  const ignored = parsed
    ? await applyWebhookEvent(tx, parsed, { eventId, appId, channel, provider, conversationKey, deps })
    : 'a kind of channel that this version does not support';
  const outcome = ignored === null && parsed ? parsed.outcome : 'ignored';
  tx.afterCommit(() => {
    deps.countWebhookEvent(provider, outcome);
    deps.notify([listNotice(appId, 'webhook-events')]);
  });
  await tx.orm
    .update(webhookEventLogs)
    .set(ignored === null ? { status: 'handled' } : { status: 'ignored', note: ignored })
    .where(eq(webhookEventLogs.id, id));
}

/** Why a failure that the provider reported was ignored. */
const failureNotes = {
  repeated: 'a failure that was recorded before',
  'not ours': 'a failure of a message that this server did not send',
} as const;

/** Why the provider's copy of a message was ignored. */
const echoNotes = {
  repeated: 'a copy of a reply that was recorded before',
  'not ours': 'a copy of a message sent elsewhere',
} as const;

interface WebhookContext {
  readonly eventId: string;
  readonly appId: number;
  readonly channel: string;
  readonly provider: string;
  readonly conversationKey: string;
  readonly deps: ListenerDeps;
}

/** Applies a webhook event. @returns why it was ignored, or `null`. */
async function applyWebhookEvent(
  tx: Tx,
  event: ParsedWebhookEvent,
  where: WebhookContext,
): Promise<string | null> {
  const { eventId, appId, channel, provider, conversationKey, deps } = where;
  switch (event.outcome) {
    case 'message':
      tx.raise('NewMessageReceivedEvent', { messageContainer: event.container });
      return null;
    case 'receipt': {
      const notices = await applyReceipt(tx, { conversationKey, ...event });
      if (notices.length > 0) {
        tx.afterCommit(() => deps.notify([...notices, listNotice(appId, 'deliveries')]));
      }
      return null;
    }
    case 'failure': {
      const { externalId, error } = event;
      const found = await applyFailure(tx, { appId, conversationKey, externalId, error, eventId });
      tx.afterCommit(() => deps.notify([listNotice(appId, 'deliveries')]));
      return found === 'failed' || found === 'early' ? null : failureNotes[found];
    }
    case 'echo': {
      const found = await applyEcho(tx, { appId, channel }, event);
      tx.afterCommit(() => deps.notify([listNotice(appId, 'deliveries')]));
      return found === 'ours' ? null : echoNotes[found];
    }
    case 'own-comment': {
      const found = await applyOwnComment(tx, { appId, channel }, event);
      if (found === 'ours') return null;
      return found === 'not ours' ? 'a comment by the account itself' : `our own comment: ${found}`;
    }
    case 'changed': {
      const { externalId, text } = event;
      tx.raise('MessageChangeReceivedEvent', { messageChange: { appId, conversationKey, externalId, text } });
      return null;
    }
    case 'note':
      return addEventNote(tx, event, where);
    case 'alert':
      await writeAudit(tx.sql, {
        appId,
        actor: provider,
        action: 'channel.alert',
        target: channel,
        detail: { text: event.text },
      });
      tx.afterCommit(() => deps.notify([alertNotice(appId, channel, event.text)]));
      return null;
    case 'ignored':
      return event.reason;
  }
}

/** Adds a note to the active session, if there is one, and stores the customer's attributes. */
async function addEventNote(
  tx: Tx,
  { text, attributes }: Extract<ParsedWebhookEvent, { outcome: 'note' }>,
  { appId, conversationKey, deps }: WebhookContext,
): Promise<string | null> {
  const [open] = await tx.sql<{ id: number }[]>`
    SELECT id FROM sessions WHERE conversation_key = ${conversationKey} AND status = 'active'`;
  if (!open) return 'a note outside a session';
  const session = await lockSession(tx, open.id);
  await addAttributes(tx, session.customerId, attributes);
  const message = await addNote(tx, session, { type: 'system' }, text);
  tx.afterCommit(() => deps.notify([notice('note_added', appId, topics.agentType('live'), { message })]));
  return null;
}

import { z } from 'zod';
import type { RawWebhookEvent } from '../channel.ts';
import { type EventIdentity, entriesOf, malformedLists, sortByTime } from '../meta/split-webhook-events.ts';
import { fingerprint, unknownContactId, unreadableEvent } from '../unreadable-event.ts';

const changeSchema = z.object({ field: z.string().max(100), value: z.record(z.string(), z.unknown()) });
const valueSchema = z.object({
  metadata: z.object({ phone_number_id: z.string().min(1).max(64) }),
  contacts: z.array(z.unknown()).catch([]),
  messages: z.array(z.unknown()).catch([]),
  statuses: z.array(z.unknown()).catch([]),
});
const seconds = z.union([z.string().regex(/^\d{1,12}$/), z.number()]).transform(Number);
const entrySchema = z.object({ id: z.unknown(), changes: z.array(z.unknown()).catch([]) });
const messageSchema = z.looseObject({
  id: z.string().min(1).max(280),
  from: z.string().min(1).max(64).optional(),
  from_user_id: z.string().min(1).max(128).optional(),
  timestamp: seconds.catch(0),
});
const statusSchema = z.looseObject({
  id: z.string().min(1).max(250),
  status: z.string().max(20),
  recipient_id: z.string().min(1).max(64).optional(),
  recipient_user_id: z.string().min(1).max(128).optional(),
  timestamp: seconds.catch(0),
});
const contactSchema = z.object({
  wa_id: z.string().optional(),
  user_id: z.string().optional(),
  profile: z
    .object({ name: z.string().max(200).optional() })
    .optional()
    .catch(undefined),
});

/**
 * Splits a verified body into its events: each message with its author's name, and each status. A body can contain
 * several accounts and phone numbers. A malformed event does not affect the others.
 */
export function splitWhatsapp(body: unknown): readonly RawWebhookEvent[] {
  const events = entriesOf(body, 'whatsapp_business_account').flatMap((raw) => {
    const entry = entrySchema.safeParse(raw);
    const found = entry.success ? entry.data.changes.flatMap(eventsOf) : [];
    return found.length > 0 ? found : [unreadableEvent(raw)];
  });
  return sortByTime(events);
}

function eventsOf(raw: unknown): (RawWebhookEvent & EventIdentity)[] {
  const change = changeSchema.safeParse(raw);
  if (!change.success) return [unreadableEvent(raw)];
  const { field, value } = change.data;
  const known = field === 'messages' ? valueSchema.safeParse(value) : undefined;
  if (!known?.success || known.data.messages.length + known.data.statuses.length === 0) {
    return [eventWithoutContact(field, value)];
  }
  const { metadata, contacts, messages, statuses } = known.data;
  const accountId = metadata.phone_number_id;
  return [
    ...messages.flatMap((one): (RawWebhookEvent & EventIdentity)[] => {
      const message = messageSchema.safeParse(one);
      if (!message.success) return [unreadableEvent(one, accountId)];
      const { id, from, from_user_id: user, timestamp } = message.data;
      const contactId = contactOf(from, user);
      if (contactId === undefined) return [unreadableEvent(one, accountId)];
      const name = nameOf(contacts, from, user);
      const payload = { message: message.data, accountId, ...(name ? { name } : {}) };
      return [{ contactId, deduplicationKey: id, accountId, payload, atMs: timestamp * 1000 }];
    }),
    ...statuses.flatMap((one): (RawWebhookEvent & EventIdentity)[] => {
      const status = statusSchema.safeParse(one);
      if (!status.success) return [unreadableEvent(one, accountId)];
      const { id, status: word, recipient_id: to, recipient_user_id: user, timestamp } = status.data;
      const contactId = contactOf(to, user);
      if (contactId === undefined) return [unreadableEvent(one, accountId)];
      const payload = { status: status.data, accountId };
      return [{ contactId, deduplicationKey: `${id} ${word}`, accountId, payload, atMs: timestamp * 1000 }];
    }),
    ...malformedLists(value, ['messages', 'statuses']).map((rest) => unreadableEvent(rest, accountId)),
  ];
}

/** A person can hide their phone number: then only Meta's user id identifies them. */
function contactOf(phone: string | undefined, user: string | undefined): string | undefined {
  return phone ?? (user === undefined ? undefined : `user:${user}`);
}

function nameOf(contacts: readonly unknown[], phone: string | undefined, user: string | undefined) {
  const known = contacts.flatMap((one) => contactSchema.safeParse(one).data ?? []);
  return known.find(
    (one) => (phone !== undefined && one.wa_id === phone) || (user !== undefined && one.user_id === user),
  )?.profile?.name;
}

function eventWithoutContact(field: string, value: Record<string, unknown>): RawWebhookEvent & EventIdentity {
  const payload = { field, value };
  return {
    contactId: unknownContactId,
    deduplicationKey: fingerprint(payload),
    accountId: null,
    payload,
    atMs: 0,
  };
}

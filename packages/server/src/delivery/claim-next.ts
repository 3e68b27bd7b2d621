import type { MessageContent } from '@mevrik/protocol';
import type { AppProfile } from '../apps/app-directory.ts';
import type { ChannelFiles, ChannelOutlet, OutboundPart } from '../channels/channel.ts';
import { hotDeliveries, hotMessages } from '../db/hot-tables.ts';
import { toMessage } from '../db/models.ts';
import type { deliveries } from '../db/schema.ts';
import { subjectOf } from '../domain/message-details.ts';
import type { Tx } from '../log/transaction.ts';
import { readHealth } from './channel-health.ts';
import type { DeliveryDeps } from './delivery-deps.ts';
import { wakeDelivery } from './enqueue-delivery.ts';
import { reserveSlot } from './reserve-slot.ts';
import type { DeliveryPolicy } from './retry-delay.ts';

/** A delivery as it is stored. */
export type StoredDelivery = typeof deliveries.$inferSelect;

/** A part of a message that this process has leased, to send it now. */
export interface ClaimedPart {
  readonly delivery: StoredDelivery;
  readonly outlet: ChannelOutlet;
  /** The kind of its channel. */
  readonly kind: string;
  readonly settings: unknown;
  readonly policy: DeliveryPolicy;
  readonly part: OutboundPart;
  readonly index: number;
  /** How many parts the message has. */
  readonly count: number;
  readonly attemptId: number;
  /** The number of attempts at this message, including this one. */
  readonly attempts: number;
}

/** What to do with the oldest unsent message of a conversation. */
export type Claim =
  /** Nothing, until the conversation is woken. */
  | { readonly state: 'idle' }
  /** Nothing for `waitMs` milliseconds; a job is scheduled. */
  | { readonly state: 'waiting'; readonly waitMs: number }
  | { readonly state: 'send'; readonly claimed: ClaimedPart }
  /** All its parts have been sent: an echo arrived before the sender recorded it. */
  | { readonly state: 'complete'; readonly delivery: StoredDelivery }
  /** Its sender crashed: it is unknown whether the part arrived. */
  | { readonly state: 'doubt'; readonly delivery: StoredDelivery; readonly policy: DeliveryPolicy }
  | { readonly state: 'undeliverable'; readonly delivery: StoredDelivery; readonly error: string };

/** Added to the provider's timeout: the time to record the outcome. */
const leaseMarginMs = 5_000;
/** How often to check whether a disabled channel is enabled again. */
const disabledPollMs = 60_000;

/** Claims the next part of the oldest unsent message of a conversation, if it is due. */
export async function claimNext(tx: Tx, conversationKey: string, deps: DeliveryDeps): Promise<Claim> {
  const [delivery] = await hotDeliveries.select(
    tx.sql,
    `WHERE conversation_key = $1 AND status IN ('queued', 'sending') ORDER BY message_id, id LIMIT 1 FOR UPDATE`,
    [conversationKey],
  );
  if (!delivery) return { state: 'idle' };
  const app = await deps.apps.byId(delivery.appId);
  const times = await readTimes(tx, delivery, app);
  const channel = app?.channels.get(delivery.channel);
  const outlet = channel && deps.channels.senderFor(channel.kind);
  if (times.isLeased && delivery.leaseUntil !== null) return wait(tx, delivery, delivery.leaseUntil);
  if (app && delivery.status === 'sending') {
    return { state: 'doubt', delivery, policy: app.settings.delivery };
  }
  if (times.isExpired)
    return { state: 'undeliverable', delivery, error: 'The time limit for sending it has passed.' };
  if (times.isEarly) return wait(tx, delivery, delivery.nextAttemptAt);
  if (!app?.enabled || !channel?.enabled) return wait(tx, delivery, times.later);
  if (outlet?.delivers !== 'by-sending') {
    return {
      state: 'undeliverable',
      delivery,
      error: `The channel ${delivery.channel} cannot send messages.`,
    };
  }
  const health = await readHealth(tx.sql, delivery);
  // The probe that finds it up again wakes the conversation.
  if (health.isDown) return { state: 'idle' };
  if (health.pausedUntil !== null) return wait(tx, delivery, health.pausedUntil);
  const { kind, settings } = channel;
  const target = { delivery, outlet, kind, settings, policy: app.settings.delivery };
  return claimPart(tx, target, deps.files);
}

async function claimPart(
  tx: Tx,
  target: Pick<ClaimedPart, 'delivery' | 'outlet' | 'kind' | 'settings' | 'policy'>,
  files: ChannelFiles,
): Promise<Claim> {
  const { delivery, outlet, settings, policy } = target;
  if (await isGivenUp(tx, delivery)) {
    return {
      state: 'undeliverable',
      delivery,
      error: 'It is unknown whether it arrived, so it was not sent again.',
    };
  }
  let parts: readonly OutboundPart[];
  try {
    const outbound = await toOutbound(tx, delivery);
    parts = outlet.compose({ ...outbound, content: files.sign(outbound.content) }, settings);
  } catch (error) {
    return { state: 'undeliverable', delivery, error: outlet.classify(error).error };
  }
  const index = delivery.externalIds.length;
  const part = parts[index];
  if (!part) return { state: 'complete', delivery };
  const pace = outlet.pace?.(part, settings);
  const slotAtMs = pace
    ? await reserveSlot(tx, { ...pace, lane: `${target.kind} ${pace.lane}` }, delivery.slotAt !== null)
    : null;
  if (slotAtMs !== null) return waitForSlot(tx, delivery, slotAtMs);
  const [row] = await tx.sql<{ attempt_id: number; attempts: number; lease_until: string }[]>`
    WITH attempt AS (INSERT INTO delivery_attempts (delivery_id, part, is_repeatable)
                     VALUES (${delivery.id}, ${index}, ${part.isRepeatable}) RETURNING id)
    UPDATE deliveries SET status = 'sending', attempts = attempts + 1, slot_at = NULL,
      lease_until = now() + ${policy.timeoutMs + leaseMarginMs} * interval '1 ms'
    FROM attempt WHERE deliveries.id = ${delivery.id}
    RETURNING attempt.id AS attempt_id, attempts, lease_until`;
  if (!row) throw new Error(`Delivery ${delivery.id} is gone.`);
  // If this process crashes, the conversation is woken when the lease expires.
  await wakeDelivery(tx, delivery.conversationKey, row.lease_until);
  const { attempt_id: attemptId, attempts } = row;
  return { state: 'send', claimed: { ...target, part, index, count: parts.length, attemptId, attempts } };
}

async function wait(tx: Tx, delivery: StoredDelivery, until: string): Promise<Claim> {
  await wakeDelivery(tx, delivery.conversationKey, until);
  const [row] = await tx.sql<{ wait_ms: number }[]>`
    SELECT (extract(epoch FROM ${until}::timestamptz - clock_timestamp()) * 1000)::float8 AS wait_ms`;
  return { state: 'waiting', waitMs: row?.wait_ms ?? 0 };
}

/** Waits for the reserved slot, so that the channel keeps to its rate limit. This is not an attempt. */
async function waitForSlot(tx: Tx, delivery: StoredDelivery, slotAtMs: number): Promise<Claim> {
  const [row] = await tx.sql<{ slot_at: string }[]>`
    UPDATE deliveries SET slot_at = to_timestamp(${slotAtMs / 1_000}), next_attempt_at = to_timestamp(${slotAtMs / 1_000})
    WHERE id = ${delivery.id} RETURNING slot_at`;
  if (!row) throw new Error(`Delivery ${delivery.id} is gone.`);
  return wait(tx, delivery, row.slot_at);
}

/** Compares times by the database's clock, which all processes share. */
async function readTimes(tx: Tx, delivery: StoredDelivery, app: AppProfile | undefined) {
  const giveUpMinutes = app?.settings.delivery.giveUpAfterMinutes ?? 24 * 60;
  const [row] = await tx.sql<{ isLeased: boolean; isEarly: boolean; isExpired: boolean; later: string }[]>`
    SELECT status = 'sending' AND lease_until > now() AS "isLeased", next_attempt_at > now() AS "isEarly",
           queued_at < now() - ${giveUpMinutes} * interval '1 minute' AS "isExpired",
           now() + ${disabledPollMs} * interval '1 ms' AS later
    FROM deliveries WHERE id = ${delivery.id}`;
  if (!row) throw new Error(`Delivery ${delivery.id} is gone.`);
  return row;
}

/** Whether the doubtful part was given up, so it must not be sent again. */
async function isGivenUp(tx: Tx, delivery: StoredDelivery): Promise<boolean> {
  const [last] = await tx.sql<{ decision: string | null; part: number }[]>`
    SELECT decision, part FROM delivery_attempts WHERE delivery_id = ${delivery.id} ORDER BY id DESC LIMIT 1`;
  return last?.decision === 'give_up' && last.part === delivery.externalIds.length;
}

/** The maximum number of the customer's messages that a message can refer to. */
const threadLength = 10;

interface ReceivedRow {
  readonly id: number;
  readonly external_id: string | null;
  /** Without the large fields, as up to ten are read. */
  readonly content: MessageContent;
  readonly silent_ms: number;
}

async function toOutbound(tx: Tx, delivery: StoredDelivery) {
  const [row] = await hotMessages.select(tx.sql, 'WHERE id = $1', [delivery.messageId]);
  if (!row) throw new Error(`Message ${delivery.messageId} is gone.`);
  const { content, sender } = toMessage(row);
  const received = await tx.sql<ReceivedRow[]>`
    SELECT id, external_id, content - '{text,attachments,quickReplies,buttons}'::text[] AS content,
           extract(epoch FROM now() - created_at)::float8 * 1000 AS silent_ms
    FROM messages WHERE conversation_key = ${delivery.conversationKey} AND NOT is_reply
    ORDER BY id DESC LIMIT ${threadLength}`;
  const [identity] = await tx.sql<{ id: number }[]>`
    SELECT id FROM contact_identities WHERE conversation_key = ${delivery.conversationKey}`;
  // Later messages are excluded, so that every attempt composes the same.
  const before = received.filter(({ id }) => id < delivery.messageId);
  const [latest] = before;
  const { contactId, comment } = delivery;
  return {
    content,
    sender: sender.type,
    contactId,
    comment,
    silentMs: received[0]?.silent_ms ?? null,
    contactIdentityId: identity?.id ?? 0,
    thread: {
      externalIds: before.flatMap(({ external_id: id }) => (id === null ? [] : [id])).reverse(),
      subject: latest ? subjectOf(latest.content) : null,
    },
  };
}

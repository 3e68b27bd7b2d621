import {
  type EventName,
  type FoundMessage,
  type MessageSearch,
  providerEvents,
  type StuckInbound,
} from '@mevrik/protocol';
import type { Reader } from '../db/database.ts';
import { likePattern } from '../db/like-pattern.ts';
import type { Sql } from '../db/sql.ts';

/** A search for messages; `appIds` are the apps that the caller may see, `null` for all. */
export interface MessageSearchFilter {
  readonly q: string;
  readonly appIds: readonly number[] | null;
  readonly limit: number;
}

/**
 * Text search covers this many of the newest messages: people ask about a message soon after it was written, and an
 * index over all texts would slow down every message.
 */
const newestSearched = 200_000;
/** The most customers that a search considers; a longer term narrows them down. */
const peopleLimit = 50;

/** Finds messages by id, by customer (name, email address, phone number, contact), and by part of their text. */
export async function findMessages(
  { sql }: Reader,
  { q, appIds, limit }: MessageSearchFilter,
): Promise<MessageSearch> {
  const pattern = likePattern(q);
  const number = /^#?(\d{1,15})$/.exec(q)?.[1] ?? null;
  const bound = appIds === null ? null : [...appIds];
  const inVisibleApps = (column: 'm' | 'c') =>
    column === 'm'
      ? sql`(${bound === null} OR m.app_id = ANY (${bound ?? []}::int[]))`
      : sql`(${bound === null} OR app_id = ANY (${bound ?? []}::int[]))`;
  const [[newest], items, stuck] = await Promise.all([
    sql<{ max: number; min: number }[]>`
      SELECT coalesce(max(id), 0)::bigint AS max, coalesce(min(id), 0)::bigint AS min FROM messages`,
    sql<FoundRow[]>`
      WITH people AS (
        SELECT id FROM customers
        WHERE ${inVisibleApps('c')}
          AND (name ILIKE ${pattern} OR email ILIKE ${pattern} OR phone ILIKE ${pattern} OR external_id = ${q})
        ORDER BY id DESC LIMIT ${peopleLimit}
      ), contacts AS (
        SELECT customer_id AS id FROM contact_identities
        WHERE ${inVisibleApps('c')} AND contact_id ILIKE ${pattern} ORDER BY id DESC LIMIT ${peopleLimit}
      ), found AS (
        (SELECT m.id FROM messages m
         WHERE ${inVisibleApps('m')}
           AND (m.id = ${number}::bigint OR m.session_id = ${number}::bigint) ORDER BY m.id DESC LIMIT ${limit})
        UNION
        (SELECT m.id FROM messages m JOIN sessions ON sessions.id = m.session_id
         WHERE sessions.customer_id IN (SELECT id FROM people UNION SELECT id FROM contacts) AND ${inVisibleApps('m')}
         ORDER BY m.id DESC LIMIT ${limit})
        UNION
        (SELECT m.id FROM messages m
         WHERE m.id > (SELECT max(id) FROM messages) - ${newestSearched} AND ${inVisibleApps('m')}
           AND m.content ->> 'text' ILIKE ${pattern}
         ORDER BY m.id DESC LIMIT ${limit})
      )
      ${foundColumns(sql)}
      WHERE m.id IN (SELECT id FROM found)
      -- A number means the message with that id first.
      ORDER BY m.id = ${number}::bigint DESC NULLS LAST, m.id DESC LIMIT ${limit}`,
    findStuck(sql, pattern, bound),
  ]);
  const isBounded = newest !== undefined && newest.max - newest.min >= newestSearched;
  return { items: items.map(toFound), stuck, searchedNewest: isBounded ? newestSearched : null };
}

const inboundEvents: readonly EventName[] = ['NewMessageReceivedEvent', ...providerEvents];

/** Inbound events that did not become a message because a listener failed. */
function findStuck(sql: Sql, pattern: string, bound: number[] | null): Promise<StuckInbound[]> {
  return sql<StuckInbound[]>`
    SELECT parked.event_id AS "eventId", parked.type, parked.subscription AS listener, parked.status,
           parked.last_error AS error, parked.key AS "conversationKey", events.occurred_at AS "occurredAt"
    FROM parked_events parked JOIN events ON events.id = parked.event_id
    WHERE parked.type = ANY (${inboundEvents}::text[])
      AND parked.replay_id IS NULL
      AND (${bound === null} OR parked.app_id = ANY (${bound ?? []}::int[]))
      AND (parked.key ILIKE ${pattern} OR events.data::text ILIKE ${pattern})
    ORDER BY parked.parked_at DESC LIMIT 20`;
}

/** The messages with these ids that exist, in no order. */
export async function readFound(
  { sql }: Pick<Reader, 'sql'>,
  ids: readonly number[],
): Promise<FoundMessage[]> {
  if (ids.length === 0) return [];
  const rows = await sql<FoundRow[]>`${foundColumns(sql)} WHERE m.id = ANY (${[...ids]}::bigint[])`;
  return rows.map(toFound);
}

interface FoundRow {
  readonly id: number;
  readonly appId: number;
  readonly appName: string;
  readonly sessionId: number;
  readonly channel: string;
  readonly channelKind: string;
  readonly customerId: number;
  readonly customerName: string | null;
  readonly kind: FoundMessage['kind'];
  readonly isReply: boolean;
  readonly senderType: FoundMessage['sender']['type'];
  readonly senderId: number | null;
  readonly senderName: string | null;
  readonly text: string | null;
  readonly deliveryStatus: FoundMessage['deliveryStatus'];
  readonly createdAt: string;
}

function foundColumns(sql: Sql) {
  return sql`
    SELECT m.id, m.app_id AS "appId", apps.name AS "appName", m.session_id AS "sessionId", m.channel,
           coalesce(channels.kind, m.channel) AS "channelKind",
           sessions.customer_id AS "customerId",
           coalesce(customers.name, customers.email, customers.phone) AS "customerName",
           m.kind, m.is_reply AS "isReply", m.sender_type AS "senderType", m.sender_id AS "senderId",
           m.sender_name AS "senderName", left(m.content ->> 'text', 500) AS text,
           m.delivery_status AS "deliveryStatus", m.created_at AS "createdAt"
    FROM messages m
    JOIN sessions ON sessions.id = m.session_id
    JOIN apps ON apps.id = m.app_id
    JOIN customers ON customers.id = sessions.customer_id
    LEFT JOIN channels ON channels.app_id = m.app_id AND channels.name = m.channel`;
}

function toFound(row: FoundRow): FoundMessage {
  const { customerId, customerName, senderType, senderId, senderName, ...message } = row;
  return {
    ...message,
    customer: { id: customerId, name: customerName },
    sender: {
      type: senderType,
      ...(senderId === null ? {} : { id: senderId }),
      ...(senderName === null ? {} : { name: senderName }),
    },
  };
}

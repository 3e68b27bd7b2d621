import type { Case, FoundMessage, QueueItem, Session } from '@mevrik/protocol';
import { ProblemError } from '@mevrik/protocol';
import { and, eq } from 'drizzle-orm';
import type { Database, Reader } from '../db/database.ts';
import { toCase, toQueueItem, toSession } from '../db/models.ts';
import { priorityRank } from '../db/priority-rank.ts';
import { botTurns, cases, messages, queueItems, sessions } from '../db/schema.ts';
import type { AppAgent, DiagnosedReply, QueueFacts } from '../domain/diagnosis/index.ts';
import { automaticOf } from '../domain/message-details.ts';
import { listDeliveries } from './deliveries.ts';
import { readFound } from './find-messages.ts';

/** What the tables, without the log, hold about a message and what followed it. */
export interface MessageRecords {
  readonly now: string;
  readonly message: FoundMessage;
  readonly error: string | null;
  readonly automatic: 'reply' | 'bulk' | undefined;
  readonly conversationKey: string;
  readonly caseId: number | null;
  readonly session: Session & { readonly isSocial: boolean };
  readonly health: {
    readonly isDown: boolean;
    readonly reason: string | null;
    readonly pausedUntil: string | null;
  };
  readonly agents: readonly AppAgent[];
  readonly replies: readonly Omit<DiagnosedReply, 'isConsequence'>[];
  readonly self: Omit<DiagnosedReply, 'isConsequence'> | null;
  readonly writtenAt: string | null;
}

/** The id of the event that announced a message; `null` if the log does not have it. @throws ProblemError `not_found`. */
export async function findEventOf({ sql }: Reader, id: number): Promise<string | null> {
  const [message] = await sql<{ key: string; kind: string; isReply: boolean }[]>`
    SELECT conversation_key AS key, kind, is_reply AS "isReply" FROM messages WHERE id = ${id}`;
  if (!message) throw new ProblemError('not_found', 'Message not found.');
  const [event] = await sql<{ id: string }[]>`
    SELECT id FROM events
    WHERE key = ${message.key} AND type = ${eventOf(message)} AND (data -> 'message' ->> 'id')::bigint = ${id}
    ORDER BY "offset" LIMIT 1`;
  return event?.id ?? null;
}

/** The most replies returned with their deliveries. */
const maxReplies = 5;
/** The most replies searched for the first one by an agent. */
const maxSearched = 50;

/** Reads the records of a message. @throws ProblemError `not_found`. */
export async function readMessageRecords(database: Database, id: number): Promise<MessageRecords> {
  return database.sql.snapshot((reader) => readRecords(reader, id));
}

async function readRecords(reader: Reader, id: number): Promise<MessageRecords> {
  const { orm, sql } = reader;
  const [row] = await orm
    .select({ message: messages, session: sessions })
    .from(messages)
    .innerJoin(sessions, eq(sessions.id, messages.sessionId))
    .where(eq(messages.id, id));
  const [found] = await readFound(reader, [id]);
  if (!row || !found) throw new ProblemError('not_found', 'Message not found.');
  const { message, session } = row;
  const [[state], agents, replies, self] = await Promise.all([
    sql<StateRow[]>`
      SELECT now() AS now, coalesce(is_down, false) AS "isDown", reason,
             CASE WHEN paused_until > now() THEN paused_until END AS "pausedUntil",
             (SELECT created_at FROM messages WHERE conversation_key = ${message.conversationKey} AND NOT is_reply
              ORDER BY id DESC LIMIT 1) AS "writtenAt"
      FROM (SELECT 1) AS one
      LEFT JOIN channel_health ON app_id = ${message.appId} AND channel = ${message.channel}`,
    readAppAgents(reader, message.appId),
    message.isReply ? [] : readReplies(reader, message.conversationKey, id),
    message.isReply ? readReply(reader, found, message.deliveryError) : null,
  ]);
  return {
    now: state?.now ?? new Date().toISOString(),
    message: found,
    error: message.deliveryError,
    automatic: automaticOf(message.content),
    conversationKey: message.conversationKey,
    caseId: message.caseId,
    session: { ...toSession(session), isSocial: session.socialContext !== null },
    health: {
      isDown: state?.isDown ?? false,
      reason: state?.reason ?? null,
      pausedUntil: state?.pausedUntil ?? null,
    },
    agents,
    replies,
    self,
    writtenAt: state?.writtenAt ?? null,
  };
}

interface StateRow {
  readonly now: string;
  readonly isDown: boolean;
  readonly reason: string | null;
  readonly pausedUntil: string | null;
  readonly writtenAt: string | null;
}

/** Buttons and quick replies have events of their own. */
function eventOf({ kind, isReply }: { readonly kind: string; readonly isReply: boolean }): string {
  if (isReply) return 'MessageReplyReadyEvent';
  if (kind === 'postback') return 'MessagePostbackEvent';
  return kind === 'quick_reply' ? 'MessageQuickReplyEvent' : 'MessageReadyEvent';
}

async function readAppAgents({ sql }: Reader, appId: number): Promise<AppAgent[]> {
  return sql<AppAgent[]>`
    SELECT id AS "agentId", name, availability, capacity, skills, last_assigned_at AS "lastAssignedAt",
           (SELECT count(*)::int FROM queue_items
            WHERE assigned_agent_id = agents.id AND status = 'assigned') AS assigned
    FROM agents
    WHERE disabled_at IS NULL
      AND EXISTS (SELECT FROM agent_apps WHERE agent_id = agents.id AND app_id = ${appId})
    ORDER BY name LIMIT 1000`;
}

/** The replies of agents and the bot after a message; system messages do not count. */
async function readReplies(
  reader: Reader,
  conversationKey: string,
  after: number,
): Promise<Omit<DiagnosedReply, 'isConsequence'>[]> {
  const rows = await reader.sql<{ id: number; error: string | null; sender: string }[]>`
    SELECT id, delivery_error AS error, sender_type AS sender FROM messages
    WHERE conversation_key = ${conversationKey} AND id > ${after} AND is_reply
      AND kind NOT IN ('note', 'system') AND sender_type IN ('agent', 'bot')
    ORDER BY id LIMIT ${maxSearched}`;
  const first = rows.slice(0, maxReplies);
  const byAgent = rows.find(({ sender }) => sender === 'agent');
  const shown = byAgent && !first.includes(byAgent) ? [...first, byAgent] : first;
  const found = await readFound(
    reader,
    shown.map(({ id }) => id),
  );
  return Promise.all(
    shown.flatMap(({ id, error }) => {
      const message = found.find((one) => one.id === id);
      return message ? [readReply(reader, message, error)] : [];
    }),
  );
}

async function readReply(
  reader: Reader,
  message: FoundMessage,
  error: string | null,
): Promise<Omit<DiagnosedReply, 'isConsequence'>> {
  const filter = { messageId: message.id, appIds: null, limit: 20 };
  const [{ items: deliveries }, [written]] = await Promise.all([
    listDeliveries(reader, filter),
    reader.sql<{ at: string }[]>`
      SELECT written.created_at AS at FROM messages reply JOIN messages written USING (conversation_key)
      WHERE reply.id = ${message.id} AND NOT written.is_reply AND written.id < reply.id
      ORDER BY written.id DESC LIMIT 1`,
  ]);
  return { message, error, deliveries, writtenAt: written?.at ?? null };
}

/** The queue item, the case and the survey that a message belongs to. */
export interface DeskRecords {
  readonly queue: QueueFacts | null;
  readonly case: Case | null;
  readonly firstReplyDueAt: string | null;
  readonly survey: { readonly score: number; readonly answeredAt: string } | null;
}

/** Reads the desk records of a message. `isOpenEnded` accepts the first queue item after the message, whatever caused it. */
export async function readDeskRecords(
  { orm, sql }: Reader,
  { message, caseId }: Pick<MessageRecords, 'message' | 'caseId'>,
  isOpenEnded: boolean,
): Promise<DeskRecords> {
  const rows = await orm
    .select()
    .from(queueItems)
    .where(eq(queueItems.sessionId, message.sessionId))
    .orderBy(queueItems.id)
    .limit(500);
  const concerned = rows.filter(({ finishedAt }) => finishedAt === null || finishedAt >= message.createdAt);
  const first = concerned.find(({ createdAt }) => createdAt <= message.createdAt || isOpenEnded);
  const last = first && concerned.findLast((one) => one.caseId === first.caseId);
  const [opened] = await orm
    .select()
    .from(cases)
    .where(and(eq(cases.id, last?.caseId ?? caseId ?? 0)));
  const [survey] = await sql<{ score: number; answeredAt: string }[]>`
    SELECT (answer ->> 'score')::int AS score, answered_at AS "answeredAt" FROM csat_surveys
    WHERE session_id = ${message.sessionId} AND answered_at >= ${message.createdAt}::timestamptz
    ORDER BY answered_at LIMIT 1`;
  return {
    queue: last ? await toQueueFacts(sql, last) : null,
    case: opened ? toCase(opened, 'live') : null,
    firstReplyDueAt: opened?.firstReplyDueAt ?? null,
    survey: survey ?? null,
  };
}

async function toQueueFacts(sql: Reader['sql'], row: typeof queueItems.$inferSelect): Promise<QueueFacts> {
  const item: QueueItem = toQueueItem(row);
  const { assignedAt, finishedAt } = row;
  if (item.status !== 'waiting') return { item, assignedAt, finishedAt, position: null };
  const [before] = await sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM queue_items other JOIN queue_items own ON own.id = ${item.id}
    WHERE other.status = 'waiting' AND other.app_id = own.app_id AND other.queue = own.queue
      AND (${priorityRank(sql, sql`other.priority`)}, other.id)
        < (${priorityRank(sql, sql`own.priority`)}, own.id)`;
  return { item, assignedAt, finishedAt, position: (before?.count ?? 0) + 1 };
}

/** The turn of the app's own bot that an event caused. */
export async function readBotTurn({ orm }: Reader, eventId: string) {
  const [turn] = await orm
    .select({ status: botTurns.status, createdAt: botTurns.createdAt })
    .from(botTurns)
    .where(eq(botTurns.eventId, eventId));
  return turn ?? null;
}

/** The earlier event of the same conversation that blocks this one, because a listener failed at it. */
export async function readBlocking(
  { sql }: Reader,
  eventId: string,
  listener: string,
): Promise<{ readonly eventId: string; readonly type: string } | null> {
  const [row] = await sql<{ eventId: string; type: string }[]>`
    SELECT other.event_id AS "eventId", other.type FROM parked_events own
    JOIN parked_events other USING (subscription, key)
    WHERE own.event_id = ${eventId}::uuid AND own.subscription = ${listener} AND own.status = 'waiting'
      AND own.attempts = 0 AND other."offset" < own."offset"
    ORDER BY other."offset" LIMIT 1`;
  return row ?? null;
}

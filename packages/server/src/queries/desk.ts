import type { Colleague, ConversationQuery, ConversationRow, Page } from '@mevrik/protocol';
import { ProblemError } from '@mevrik/protocol';
import { and, eq, inArray } from 'drizzle-orm';
import type { Database, Reader } from '../db/database.ts';
import { likePattern } from '../db/like-pattern.ts';
import { toQueueItem, toSession } from '../db/models.ts';
import { readCursor, toListPage } from '../db/page.ts';
import { apps, cases, customers, queueItems, sessions } from '../db/schema.ts';

/** A stored conversation, without the reply rules of its channel. */
export type StoredConversation = Omit<ConversationRow, 'replyWindow' | 'comment'>;

/** The ids of the enabled apps, restricted to `appIds` unless that is `null`. */
export async function enabledApps({ orm }: Reader, appIds: readonly number[] | null): Promise<number[]> {
  const rows = await orm
    .select({ id: apps.id })
    .from(apps)
    .where(and(eq(apps.enabled, true), appIds === null ? undefined : inArray(apps.id, [...appIds])))
    .orderBy(apps.id);
  return rows.map(({ id }) => id);
}

/** The agents with access to any of these apps, and to which of them, and all administrators; `null`: to any app. */
export async function listColleagues(
  { sql }: Reader,
  appIds: readonly number[] | null,
): Promise<Colleague[]> {
  const isVisible = sql`(${appIds}::integer[] IS NULL OR app_id = ANY (${appIds}::integer[]))`;
  return sql<Colleague[]>`
    SELECT id, name, role, skills, availability,
           ARRAY(SELECT app_id FROM agent_apps WHERE agent_id = agents.id AND ${isVisible} ORDER BY app_id) AS "appIds"
    FROM agents
    WHERE disabled_at IS NULL
      AND (${appIds === null} OR role = 'admin' OR EXISTS (
        SELECT FROM agent_apps WHERE agent_id = agents.id AND ${isVisible}))
    ORDER BY name LIMIT 1000`;
}

/** The filter of a list of conversations; `appIds` are the apps that the caller may see, `null` for all. */
export interface ConversationFilter
  extends Omit<ConversationQuery, 'appId' | 'limit' | 'sort' | 'view'>,
    Required<Pick<ConversationQuery, 'limit' | 'sort' | 'view'>> {
  readonly agentId: number;
  readonly appIds: readonly number[] | null;
}

/** Sorts after every deadline. */
const never = '9999-12-31T00:00:00Z';

interface Found {
  readonly id: number;
  readonly at: string;
  readonly unread: number;
}

/** Active conversations: the queue by longest wait, all other views by latest activity. */
export async function listConversations(
  database: Database,
  filter: ConversationFilter,
): Promise<Page<StoredConversation>> {
  return database.sql.snapshot(async (reader) => {
    const found = await findConversations(reader, filter);
    const { items: shown, next } = toListPage(
      found,
      filter.limit,
      (row) => row,
      ({ at, id }) => [at, id],
    );
    const rows = await readRows(
      reader,
      shown.map(({ id }) => id),
    );
    return {
      items: shown.flatMap(({ id, at, unread }) => {
        const row = rows.get(id);
        return row ? [{ ...row, unread, lastActivityAt: at }] : [];
      }),
      next,
    };
  });
}

/** One conversation, as in the lists. @throws ProblemError `not_found`. */
export async function requireConversation(
  database: Database,
  sessionId: number,
): Promise<StoredConversation> {
  const [[found], rows] = await database.sql.snapshot((reader) =>
    Promise.all([
      reader.sql<Found[]>`
        SELECT id, last_activity_at::text AS at, ${unreadOf(reader)} AS unread FROM sessions WHERE id = ${sessionId}`,
      readRows(reader, [sessionId]),
    ]),
  );
  const row = rows.get(sessionId);
  if (!found || !row) throw new ProblemError('not_found', 'Session not found.');
  return { ...row, unread: found.unread, lastActivityAt: found.at };
}

async function findConversations(database: Reader, filter: ConversationFilter): Promise<Found[]> {
  const { sql } = database;
  const { view, agentId, appIds, channel, overdue = false, sort, search, limit } = filter;
  const [afterAt, afterId] = readCursor<readonly [string, number]>(filter, isFoundPosition) ?? [];
  const pattern = search === undefined ? '' : likePattern(search);
  const waits = view === 'queue';
  const isDue = sql`open_case.first_reply_at IS NULL AND open_case.first_reply_due_at`;
  const latest = waits ? sql`item.created_at` : sql`sessions.last_activity_at`;
  // Conversations without a deadline come last.
  const at =
    sort === 'due'
      ? sql`CASE WHEN ${isDue} IS NOT NULL THEN open_case.first_reply_due_at ELSE ${never}::timestamptz END`
      : latest;
  const isAscending = waits || sort === 'due';
  return sql<Found[]>`
    SELECT * FROM (
      SELECT sessions.id, sessions.app_id, sessions.customer_id,
             ${at} AS at,
             ${unreadOf(database)} AS unread
      FROM sessions
      ${waits ? sql`JOIN queue_items item ON item.session_id = sessions.id AND item.status = 'waiting'` : sql``}
      ${
        overdue || sort === 'due'
          ? sql`LEFT JOIN cases open_case ON open_case.id = sessions.open_case_id`
          : sql``
      }
      WHERE sessions.status = 'active'
        ${channel === undefined ? sql`` : sql`AND sessions.channel = ${channel}`}
        ${overdue ? sql`AND ${isDue} < now()` : sql``}
        AND (${appIds === null} OR sessions.app_id = ANY (${appIds === null ? [] : [...appIds]}::int[]))
        ${view === 'mine' ? sql`AND sessions.assigned_agent_id = ${agentId} AND sessions.open_case_id IS NOT NULL` : sql``}
        ${
          search === undefined
            ? sql``
            : sql`AND EXISTS (SELECT FROM customers WHERE customers.id = sessions.customer_id
                AND (name ILIKE ${pattern} OR email ILIKE ${pattern} OR phone ILIKE ${pattern}))`
        }
    ) found
    WHERE ${
      afterAt === undefined || afterId === undefined
        ? sql`true`
        : isAscending
          ? sql`(at, id) > (${afterAt}::timestamptz, ${afterId})`
          : sql`(at, id) < (${afterAt}::timestamptz, ${afterId})`
    }
    ORDER BY ${isAscending ? sql`at, id` : sql`at DESC, id DESC`}
    LIMIT ${limit + 1}`.then((rows) => rows.map((row) => ({ ...row, at: new Date(row.at).toISOString() })));
}

function unreadOf({ sql }: Reader) {
  return sql`(SELECT count(*)::int FROM (
    SELECT FROM messages WHERE session_id = sessions.id AND NOT is_reply
      AND id > coalesce(sessions.agent_read_message_id, 0) LIMIT 99) unread)`;
}

async function readRows(
  { orm, sql }: Reader,
  ids: readonly number[],
): Promise<Map<number, Omit<StoredConversation, 'lastActivityAt' | 'unread'>>> {
  if (ids.length === 0) return new Map();
  const [rows, items, openCases, lastMessages, waiting] = await Promise.all([
    orm
      .select({ session: sessions, customer: customers })
      .from(sessions)
      .innerJoin(customers, eq(customers.id, sessions.customerId))
      .where(inArray(sessions.id, [...ids])),
    sql<{ id: number }[]>`
      SELECT id FROM queue_items WHERE session_id = ANY (${[...ids]}::bigint[]) AND status IN ('waiting', 'assigned')`.then(
      (live) =>
        live.length === 0
          ? []
          : orm
              .select()
              .from(queueItems)
              .where(
                inArray(
                  queueItems.id,
                  live.map(({ id }) => Number(id)),
                ),
              ),
    ),
    orm
      .select()
      .from(cases)
      .where(and(inArray(cases.sessionId, [...ids]), eq(cases.status, 'open'))),
    sql<LastMessage[]>`
      SELECT asked.id AS "sessionId", m.id, m.kind, m.sender_type AS "senderType", m.sender_name AS "senderName",
             m.content, m.created_at AS "createdAt"
      FROM unnest(${[...ids]}::bigint[]) AS asked (id)
      CROSS JOIN LATERAL (
        SELECT * FROM messages WHERE session_id = asked.id AND kind NOT IN ('note', 'system') ORDER BY messages.id DESC LIMIT 1) m`,
    waitingSince(sql, ids),
  ]);
  return new Map(
    rows.map(({ session, customer }) => {
      const { id, name, email, verified } = customer;
      const item = items.find(({ sessionId }) => sessionId === session.id);
      const open = openCases.find((one) => one.sessionId === session.id);
      const last = lastMessages.find(({ sessionId }) => Number(sessionId) === session.id);
      return [
        session.id,
        {
          session: toSession(session),
          customer: { id, name, email, verified },
          lastMessage: last ? toLastMessage(last) : null,
          queueItem: item ? toQueueItem(item) : null,
          case: open
            ? {
                id: open.id,
                priority: open.priority,
                subject: open.subject,
                createdAt: open.createdAt,
                firstReplyAt: open.firstReplyAt,
                firstReplyDueAt: open.firstReplyDueAt,
              }
            : null,
          waitingSince: waiting.get(session.id) ?? null,
        },
      ];
    }),
  );
}

/** When the customer first wrote after the agent's last reply, for each session that an agent must answer. */
async function waitingSince(sql: Reader['sql'], ids: readonly number[]): Promise<Map<number, string>> {
  const rows = await sql<{ id: string; since: Date }[]>`
    SELECT sessions.id, first_message.created_at AS since
    FROM sessions
    LEFT JOIN LATERAL (
      SELECT id FROM messages
      WHERE session_id = sessions.id AND is_reply AND sender_type = 'agent' AND kind <> 'note'
      ORDER BY messages.id DESC LIMIT 1) reply ON true
    CROSS JOIN LATERAL (
      SELECT created_at FROM messages
      WHERE session_id = sessions.id AND NOT is_reply AND kind <> 'csat_answer' AND id > coalesce(reply.id, 0)
      ORDER BY messages.id LIMIT 1) first_message
    WHERE sessions.id = ANY (${[...ids]}::bigint[]) AND sessions.agent_type = 'live' AND open_case_id IS NOT NULL`;
  return new Map(rows.map(({ id, since }) => [Number(id), new Date(since).toISOString()]));
}

interface LastMessage {
  readonly sessionId: number;
  readonly id: number;
  readonly kind: NonNullable<ConversationRow['lastMessage']>['kind'];
  readonly senderType: NonNullable<ConversationRow['lastMessage']>['sender']['type'];
  readonly senderName: string | null;
  readonly content: NonNullable<ConversationRow['lastMessage']>['content'];
  readonly createdAt: string;
}

function toLastMessage(row: LastMessage): NonNullable<ConversationRow['lastMessage']> {
  const { kind, content, senderType: type, senderName } = row;
  const sender = { type, ...(senderName === null ? {} : { name: senderName }) };
  return { id: Number(row.id), kind, sender, content, createdAt: new Date(row.createdAt).toISOString() };
}

function isFoundPosition([at, id]: readonly unknown[]): boolean {
  return typeof at === 'string' && new Date(at).toISOString() === at && Number.isSafeInteger(id);
}

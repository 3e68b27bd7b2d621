import {
  type Case,
  type Customer,
  type Message,
  type Page,
  ProblemError,
  type QueueItem,
  type Session,
} from '@mevrik/protocol';
import { and, desc, eq, inArray, lt, ne } from 'drizzle-orm';
import type { Reader } from '../db/database.ts';
import { toCase, toCustomer, toMessage, toQueueItem, toSession } from '../db/models.ts';
import { beforeId, type ListRequest, toListPage } from '../db/page.ts';
import { cases, customers, messages, queueItems, sessions } from '../db/schema.ts';

/** The messages of a conversation across its sessions, newest first. Customers never see notes. */
export async function listMessages(
  { orm }: Reader,
  conversationKey: string,
  options: ListRequest & { readonly withNotes: boolean },
): Promise<Page<Message>> {
  const rows = await orm
    .select()
    .from(messages)
    .where(
      and(
        eq(messages.conversationKey, conversationKey),
        lt(messages.id, beforeId(options)),
        ...(options.withNotes ? [] : [ne(messages.kind, 'note')]),
      ),
    )
    .orderBy(desc(messages.id))
    .limit(options.limit + 1);
  return toListPage(rows, options.limit, toMessage);
}

/** The active session of a conversation. */
export async function activeSession({ orm }: Reader, conversationKey: string): Promise<Session | undefined> {
  const [row] = await orm
    .select()
    .from(sessions)
    .where(and(eq(sessions.conversationKey, conversationKey), eq(sessions.status, 'active')));
  return row ? toSession(row) : undefined;
}

/** A session by id. @throws ProblemError `not_found`. */
export async function requireSession({ orm }: Reader, id: number): Promise<Session> {
  const [row] = await orm.select().from(sessions).where(eq(sessions.id, id));
  if (!row) throw new ProblemError('not_found', 'Session not found.');
  return toSession(row);
}

/** A case by id. @throws ProblemError `not_found`. */
export async function requireCase({ orm }: Reader, id: number): Promise<Case> {
  const [row] = await orm
    .select({ case: cases, agentType: sessions.agentType })
    .from(cases)
    .innerJoin(sessions, eq(sessions.id, cases.sessionId))
    .where(eq(cases.id, id));
  if (!row) throw new ProblemError('not_found', 'Case not found.');
  return toCase(row.case, row.agentType);
}

/** A customer by id, or the customer they were merged into. @throws ProblemError `not_found`. */
export async function requireCustomer({ orm }: Reader, id: number): Promise<Customer> {
  const [row] = await orm.select().from(customers).where(eq(customers.id, id));
  if (!row) throw new ProblemError('not_found', 'Customer not found.');
  if (row.mergedInto === null) return toCustomer(row);
  const [merged] = await orm.select().from(customers).where(eq(customers.id, row.mergedInto));
  return toCustomer(merged ?? row);
}

/** The filter of a list of queue items; `appIds` are the apps that the caller may see, `null` for all. */
export interface QueueFilter extends ListRequest {
  readonly appIds: readonly number[] | null;
  readonly status?: QueueItem['status'] | undefined;
  readonly queue?: string | undefined;
}

/** Queue items, newest first. */
export async function listQueueItems({ orm }: Reader, filter: QueueFilter): Promise<Page<QueueItem>> {
  const rows = await orm
    .select()
    .from(queueItems)
    .where(
      and(
        lt(queueItems.id, beforeId(filter)),
        filter.appIds === null ? undefined : inArray(queueItems.appId, [...filter.appIds]),
        filter.status === undefined ? undefined : eq(queueItems.status, filter.status),
        filter.queue === undefined ? undefined : eq(queueItems.queue, filter.queue),
      ),
    )
    .orderBy(desc(queueItems.id))
    .limit(filter.limit + 1);
  return toListPage(rows, filter.limit, toQueueItem);
}

/** The filter of a list of sessions. */
export interface SessionFilter extends ListRequest {
  readonly appIds: readonly number[] | null;
  readonly assignedAgentId?: number | undefined;
  readonly agentType?: Session['agentType'] | undefined;
  readonly status?: Session['status'] | undefined;
}

/** Sessions, newest first. */
export async function listSessions({ orm }: Reader, filter: SessionFilter): Promise<Page<Session>> {
  const rows = await orm
    .select()
    .from(sessions)
    .where(
      and(
        lt(sessions.id, beforeId(filter)),
        filter.appIds === null ? undefined : inArray(sessions.appId, [...filter.appIds]),
        filter.assignedAgentId === undefined
          ? undefined
          : eq(sessions.assignedAgentId, filter.assignedAgentId),
        filter.agentType === undefined ? undefined : eq(sessions.agentType, filter.agentType),
        filter.status === undefined ? undefined : eq(sessions.status, filter.status),
      ),
    )
    .orderBy(desc(sessions.id))
    .limit(filter.limit + 1);
  return toListPage(rows, filter.limit, toSession);
}

import type { AssignedAgent, QueuePosition, Session, TeamAvailability } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import type { Reader } from '../db/database.ts';
import { priorityRank } from '../db/priority-rank.ts';
import { agents } from '../db/schema.ts';
import { type BusinessHours, openingAt } from '../domain/business-hours.ts';
import { estimateMinutes, type Served } from '../domain/waiting-estimate.ts';

/** A waiting session and its position in the queue. */
export interface WaitingSession {
  readonly sessionId: number;
  readonly channel: string;
  readonly queuePosition: QueuePosition;
}

/** A queue of an app. */
export interface QueueKey {
  readonly appId: number;
  readonly queue: string;
}

/** The most sessions of a queue that are notified of their position; later ones are notified as they move up. */
const maxNotified = 1000;
/** The number of recent assignments, at most two hours old, that an estimate uses. */
const maxServed = 21;

/** The waiting sessions of a queue, in order: by priority, then by longest wait. */
export async function listWaiting(
  { sql }: Reader,
  { appId, queue }: QueueKey,
  isServed: boolean,
): Promise<WaitingSession[]> {
  const rows = await sql<{ sessionId: number; channel: string; beganAt: string }[]>`
    SELECT item.session_id AS "sessionId", sessions.channel, item.created_at AS "beganAt"
    FROM queue_items item JOIN sessions ON sessions.id = item.session_id
    WHERE item.app_id = ${appId} AND item.queue = ${queue} AND item.status = 'waiting'
    ORDER BY ${priorityRank(sql, sql`item.priority`)}, item.id
    LIMIT ${maxNotified}`;
  const [first] = rows;
  if (!first) return [];
  const served = isServed ? await lastServed(sql, { appId, queue }) : [];
  const facts = { firstBeganMs: Date.parse(first.beganAt), served, nowMs: Date.now() };
  return rows.map(({ sessionId, channel }, at) => ({
    sessionId,
    channel,
    queuePosition: { position: at + 1, estimateMinutes: estimateMinutes({ position: at + 1, ...facts }) },
  }));
}

/** The queue position of a session; `null` if it is not waiting. */
export async function readQueuePosition(
  { sql }: Reader,
  { id }: Pick<Session, 'id'>,
  isServed: boolean,
): Promise<QueuePosition | null> {
  const [row] = await sql<{ appId: number; queue: string; position: number; firstBeganAt: string }[]>`
    WITH own AS (SELECT * FROM queue_items WHERE session_id = ${id} AND status = 'waiting'),
    line AS (
      SELECT item.id, item.created_at,
             row_number() OVER (ORDER BY ${priorityRank(sql, sql`item.priority`)},
                                         item.id)::int AS position
      FROM own JOIN queue_items item
        ON item.app_id = own.app_id AND item.queue = own.queue AND item.status = 'waiting')
    SELECT own.app_id AS "appId", own.queue, line.position,
           (SELECT created_at FROM line WHERE position = 1) AS "firstBeganAt"
    FROM own JOIN line ON line.id = own.id`;
  if (!row) return null;
  const { position } = row;
  const served = isServed ? await lastServed(sql, row) : [];
  const firstBeganMs = Date.parse(row.firstBeganAt);
  return {
    position,
    estimateMinutes: estimateMinutes({ position, firstBeganMs, served, nowMs: Date.now() }),
  };
}

/** The most recent assignments from a queue; conversations assigned without waiting are left out. */
async function lastServed(sql: Reader['sql'], { appId, queue }: QueueKey): Promise<Served[]> {
  const rows = await sql<{ beganAt: string; takenAt: string }[]>`
    SELECT created_at AS "beganAt", assigned_at AS "takenAt" FROM queue_items
    WHERE app_id = ${appId} AND queue = ${queue} AND assigned_at > now() - interval '2 hours'
      AND assigned_at > created_at
    ORDER BY assigned_at DESC LIMIT ${maxServed}`;
  return rows.map(({ beganAt, takenAt }) => ({ beganMs: Date.parse(beganAt), takenMs: Date.parse(takenAt) }));
}

/** The settings of an app that decide about its availability. */
export interface OpeningSettings {
  readonly businessHours: BusinessHours;
  readonly offline: { readonly form: 'never' | 'closed' | 'unstaffed' };
}

/** Whether the team is available now: by business hours, and by agents online. */
export async function readAvailability(
  database: Reader,
  appId: number,
  { businessHours, offline }: OpeningSettings,
): Promise<TeamAvailability> {
  const opening = openingAt(businessHours, Date.now());
  const staffed = await isStaffed(database, appId);
  const isOffered = offline.form === 'unstaffed' ? !(opening.isOpen && staffed) : !opening.isOpen;
  return { ...opening, isStaffed: staffed, hasOfflineForm: offline.form !== 'never' && isOffered };
}

/** Whether an agent with access to the app is online. */
async function isStaffed({ sql }: Reader, appId: number): Promise<boolean> {
  const [row] = await sql<{ is: boolean }[]>`
    SELECT EXISTS (
      SELECT FROM agents
      WHERE disabled_at IS NULL AND availability = 'online'
        AND (role = 'admin' OR EXISTS (
          SELECT FROM agent_apps WHERE agent_id = agents.id AND app_id = ${appId}))) AS is`;
  return row?.is ?? false;
}

/** The agent a session is assigned to, as the customer sees them. */
export async function readAssignedAgent(
  { orm }: Reader,
  { assignedAgentId }: Pick<Session, 'assignedAgentId'>,
): Promise<AssignedAgent | null> {
  if (assignedAgentId === null) return null;
  const [row] = await orm
    .select({ name: agents.name, availability: agents.availability })
    .from(agents)
    .where(eq(agents.id, assignedAgentId));
  return row ?? null;
}

/** The sessions assigned to an agent. */
export function listAssignedSessions(
  { sql }: Reader,
  agentId: number,
): PromiseLike<readonly { readonly id: number; readonly appId: number }[]> {
  return sql<{ id: number; appId: number }[]>`
    SELECT session_id AS id, app_id AS "appId" FROM queue_items
    WHERE status = 'assigned' AND assigned_agent_id = ${agentId} LIMIT 500`;
}

/** The queues of an app with waiting conversations. */
export async function listWaitingQueues({ sql }: Reader, appId: number): Promise<string[]> {
  const rows = await sql<{ queue: string }[]>`
    SELECT DISTINCT queue FROM queue_items WHERE app_id = ${appId} AND status = 'waiting'`;
  return rows.map(({ queue }) => queue);
}

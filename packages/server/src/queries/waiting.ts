import type { AssignedAgent, QueuePosition, Session, TeamAvailability } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import type { Database } from '../db/database.ts';
import { agents } from '../db/schema.ts';
import { type BusinessHours, openingAt } from '../domain/business-hours.ts';
import { estimateMinutes, type Served } from '../domain/waiting-estimate.ts';

/** A conversation that waits, and where in line it stands. */
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

/** So many are told how far they have come; who stands behind them learns it as they come nearer. */
const longestLine = 1000;
/** An estimate looks at so many of the last ones that were served, and no further back than two hours. */
const servedCount = 21;

/** Who waits in a queue, the first one first: the most urgent, then whoever has waited longest. */
export async function listWaiting(
  { sql }: Database,
  { appId, queue }: QueueKey,
  isServed: boolean,
): Promise<WaitingSession[]> {
  const rows = await sql<{ sessionId: number; channel: string; beganAt: string }[]>`
    SELECT item.session_id AS "sessionId", sessions.channel, item.created_at AS "beganAt"
    FROM queue_items item JOIN sessions ON sessions.id = item.session_id
    WHERE item.app_id = ${appId} AND item.queue = ${queue} AND item.status = 'waiting'
    ORDER BY array_position(ARRAY['urgent', 'high', 'normal', 'low'], item.priority), item.id
    LIMIT ${longestLine}`;
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

/** Where in line a session stands; `null` where it does not wait. */
export async function readQueuePosition(
  { sql }: Database,
  { id }: Pick<Session, 'id'>,
  isServed: boolean,
): Promise<QueuePosition | null> {
  const [row] = await sql<{ appId: number; queue: string; position: number; firstBeganAt: string }[]>`
    WITH own AS (SELECT * FROM queue_items WHERE session_id = ${id} AND status = 'waiting'),
    line AS (
      SELECT item.id, item.created_at,
             row_number() OVER (ORDER BY array_position(ARRAY['urgent', 'high', 'normal', 'low'], item.priority),
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

/** The last ones that were taken out of a queue; what went to an agent at once never waited. */
async function lastServed(sql: Database['sql'], { appId, queue }: QueueKey): Promise<Served[]> {
  const rows = await sql<{ beganAt: string; takenAt: string }[]>`
    SELECT created_at AS "beganAt", assigned_at AS "takenAt" FROM queue_items
    WHERE app_id = ${appId} AND queue = ${queue} AND assigned_at > now() - interval '2 hours'
      AND assigned_at > created_at
    ORDER BY assigned_at DESC LIMIT ${servedCount}`;
  return rows.map(({ beganAt, takenAt }) => ({ beganMs: Date.parse(beganAt), takenMs: Date.parse(takenAt) }));
}

/** What of an app's settings says when people are there. */
export interface OpeningSettings {
  readonly businessHours: BusinessHours;
  readonly offline: { readonly form: 'never' | 'closed' | 'unstaffed' };
}

/** Whether people are there now: by the app's hours, and at its desk. */
export async function readAvailability(
  database: Database,
  appId: number,
  { businessHours, offline }: OpeningSettings,
): Promise<TeamAvailability> {
  const opening = openingAt(businessHours, Date.now());
  const staffed = await isStaffed(database, appId);
  const isOffered = offline.form === 'unstaffed' ? !(opening.isOpen && staffed) : !opening.isOpen;
  return { ...opening, isStaffed: staffed, hasOfflineForm: offline.form !== 'never' && isOffered };
}

/** Whether anybody who may serve an app is online. */
async function isStaffed({ sql }: Database, appId: number): Promise<boolean> {
  const [row] = await sql<{ is: boolean }[]>`
    SELECT EXISTS (
      SELECT FROM agents
      WHERE disabled_at IS NULL AND availability = 'online'
        AND (role = 'admin' OR EXISTS (
          SELECT FROM agent_apps WHERE agent_id = agents.id AND app_id = ${appId}))) AS is`;
  return row?.is ?? false;
}

/** The agent who serves a session, as the customer sees them. */
export async function readAssignedAgent(
  { orm }: Database,
  { assignedAgentId }: Pick<Session, 'assignedAgentId'>,
): Promise<AssignedAgent | null> {
  if (assignedAgentId === null) return null;
  const [row] = await orm
    .select({ name: agents.name, availability: agents.availability })
    .from(agents)
    .where(eq(agents.id, assignedAgentId));
  return row ?? null;
}

/** The conversations that an agent serves. */
export function listAssignedSessions(
  { sql }: Database,
  agentId: number,
): PromiseLike<readonly { readonly id: number; readonly appId: number }[]> {
  return sql<{ id: number; appId: number }[]>`
    SELECT session_id AS id, app_id AS "appId" FROM queue_items
    WHERE status = 'assigned' AND assigned_agent_id = ${agentId} LIMIT 500`;
}

/** The queues of an app in which somebody waits. */
export async function listWaitingQueues({ sql }: Database, appId: number): Promise<string[]> {
  const rows = await sql<{ queue: string }[]>`
    SELECT DISTINCT queue FROM queue_items WHERE app_id = ${appId} AND status = 'waiting'`;
  return rows.map(({ queue }) => queue);
}

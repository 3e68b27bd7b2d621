import type { Sql } from '../db/sql.ts';
import { firstIdAt } from '../log/event-ids.ts';

/** How long events are kept, in days. */
export interface EventRetention {
  /** In the log; 0: as long as conversations. */
  readonly logDays: number;
  /** In the archive, counted from the event; 0: they are not archived. */
  readonly archiveDays: number;
  /** Conversations of apps without a period of their own; 0: for good. */
  readonly conversationDays: number;
}

/** Which events of an app leave the log now, and which leave the archive. */
export interface AppRetention {
  readonly appId: number;
  /** Events with smaller ids leave the log. */
  readonly logBefore: string;
  /** Of those, events with smaller ids are deleted instead of archived. */
  readonly archiveBefore: string;
}

const dayMs = 86_400_000;

/**
 * The retention of each app whose events are not kept for good. They contain what customers wrote, so that an app's
 * period for conversations limits how long they are kept, in the log and in the archive. Whole days (UTC) leave the log.
 * In random order, so that each app gets its turn even if no run reaches the last one.
 */
export async function readRetention(
  sql: Sql,
  { logDays, archiveDays, conversationDays }: EventRetention,
  now: number,
): Promise<readonly AppRetention[]> {
  const apps = await sql<{ id: number; days: number }[]>`
    SELECT id, coalesce((settings ->> 'conversationRetentionDays')::int, ${conversationDays}) AS days
    FROM apps ORDER BY random()`;
  return apps.flatMap(({ id, days }) => {
    const kept = shorterPeriod(logDays, days);
    if (kept === 0) return [];
    const archived = archiveDays === 0 ? kept : Math.max(kept, shorterPeriod(archiveDays, days));
    return [{ appId: id, logBefore: idOfDay(now, kept), archiveBefore: idOfDay(now, archived) }];
  });
}

/** The longest period in the log of all apps, in days; `null`: events of some app are kept for good. */
export async function longestInLog(
  sql: Sql,
  { logDays, conversationDays }: EventRetention,
): Promise<number | null> {
  const periods = await sql<{ days: number }[]>`
    SELECT DISTINCT coalesce((settings ->> 'conversationRetentionDays')::int, ${conversationDays}) AS days FROM apps`;
  const kept = periods.map(({ days }) => shorterPeriod(logDays, days));
  return kept.includes(0) ? null : Math.max(0, ...kept);
}

/** The shorter of two periods, where 0 is without end. */
function shorterPeriod(one: number, two: number): number {
  return one === 0 || two === 0 ? Math.max(one, two) : Math.min(one, two);
}

/** The smallest id of the day that began so many days ago. */
function idOfDay(now: number, days: number): string {
  return firstIdAt(startOfDay(now - days * dayMs));
}

/** When a day (UTC) began, in milliseconds since 1970. */
function startOfDay(at: number): number {
  return at - (at % dayMs);
}

/** When the day (UTC) after an instant begins. */
export function endOfDay(at: number): number {
  return startOfDay(at) + dayMs;
}

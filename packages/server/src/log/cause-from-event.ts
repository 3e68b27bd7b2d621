import type { Sql } from '../db/sql.ts';
import type { Cause } from './raise.ts';

/** The cause to use for work that is done later because of an event. */
export async function causeFromEvent(sql: Sql, eventId: string): Promise<Cause> {
  const [event] = await sql<{ correlation_id: string; traceparent: string | null }[]>`
    SELECT correlation_id, traceparent FROM events WHERE id = ${eventId}`;
  return {
    correlationId: event?.correlation_id ?? null,
    causationId: eventId,
    traceparent: event?.traceparent ?? null,
    socketId: null,
  };
}

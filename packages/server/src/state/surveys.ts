import { and, eq, sql } from 'drizzle-orm';
import { csatSurveys } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';

/** The survey of a session that is unanswered and has not expired. */
export async function openSurvey(
  tx: Tx,
  sessionId: number,
): Promise<typeof csatSurveys.$inferSelect | undefined> {
  const [row] = await tx.orm
    .select()
    .from(csatSurveys)
    .where(
      and(
        eq(csatSurveys.sessionId, sessionId),
        eq(csatSurveys.status, 'sent'),
        sql`${csatSurveys.expiresAt} > now()`,
      ),
    );
  return row;
}

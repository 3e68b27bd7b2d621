import type { CannedReply } from '@mevrik/protocol';
import { eq, sql } from 'drizzle-orm';
import type { Reader } from '../db/database.ts';
import { cannedReplies } from '../db/schema.ts';

/** The canned replies of an app, ordered by shortcut. */
export function listCannedReplies({ orm }: Reader, appId: number): Promise<CannedReply[]> {
  return orm
    .select()
    .from(cannedReplies)
    .where(eq(cannedReplies.appId, appId))
    .orderBy(sql`lower(${cannedReplies.shortcut})`);
}

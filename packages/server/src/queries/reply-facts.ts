import type { Reader } from '../db/database.ts';

/** The facts that decide whether and where a conversation can be answered. */
export interface ReplyFacts {
  /** When the customer last wrote; `null` if never. */
  readonly writtenAt: string | null;
  /** The comment to answer, and its post; `null` in a private conversation. */
  readonly social: {
    readonly platform: string;
    readonly commentId?: string;
    readonly postId?: string;
    readonly postUrl?: string;
    readonly post?: { readonly text: string | null; readonly imageUrl: string | null };
  } | null;
  /** When the comment was written; `null` without a comment. */
  readonly commentedAt: string | null;
  /** Whether the comment was answered privately. */
  readonly isAnsweredPrivately: boolean;
}

/** The reply facts of these sessions. */
export async function readReplyFacts(
  { sql }: Reader,
  sessionIds: readonly number[],
): Promise<ReadonlyMap<number, ReplyFacts>> {
  if (sessionIds.length === 0) return new Map();
  const rows = await sql<({ id: string } & ReplyFacts)[]>`
    SELECT sessions.id, last_message.created_at AS "writtenAt", social_context AS social,
           (SELECT created_at FROM messages
            WHERE conversation_key = sessions.conversation_key
              AND external_id = social_context ->> 'commentId') AS "commentedAt",
           social_context ? 'commentId' AND EXISTS (
             SELECT FROM deliveries
             WHERE conversation_key = sessions.conversation_key AND status <> 'failed'
               AND comment ->> 'visibility' = 'private'
               AND comment ->> 'id' = social_context ->> 'commentId') AS "isAnsweredPrivately"
    FROM sessions
    LEFT JOIN LATERAL (
      SELECT created_at FROM messages
      WHERE conversation_key = sessions.conversation_key AND NOT is_reply
      ORDER BY messages.id DESC LIMIT 1) last_message ON true
    WHERE sessions.id = ANY (${[...sessionIds]}::bigint[])`;
  return new Map(
    rows.map(({ id, writtenAt, commentedAt, social, isAnsweredPrivately }) => [
      Number(id),
      {
        writtenAt: writtenAt && new Date(writtenAt).toISOString(),
        commentedAt: commentedAt && new Date(commentedAt).toISOString(),
        social,
        isAnsweredPrivately: isAnsweredPrivately ?? false,
      },
    ]),
  );
}

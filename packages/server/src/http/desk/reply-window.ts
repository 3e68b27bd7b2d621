import type { CommentContext, ConversationRow, ReplyWindow } from '@mevrik/protocol';
import type { AppDirectory, ChannelProfile } from '../../apps/app-directory.ts';
import { senderFor } from '../../channels/index.ts';
import { privateReplyHours } from '../../channels/meta/reply-window.ts';
import type { Database } from '../../db/database.ts';
import type { StoredConversation } from '../../queries/desk.ts';
import { type ReplyFacts, readReplyFacts } from '../../queries/reply-facts.ts';

const hourMs = 3_600_000;

interface Needs {
  readonly database: Database;
  readonly apps: AppDirectory;
}

/** Conversations with until when they can be answered, and the comments that they are about. */
export async function withReplyWindows(
  { database, apps }: Needs,
  rows: readonly StoredConversation[],
): Promise<ConversationRow[]> {
  const facts = await readReplyFacts(
    database,
    rows.map(({ session }) => session.id),
  );
  return Promise.all(rows.map((row) => complete(apps, row, facts.get(row.session.id))));
}

/** The same for one. */
export async function withReplyWindow(deps: Needs, row: StoredConversation): Promise<ConversationRow> {
  const { id } = row.session;
  return complete(deps.apps, row, (await readReplyFacts(deps.database, [id])).get(id));
}

async function complete(
  apps: AppDirectory,
  row: StoredConversation,
  facts: ReplyFacts | undefined,
): Promise<ConversationRow> {
  const { appId, channel, createdAt } = row.session;
  const comment = facts?.social ? commentOf(facts) : null;
  const profile = (await apps.byId(appId))?.channels.get(channel);
  // Under a comment everybody may be answered at any time.
  return { ...row, comment, replyWindow: comment ? null : windowOf(profile, facts?.writtenAt ?? createdAt) };
}

function windowOf(channel: ChannelProfile | undefined, writtenAt: string): ReplyWindow | null {
  const sender = channel && senderFor(channel.kind);
  if (sender?.delivers !== 'by-sending') return null;
  const hours = sender.capabilities.replyWindowHours;
  if (hours === null) return null;
  return {
    closesAt: later(writtenAt, hours),
    closesForAgentsAt: later(writtenAt, sender.agentWindowHours?.(channel?.settings ?? {}) ?? hours),
  };
}

function commentOf({ social, commentedAt, isAnsweredPrivately }: ReplyFacts): CommentContext {
  return {
    platform: social?.platform ?? '',
    commentId: social?.commentId ?? null,
    postId: social?.postId ?? null,
    postUrl: social?.postUrl ?? null,
    post: social?.post ?? null,
    privateReply:
      commentedAt === null
        ? null
        : { isUsed: isAnsweredPrivately, closesAt: later(commentedAt, privateReplyHours) },
  };
}

function later(instant: string, hours: number): string {
  return new Date(Date.parse(instant) + hours * hourMs).toISOString();
}

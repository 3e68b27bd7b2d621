import type { CommentContext, ConversationRow, ReplyWindow } from '@mevrik/protocol';
import type { AppDirectory } from '../../apps/app-directory.ts';
import type { ChannelOutlet } from '../../channels/channel.ts';
import type { ChannelRegistry } from '../../channels/registry.ts';
import type { Database } from '../../db/database.ts';
import type { StoredConversation } from '../../queries/desk.ts';
import { type ReplyFacts, readReplyFacts } from '../../queries/reply-facts.ts';

const hourMs = 3_600_000;

/** What reply windows are read from. */
interface ReplyWindowDeps {
  readonly database: Database;
  readonly channels: ChannelRegistry;
  readonly apps: AppDirectory;
}

/** Conversations with until when they can be answered, and the comments that they are about. */
export async function withReplyWindows(
  deps: ReplyWindowDeps,
  rows: readonly StoredConversation[],
): Promise<ConversationRow[]> {
  const facts = await readReplyFacts(
    deps.database,
    rows.map(({ session }) => session.id),
  );
  return Promise.all(rows.map((row) => complete(deps, row, facts.get(row.session.id))));
}

/** The same for one. */
export async function withReplyWindow(
  deps: ReplyWindowDeps,
  row: StoredConversation,
): Promise<ConversationRow> {
  const { id } = row.session;
  return complete(deps, row, (await readReplyFacts(deps.database, [id])).get(id));
}

async function complete(
  { apps, channels }: ReplyWindowDeps,
  row: StoredConversation,
  facts: ReplyFacts | undefined,
): Promise<ConversationRow> {
  const { appId, channel, createdAt } = row.session;
  const profile = (await apps.byId(appId))?.channels.get(channel);
  const sender = profile && channels.senderFor(profile.kind);
  const outlet = sender?.delivers === 'by-sending' ? sender : undefined;
  const comment = facts?.social ? commentOf(facts, outlet) : null;
  // A comment can be answered publicly at any time.
  return {
    ...row,
    comment,
    replyWindow: comment ? null : windowOf(outlet, profile?.settings, facts?.writtenAt ?? createdAt),
  };
}

function windowOf(
  outlet: ChannelOutlet | undefined,
  settings: unknown,
  writtenAt: string,
): ReplyWindow | null {
  const hours = outlet?.capabilities.replyWindowHours;
  if (!outlet || hours === undefined || hours === null) return null;
  return {
    closesAt: later(writtenAt, hours),
    closesForAgentsAt: later(writtenAt, outlet.agentWindowHours?.(settings ?? {}) ?? hours),
  };
}

/** Used where the channel sets no limit of its own. */
const defaultPrivateReplyHours = 7 * 24;

function commentOf(
  { social, commentedAt, isAnsweredPrivately }: ReplyFacts,
  outlet: ChannelOutlet | undefined,
): CommentContext {
  const hours = outlet?.privateReplyHours ?? defaultPrivateReplyHours;
  return {
    platform: social?.platform ?? '',
    commentId: social?.commentId ?? null,
    postId: social?.postId ?? null,
    postUrl: social?.postUrl ?? null,
    post: social?.post ?? null,
    privateReply:
      commentedAt === null ? null : { isUsed: isAnsweredPrivately, closesAt: later(commentedAt, hours) },
  };
}

function later(instant: string, hours: number): string {
  return new Date(Date.parse(instant) + hours * hourMs).toISOString();
}

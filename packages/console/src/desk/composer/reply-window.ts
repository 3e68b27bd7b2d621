import type { ConversationRow } from '../../shared/sdk.ts';

/** How long the channel still takes replies. */
export interface ReplyWindowState {
  readonly state: 'closed' | 'open' | 'soon';
  /** Milliseconds that are left, or since it is over. */
  readonly ms: number;
}

/** So much before the end it is time to hurry. */
const soonMs = 2 * 3_600_000;

/** How long an agent can still reply in a conversation; nothing where they always can. */
export function replyWindowState(
  row: Pick<ConversationRow, 'replyWindow'>,
  now: number,
): ReplyWindowState | undefined {
  if (!row.replyWindow) return undefined;
  const left = Date.parse(row.replyWindow.closesForAgentsAt) - now;
  if (left <= 0) return { state: 'closed', ms: -left };
  return { state: left < soonMs ? 'soon' : 'open', ms: left };
}

/** Why a comment cannot be answered privately; nothing where it can. */
export function privateReplyBlocker(row: Pick<ConversationRow, 'comment'>, now: number): string | undefined {
  const { privateReply } = row.comment ?? {};
  if (!privateReply) return 'There is no comment to reply to privately.';
  if (privateReply.isUsed) return 'A private reply can be sent only once, and it was already sent.';
  if (Date.parse(privateReply.closesAt) <= now) return 'The comment is too old for a private reply.';
  return undefined;
}

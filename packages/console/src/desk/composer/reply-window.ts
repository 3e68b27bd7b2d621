import type { ConversationRow } from '../../shared/sdk.ts';

/** The remaining time of the channel's reply window. */
export interface ReplyWindowState {
  readonly state: 'closed' | 'open' | 'soon';
  /** Milliseconds left, or since it closed. */
  readonly ms: number;
}

/** The window is "soon" to close in its last two hours. */
const soonMs = 2 * 3_600_000;

/** The state of a conversation's reply window; `undefined` if the channel has none. */
export function replyWindowState(
  row: Pick<ConversationRow, 'replyWindow'>,
  now: number,
): ReplyWindowState | undefined {
  if (!row.replyWindow) return undefined;
  const left = Date.parse(row.replyWindow.closesForAgentsAt) - now;
  if (left <= 0) return { state: 'closed', ms: -left };
  return { state: left < soonMs ? 'soon' : 'open', ms: left };
}

/** Why a comment cannot get a private reply; `undefined` if it can. */
export function privateReplyBlocker(row: Pick<ConversationRow, 'comment'>, now: number): string | undefined {
  const { privateReply } = row.comment ?? {};
  if (!privateReply) return 'There is no comment to reply to privately.';
  if (privateReply.isUsed) return 'A private reply can be sent only once, and it was already sent.';
  if (Date.parse(privateReply.closesAt) <= now) return 'The comment is too old for a private reply.';
  return undefined;
}

import type { OutboundMessage } from '../channel.ts';
import { undeliverable } from '../channel-error.ts';

const hourMs = 3_600_000;
/** After the customer's last message everything may be said for so long. */
export const replyWindowHours = 24;
/** How long people may answer where Meta has granted the tag. */
const humanWindowHours = 7 * 24;

/** Hours after the customer's last message in which people may write. */
export function agentWindowHours(hasHumanAgentTag: boolean): number {
  return hasHumanAgentTag ? humanWindowHours : replyWindowHours;
}

/** How long after a comment it may be answered privately. */
export const privateReplyHours = 7 * 24;

/** @throws ChannelError where a comment is too old for a private answer. */
export function assertPrivateReply({ silentMs }: Pick<OutboundMessage, 'silentMs'>): void {
  if (silentMs !== null && silentMs < privateReplyHours * hourMs) return;
  throw undeliverable('A comment can be answered privately for seven days, and these are over.');
}

/**
 * What a message must say of itself, by how long the customer has been silent.
 * @throws ChannelError where nothing may be sent any more.
 */
export function permission(
  product: string,
  { silentMs, sender }: Pick<OutboundMessage, 'silentMs' | 'sender'>,
  hasHumanAgentTag: boolean,
): Readonly<Record<string, unknown>> {
  const hours = silentMs === null ? Number.POSITIVE_INFINITY : silentMs / hourMs;
  if (hours < replyWindowHours) return { messaging_type: 'RESPONSE' };
  if (sender === 'agent' && hasHumanAgentTag && hours < humanWindowHours) {
    return { messaging_type: 'MESSAGE_TAG', tag: 'HUMAN_AGENT' };
  }
  const time = sender === 'agent' && hasHumanAgentTag ? 'seven days' : '24 hours';
  throw undeliverable(
    `The customer has not written for ${time}: ${product} takes no message to them until they do.`,
  );
}

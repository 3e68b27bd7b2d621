import type { OutboundMessage } from '../channel.ts';
import { undeliverable } from '../channel-error.ts';

const hourMs = 3_600_000;
/** Hours after the customer's last message in which any message may be sent. */
export const replyWindowHours = 24;
/** Hours in which agents may reply if Meta has granted the Human Agent tag. */
const humanWindowHours = 7 * 24;

/** Hours after the customer's last message in which agents may reply. */
export function agentWindowHours(hasHumanAgentTag: boolean): number {
  return hasHumanAgentTag ? humanWindowHours : replyWindowHours;
}

/** Hours after a comment in which it can be answered privately. */
export const privateReplyHours = 7 * 24;

/** @throws ChannelError if the comment is too old for a private reply. */
export function assertPrivateReply({ silentMs }: Pick<OutboundMessage, 'silentMs'>): void {
  if (silentMs !== null && silentMs < privateReplyHours * hourMs) return;
  throw undeliverable('The comment is more than seven days old, so it can no longer be answered privately.');
}

/**
 * The messaging type of a message, by how long the customer has been silent.
 *
 * @throws ChannelError if the reply window has closed.
 */
export function messagingType(
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
    `The customer has not written for ${time}: ${product} accepts no messages to them until they write again.`,
  );
}

import type { Verdict } from '@mevrik/protocol';
import { authorOf } from './agents.ts';
import { secondsBetween } from './elapsed.ts';
import type { DiagnosedChannel, DiagnosedReply, DiagnosisFacts } from './facts.ts';
import { conversationLink, link } from './links.ts';

/** Why a reply has not reached the customer; `null` if it has. */
export function deliveryVerdict(facts: DiagnosisFacts, reply: DiagnosedReply): Verdict | null {
  const { message, deliveries } = reply;
  const [last] = deliveries;
  const hasFailed = last ? last.status === 'failed' : message.deliveryStatus === 'failed';
  if (hasFailed) return failedVerdict(facts, reply);
  const isOpen = last?.status === 'queued' || last?.status === 'sending';
  return isOpen ? pendingVerdict(facts, reply) : null;
}

function failedVerdict(facts: DiagnosisFacts, reply: DiagnosedReply): Verdict {
  const { channel, now } = facts;
  const { message, deliveries } = reply;
  const [last] = deliveries;
  const author = authorOf(reply);
  const error = last?.error ?? reply.error;
  if (last === undefined && message.sender.type !== 'agent') {
    return { code: 'withheld', tone: 'bad', facts: { author, error }, links: [conversationLink(facts)] };
  }
  const links = [link('deliveries', message.id)];
  if (isWindowClosed(channel, reply, last?.finishedAt ?? now)) {
    return {
      code: 'reply_window_closed',
      tone: 'bad',
      facts: { author, channel: channel.name, hours: null, error },
      links,
    };
  }
  return { code: 'delivery_failed', tone: 'bad', facts: { author, channel: channel.name, error }, links };
}

function pendingVerdict({ channel, app, now }: DiagnosisFacts, reply: DiagnosedReply): Verdict {
  const { message, deliveries } = reply;
  const author = authorOf(reply);
  const delivery = link('deliveries', message.id);
  if (channel.isDown) {
    return {
      code: 'channel_down',
      tone: 'bad',
      facts: { author, channel: channel.name, error: channel.reason },
      links: [link('channels', channel.name), delivery],
    };
  }
  if (!channel.exists || !channel.isEnabled || !app.isEnabled) {
    return {
      code: 'channel_off',
      tone: 'bad',
      facts: { author, channel: channel.name, app: app.isEnabled ? null : app.name },
      links: [link('app', message.appId), delivery],
    };
  }
  return {
    code: 'delivery_waiting',
    tone: 'waiting',
    facts: {
      author,
      channel: channel.name,
      seconds: secondsBetween(message.createdAt, now),
      error: deliveries[0]?.error ?? null,
      isPaused: channel.pausedUntil !== null,
    },
    links: [delivery],
  };
}

/** Whether the channel accepted no more replies to this customer at an instant. */
function isWindowClosed({ window }: DiagnosedChannel, reply: DiagnosedReply, atIso: string): boolean {
  if (!window) return false;
  const hours = reply.message.sender.type === 'agent' ? window.hoursForAgents : window.hours;
  return windowClosesAt(reply.writtenAt, hours) < Date.parse(atIso);
}

/** When the reply window closes, in milliseconds since 1970, for a customer who last wrote at an instant. */
export function windowClosesAt(writtenAt: string | null, hours: number): number {
  return writtenAt === null ? Number.NEGATIVE_INFINITY : Date.parse(writtenAt) + hours * 3_600_000;
}

import type { Verdict } from '@mevrik/protocol';
import { authorOf } from './agents.ts';
import { secondsBetween } from './elapsed.ts';
import type { DiagnosedChannel, DiagnosedReply, DiagnosisFacts } from './facts.ts';
import { conversationLink, link } from './links.ts';

/** Why a reply has not reached the customer; `null` if it has. */
export function deliveryVerdict(facts: DiagnosisFacts, answer: DiagnosedReply): Verdict | null {
  const { message, deliveries } = answer;
  const [last] = deliveries;
  const hasFailed = last ? last.status === 'failed' : message.deliveryStatus === 'failed';
  if (hasFailed) return failedVerdict(facts, answer);
  const isOpen = last?.status === 'queued' || last?.status === 'sending';
  return isOpen ? pendingVerdict(facts, answer) : null;
}

function failedVerdict(facts: DiagnosisFacts, answer: DiagnosedReply): Verdict {
  const { channel, now } = facts;
  const { message, deliveries } = answer;
  const [last] = deliveries;
  const author = authorOf(answer);
  const error = last?.error ?? answer.error;
  if (last === undefined && message.sender.type !== 'agent') {
    return { code: 'withheld', tone: 'bad', facts: { author, error }, links: [conversationLink(facts)] };
  }
  const links = [link('deliveries', message.id)];
  if (isWindowClosed(channel, answer, last?.finishedAt ?? now)) {
    return {
      code: 'reply_window_closed',
      tone: 'bad',
      facts: { author, channel: channel.name, hours: null, error },
      links,
    };
  }
  return { code: 'delivery_failed', tone: 'bad', facts: { author, channel: channel.name, error }, links };
}

function pendingVerdict({ channel, app, now }: DiagnosisFacts, answer: DiagnosedReply): Verdict {
  const { message, deliveries } = answer;
  const author = authorOf(answer);
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
function isWindowClosed({ window }: DiagnosedChannel, answer: DiagnosedReply, atIso: string): boolean {
  if (!window) return false;
  const hours = answer.message.sender.type === 'agent' ? window.hoursForAgents : window.hours;
  return windowClosesAt(answer.writtenAt, hours) < Date.parse(atIso);
}

/** When the reply window closes, in milliseconds since 1970, for a customer who last wrote at an instant. */
export function windowClosesAt(writtenAt: string | null, hours: number): number {
  return writtenAt === null ? Number.NEGATIVE_INFINITY : Date.parse(writtenAt) + hours * 3_600_000;
}

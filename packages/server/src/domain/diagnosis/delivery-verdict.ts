import type { Verdict } from '@mevrik/protocol';
import type { Answer, ChannelFacts, DiagnosisFacts } from './facts.ts';
import { howLong, link } from './words.ts';

/** What became of a reply on its way out; `null` where it got through. */
export function whyNotThrough(facts: DiagnosisFacts, answer: Answer): Verdict | null {
  const { message, deliveries, error } = answer;
  const { channel } = facts;
  const who = authorOf(answer);
  const last = deliveries[0];
  const links = [link('deliveries', 'Its delivery', message.id)];
  const failed = last ? last.status === 'failed' : message.deliveryStatus === 'failed';
  if (failed) {
    const reason = last?.error ?? error ?? 'no reason was noted';
    if (last === undefined && message.sender.type !== 'agent') {
      return {
        code: 'withheld',
        tone: 'bad',
        sentence: `${who} was not sent: ${withoutDot(reason)}.`,
        advice: 'If the customer should hear something, an agent has to write it.',
        links: [conversation(facts)],
      };
    }
    if (isWindowClosed(channel, answer, last?.finishedAt ?? facts.now)) {
      return {
        code: 'reply_window_closed',
        tone: 'bad',
        sentence: `${who} came too late for ${channel.name}: ${withoutDot(reason)}.`,
        advice:
          'Nothing can be sent there until the customer writes again. Reach them another way, by phone or mail.',
        links,
      };
    }
    return {
      code: 'delivery_failed',
      tone: 'bad',
      sentence: `${who} did not get through to the customer on ${channel.name}: ${withoutDot(reason)}.`,
      advice: 'Mend what the provider complains of, then send it again from its delivery or at the desk.',
      links,
    };
  }
  if (!last || !['queued', 'sending'].includes(last.status)) return null;
  return stillWaiting(facts, answer, links);
}

function stillWaiting(facts: DiagnosisFacts, answer: Answer, links: Verdict['links']): Verdict {
  const { channel, app, now } = facts;
  const who = authorOf(answer);
  const [last] = answer.deliveries;
  const channels = link('channels', 'Channels', channel.name);
  if (channel.isDown) {
    return {
      code: 'channel_down',
      tone: 'bad',
      sentence: `${who} is written, but ${channel.name} is down, so it waits: ${withoutDot(channel.reason ?? 'the provider takes nothing')}.`,
      advice:
        'Mend the channel (its token, most likely). What waits is sent by itself as soon as it is up again.',
      links: [channels, ...links],
    };
  }
  if (!channel.isThere || !channel.isEnabled || !app.isEnabled) {
    const what = app.isEnabled ? `the channel ${channel.name}` : app.name;
    return {
      code: 'channel_off',
      tone: 'bad',
      sentence: `${who} is written, but ${what} is switched off, so it waits.`,
      advice: `Switch ${what} on again: what waits is sent within a minute.`,
      links: [link('app', 'Settings of the app', answer.message.appId), ...links],
    };
  }
  const why = last?.error ? ` The last attempt failed: ${withoutDot(last.error)}.` : '';
  const paused = channel.pausedUntil === null ? '' : ' The provider wants us to wait a little.';
  return {
    code: 'delivery_waiting',
    tone: 'waiting',
    sentence: `${who} is on its way to ${channel.name} for ${howLong(answer.message.createdAt, now)}.${why}${paused}`,
    advice: last?.error ? 'It is tried again by itself; the delivery says when.' : null,
    links,
  };
}

/** Whether the channel took nothing to this customer any more at an instant. */
function isWindowClosed(channel: ChannelFacts, answer: Answer, atIso: string): boolean {
  const { window } = channel;
  if (!window) return false;
  const hours = answer.message.sender.type === 'agent' ? window.hoursForAgents : window.hours;
  return windowClosesAt(answer.writtenAt, hours) < Date.parse(atIso);
}

/** When a channel takes nothing to a customer any more who has last written then. */
export function windowClosesAt(writtenAt: string | null, hours: number): number {
  return writtenAt === null ? Number.NEGATIVE_INFINITY : Date.parse(writtenAt) + hours * 3_600_000;
}

/** `Kim’s answer`, `The bot’s answer`. */
export function authorOf({ message: { sender } }: Pick<Answer, 'message'>): string {
  if (sender.type === 'agent') return `${sender.name ?? 'An agent'}’s answer`;
  return sender.type === 'bot' ? 'The bot’s answer' : 'The automatic notice';
}

/** A reason as a part of a sentence. */
export function withoutDot(text: string): string {
  return text.trim().replace(/\.+$/, '');
}

/** The conversation at the desk. */
export function conversation({ session }: Pick<DiagnosisFacts, 'session'>) {
  return link('conversation', 'The conversation', session.id);
}

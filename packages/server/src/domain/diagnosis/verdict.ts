import type { Verdict } from '@mevrik/protocol';
import { agentName, authorOf } from './agents.ts';
import { deliveryVerdict, windowClosesAt } from './delivery-verdict.ts';
import { secondsBetween } from './elapsed.ts';
import {
  answeringListener,
  type DiagnosedReply,
  type DiagnosisFacts,
  type ListenerResult,
  type QueueFacts,
} from './facts.ts';
import { conversationLink, link } from './links.ts';
import { queueLinks, queueReason, waitingFacts } from './queue-reason.ts';

/** Decides why a message was or was not answered; for a reply, whether it reached the customer. */
export function verdictOf(facts: DiagnosisFacts): Verdict {
  if (facts.self) return replyVerdict(facts, facts.self);
  return (
    unhandledVerdict(facts, answeringListener) ??
    answeredVerdict(facts) ??
    missingVerdict(facts) ??
    discardedVerdict(facts, answeringListener) ??
    unansweredVerdict(facts)
  );
}

function replyVerdict(facts: DiagnosisFacts, self: DiagnosedReply): Verdict {
  const { message, channel } = facts;
  if (message.kind === 'note') return { code: 'note', tone: 'plain', facts: {}, links: [] };
  const failed =
    unhandledVerdict(facts, 'DeliverReply') ??
    discardedVerdict(facts, 'DeliverReply') ??
    deliveryVerdict(facts, self);
  if (failed) return failed;
  const [last] = self.deliveries;
  const status = last?.status ?? message.deliveryStatus;
  const state = status === 'read' || status === 'delivered' ? status : last ? 'sent' : 'shown';
  return {
    code: 'delivered',
    tone: 'good',
    facts: { author: authorOf(self), channel: channel.name, state },
    links: last ? [link('deliveries', message.id)] : [],
  };
}

/** Why a listener has not handled the message; `null` if it has. */
function unhandledVerdict(facts: DiagnosisFacts, listener: string): Verdict | null {
  const { listenerResults } = facts;
  const results = listenerResults.filter((one) => one.listener === listener);
  const parked = results.find(({ outcome }) => outcome === 'dead' || outcome === 'parked');
  if (parked) return parkedVerdict(facts, parked);
  const pending = results.find(({ outcome }) => outcome === 'pending');
  return pending ? pendingVerdict(facts, pending) : null;
}

/** That nothing is known of what listeners did, because the event was archived or deleted; `null` if the log has it. */
function missingVerdict(facts: DiagnosisFacts): Verdict | null {
  if (facts.event) return null;
  const links = [link('archive', facts.message.createdAt), conversationLink(facts)];
  return { code: 'event_missing', tone: 'plain', facts: {}, links };
}

/** Who discarded the event for a listener that failed; `null` if it was not discarded. */
function discardedVerdict({ now, listenerResults }: DiagnosisFacts, listener: string): Verdict | null {
  const discarded = listenerResults.find((one) => one.listener === listener && one.outcome === 'discarded');
  if (!discarded) return null;
  const { discardedBy, finishedAt, error, eventId } = discarded;
  const seconds = finishedAt === null ? null : secondsBetween(finishedAt, now);
  return {
    code: 'listener_discarded',
    tone: 'bad',
    facts: { listener, discardedBy, seconds, error },
    links: [link('event', eventId)],
  };
}

function parkedVerdict({ app, blockedBy, message }: DiagnosisFacts, parked: ListenerResult): Verdict {
  const { listener, outcome, error, eventId } = parked;
  const links = [link('dead_letters', eventId), link('event', eventId)];
  if (!app.isEnabled) {
    return {
      code: 'app_disabled',
      tone: 'bad',
      facts: { app: app.name },
      links: [link('app', message.appId), ...links],
    };
  }
  if (blockedBy) {
    return {
      code: 'listener_blocked',
      tone: 'bad',
      facts: { listener },
      links: [link('earlier_event', blockedBy.eventId), ...links],
    };
  }
  return outcome === 'dead'
    ? { code: 'listener_dead', tone: 'bad', facts: { listener, error }, links }
    : { code: 'listener_retrying', tone: 'waiting', facts: { listener, error }, links };
}

function pendingVerdict({ now, event }: DiagnosisFacts, pending: ListenerResult): Verdict {
  const { listener, pausedBecause, lag, eventId } = pending;
  const links = [link('listeners', listener), link('event', eventId)];
  if (pausedBecause !== null) {
    return { code: 'listener_paused', tone: 'bad', facts: { listener, reason: pausedBecause }, links };
  }
  const seconds = event ? secondsBetween(event.occurredAt, now) : null;
  return { code: 'not_yet_handled', tone: 'waiting', facts: { listener, seconds, lag }, links };
}

/** Who answered the message; `null` if it was not answered, or if the bot's reply led on to an agent. */
function answeredVerdict(facts: DiagnosisFacts): Verdict | null {
  const { message, survey, isAutomaticEmail, replies, channel, app, queue } = facts;
  const links = [conversationLink(facts)];
  const byAgent = replies.find((one) => one.message.sender.type === 'agent');
  if (byAgent) {
    const agent = byAgent.message.sender.name ?? null;
    const seconds = secondsBetween(message.createdAt, byAgent.message.createdAt);
    return (
      deliveryVerdict(facts, byAgent) ?? { code: 'answered', tone: 'good', facts: { agent, seconds }, links }
    );
  }
  if (survey?.isThis) {
    return { code: 'survey_answered', tone: 'good', facts: { score: survey.score }, links };
  }
  if (isAutomaticEmail && !queue) return { code: 'automatic_email', tone: 'plain', facts: {}, links };
  const byBot = replies.find((one) => one.isConsequence && one.message.sender.type === 'bot');
  if (!byBot || queue) return null;
  return (
    deliveryVerdict(facts, byBot) ?? {
      code: 'answered_by_bot',
      tone: 'good',
      facts: { bot: app.bot, app: app.name, channel: channel.name },
      links,
    }
  );
}

function unansweredVerdict(facts: DiagnosisFacts): Verdict {
  const { turn, queue, session, app, channel, now } = facts;
  const links = [conversationLink(facts)];
  const closed = windowVerdict(facts);
  if (closed) return closed;
  if (turn?.status === 'waiting') {
    return { code: 'bot_waiting', tone: 'waiting', facts: { app: app.name }, links: [link('bot')] };
  }
  if (queue?.item.status === 'waiting') return queueVerdict(facts, queue);
  if (queue?.item.status === 'assigned') return silentAgentVerdict(facts, queue);
  if (queue || facts.case?.status === 'closed') return closedCaseVerdict(facts);
  if (session.status !== 'active' || Date.parse(session.expiresAt) < Date.parse(now)) {
    return { code: 'session_closed', tone: 'bad', facts: {}, links };
  }
  if (!channel.isEnabled && channel.exists) {
    return {
      code: 'channel_off',
      tone: 'bad',
      facts: { author: null, channel: channel.name, app: null },
      links: [link('app')],
    };
  }
  return { code: 'bot_silent', tone: 'bad', facts: {}, links: [link('bot'), ...links] };
}

function silentAgentVerdict(facts: DiagnosisFacts, { item, assignedAt }: QueueFacts): Verdict {
  const agent = facts.agents.find((one) => one.agentId === item.assignedAgentId);
  return {
    code: 'agent_silent',
    tone: 'bad',
    facts: {
      agent: agent?.name ?? null,
      seconds: secondsBetween(assignedAt ?? item.createdAt, facts.now),
      availability: agent?.availability ?? null,
    },
    links: [conversationLink(facts), link('agents')],
  };
}

function queueVerdict(facts: DiagnosisFacts, queue: QueueFacts): Verdict {
  const { turn, app, isHandedOver } = facts;
  const reason = queueReason(facts, queue);
  const hasBotFailed = turn?.status === 'failed';
  const isExpected = reason.code === 'queue_closed' || reason.code === 'queue_not_accepted';
  return {
    code: hasBotFailed ? 'bot_failed' : reason.code,
    tone: isExpected && !hasBotFailed ? 'waiting' : 'bad',
    facts: {
      waiting: waitingFacts(facts, queue),
      reason,
      byBot: isHandedOver && queue.item.reason === 'handover',
      failedBot: hasBotFailed ? app.name : null,
    },
    links: [...(hasBotFailed ? [link('bot')] : []), ...queueLinks(facts, reason), conversationLink(facts)],
  };
}

function closedCaseVerdict(facts: DiagnosisFacts): Verdict {
  const closed = facts.case;
  return {
    code: 'closed_unanswered',
    tone: 'bad',
    facts: {
      closedBy: closed?.closedBy ?? null,
      agent: agentName(facts, closed?.assignedAgentId ?? null),
      disposition: closed?.disposition ?? null,
    },
    links: [conversationLink(facts)],
  };
}

/** A closed reply window outweighs every other reason: no reply can be sent any more. */
function windowVerdict(facts: DiagnosisFacts): Verdict | null {
  const { channel, writtenAt, now } = facts;
  const hours = channel.window?.hoursForAgents;
  if (hours === undefined || windowClosesAt(writtenAt, hours) > Date.parse(now)) return null;
  return {
    code: 'reply_window_closed',
    tone: 'bad',
    facts: { author: null, channel: channel.name, hours, error: null },
    links: [conversationLink(facts)],
  };
}

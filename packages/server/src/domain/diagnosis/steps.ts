import type { Delivery, DeliveryAttempt, DiagnosisStep, DiagnosisTone } from '@mevrik/protocol';
import { agentName, authorOf } from './agents.ts';
import { secondsBetween } from './elapsed.ts';
import type { DiagnosedReply, DiagnosisFacts, ListenerResult, QueueFacts } from './facts.ts';
import { link } from './links.ts';
import { queueReason, waitingFacts } from './queue-reason.ts';

/** A long conversation would be repeated for each of its messages: only the first replies are shown. */
const maxReplies = 5;
/** A reply can be retried many times: only its last attempts are shown. */
const maxAttempts = 5;

/** The history of a message, oldest first; steps that have not happened yet come last. */
export function stepsOf(facts: DiagnosisFacts): DiagnosisStep[] {
  const { self, replies } = facts;
  const steps = [
    ...arrivalSteps(facts),
    ...facts.listenerResults.map(listenerStep),
    ...(self ? deliverySteps(self) : [...botSteps(facts), ...queueSteps(facts), ...firstReplySteps(facts)]),
    ...replies.slice(0, maxReplies).flatMap((reply) => [replyStep(facts, reply), ...deliverySteps(reply)]),
    ...(self ? [] : endSteps(facts)),
  ];
  return steps.sort((a, b) => timeOf(a) - timeOf(b));
}

const timeOf = ({ at }: DiagnosisStep) => (at === null ? Number.POSITIVE_INFINITY : Date.parse(at));

function arrivalSteps({ message, webhookEvent, event, channel }: DiagnosisFacts): DiagnosisStep[] {
  const { id, customer, sender, isReply, sessionId } = message;
  const steps: DiagnosisStep[] = [];
  if (webhookEvent) {
    steps.push({
      code: 'provider_received',
      tone: 'plain',
      at: webhookEvent.receivedAt,
      facts: { provider: webhookEvent.provider },
      link: link('webhook_events', webhookEvent.id),
    });
  }
  const author = isReply
    ? { type: sender.type, name: sender.name ?? null, id: sender.id ?? null }
    : { type: sender.type, name: customer.name, id: customer.id };
  steps.push({
    code: 'message_written',
    tone: 'plain',
    at: message.createdAt,
    facts: { author, channel: channel.name, isReply, messageId: id, sessionId },
    link: link('conversation', sessionId),
  });
  if (event) {
    steps.push({
      code: 'event_logged',
      tone: 'plain',
      at: event.occurredAt,
      facts: {},
      link: link('event', event.id),
    });
  }
  return steps;
}

function listenerStep(result: ListenerResult): DiagnosisStep {
  const { listener, outcome, finishedAt, durationMs, attempt, error, discardedBy, eventId } = result;
  switch (outcome) {
    case 'done':
      return {
        code: 'listener_done',
        tone: 'good',
        at: finishedAt,
        facts: { listener, durationMs, attempt },
        link: null,
      };
    case 'skipped':
      return { code: 'listener_skipped', tone: 'plain', at: finishedAt, facts: { listener }, link: null };
    case 'discarded':
      return {
        code: 'listener_discarded',
        tone: 'bad',
        at: finishedAt,
        facts: { listener, discardedBy, error },
        link: link('event', eventId),
      };
    case 'pending':
      return pendingStep(result);
    default:
      return {
        code: outcome === 'dead' ? 'listener_dead' : 'listener_retrying',
        tone: outcome === 'dead' ? 'bad' : 'waiting',
        at: finishedAt,
        facts: { listener, error },
        link: link('dead_letters', eventId),
      };
  }
}

function pendingStep({ listener, pausedBecause }: ListenerResult): DiagnosisStep {
  const to = link('listeners', listener);
  return pausedBecause === null
    ? { code: 'listener_pending', tone: 'waiting', at: null, facts: { listener }, link: to }
    : {
        code: 'listener_paused',
        tone: 'bad',
        at: null,
        facts: { listener, reason: pausedBecause },
        link: to,
      };
}

const turnCodes = {
  waiting: { code: 'bot_asked', tone: 'waiting' },
  answered: { code: 'bot_answered', tone: 'good' },
  failed: { code: 'bot_failed', tone: 'bad' },
} as const;

function botSteps({ turn, app, isHandedOver, queue, case: opened }: DiagnosisFacts): DiagnosisStep[] {
  const steps: DiagnosisStep[] = [];
  if (turn) {
    const { code, tone } = turnCodes[turn.status];
    steps.push({ code, tone, at: turn.createdAt, facts: { app: app.name }, link: link('bot') });
  }
  if (isHandedOver && queue) {
    const by = queue.item.reason === 'handover' ? 'bot' : 'rule';
    steps.push({
      code: 'handed_over',
      tone: 'plain',
      at: queue.item.createdAt,
      facts: { by, subject: opened?.subject ?? null },
      link: link(by === 'bot' ? 'bot' : 'routing_rules'),
    });
  }
  return steps;
}

function queueSteps(facts: DiagnosisFacts): DiagnosisStep[] {
  const { queue } = facts;
  if (!queue) return [];
  const { item, assignedAt } = queue;
  const { createdAt, priority, skills } = item;
  const queued: DiagnosisStep = {
    code: 'queued',
    tone: 'plain',
    at: createdAt,
    facts: { queue: item.queue, priority, skills },
    link: null,
  };
  if (item.status === 'waiting') return [queued, inQueueStep(facts, queue)];
  if (assignedAt === null) return [queued];
  const assigned: DiagnosisStep = {
    code: 'assigned',
    tone: 'good',
    at: assignedAt,
    facts: { agent: agentName(facts, item.assignedAgentId), seconds: secondsBetween(createdAt, assignedAt) },
    link: null,
  };
  return [queued, assigned];
}

function inQueueStep(facts: DiagnosisFacts, queue: QueueFacts): DiagnosisStep {
  return {
    code: 'in_queue',
    tone: 'waiting',
    at: null,
    facts: { waiting: waitingFacts(facts, queue), reason: queueReason(facts, queue) },
    link: link('agents'),
  };
}

/** When the first reply is or was due, while it is missing. */
function firstReplySteps({
  queue,
  firstReplyDueAt,
  replies,
  now,
  ...facts
}: DiagnosisFacts): DiagnosisStep[] {
  const hasReply = replies.some(({ message }) => message.sender.type === 'agent');
  if (!queue || firstReplyDueAt === null || hasReply || facts.case?.status !== 'open') return [];
  const isOverdue = Date.parse(firstReplyDueAt) < Date.parse(now);
  const seconds = isOverdue ? secondsBetween(firstReplyDueAt, now) : secondsBetween(now, firstReplyDueAt);
  return [
    {
      code: 'first_reply_due',
      tone: isOverdue ? 'bad' : 'waiting',
      at: isOverdue ? firstReplyDueAt : null,
      facts: { isOverdue, seconds },
      link: null,
    },
  ];
}

function replyStep(facts: DiagnosisFacts, reply: DiagnosedReply): DiagnosisStep {
  const { id, createdAt, text, deliveryStatus } = reply.message;
  const seconds = secondsBetween(facts.message.createdAt, createdAt);
  return {
    code: 'replied',
    tone: deliveryStatus === 'failed' ? 'bad' : 'good',
    at: createdAt,
    facts: { author: authorOf(reply), seconds, text, messageId: id },
    link: link('message', id),
  };
}

function deliverySteps(reply: DiagnosedReply): DiagnosisStep[] {
  const { message, deliveries, error } = reply;
  if (deliveries.length === 0 && message.deliveryStatus === 'failed') {
    const facts = { author: authorOf(reply), error };
    return [{ code: 'reply_not_sent', tone: 'bad', at: message.createdAt, facts, link: null }];
  }
  return deliveries.flatMap((delivery) => [
    ...delivery.attempts.slice(-maxAttempts).map((attempt) => attemptStep(reply, delivery, attempt)),
    ...deliveryEnd(reply, delivery),
  ]);
}

const attemptTones: Readonly<Record<DeliveryAttempt['outcome'], DiagnosisTone>> = {
  open: 'waiting',
  sent: 'good',
  temporary: 'waiting',
  permanent: 'bad',
  channel_down: 'bad',
  doubtful: 'waiting',
};

function attemptStep(
  reply: DiagnosedReply,
  { messageId, channel }: Delivery,
  { outcome, error, startedAt, finishedAt }: DeliveryAttempt,
): DiagnosisStep {
  return {
    code: 'delivery_attempt',
    tone: attemptTones[outcome],
    at: finishedAt ?? startedAt,
    facts: { author: authorOf(reply), channel, outcome, error },
    link: link('deliveries', messageId),
  };
}

function deliveryEnd(reply: DiagnosedReply, delivery: Delivery): DiagnosisStep[] {
  const { status, channel, error, finishedAt, attempts } = delivery;
  const facts = { author: authorOf(reply), channel, error };
  if (status === 'queued' || status === 'sending') {
    return [{ code: 'delivery_waiting', tone: 'waiting', at: null, facts, link: null }];
  }
  // A permanent rejection already has a step of its own.
  if (status === 'failed' && attempts.at(-1)?.outcome !== 'permanent') {
    return [{ code: 'delivery_failed', tone: 'bad', at: finishedAt, facts, link: null }];
  }
  if (status === 'delivered' || status === 'read') {
    return [
      { code: 'delivery_confirmed', tone: 'good', at: finishedAt, facts: { state: status }, link: null },
    ];
  }
  return [];
}

function endSteps({ case: opened, survey, session }: DiagnosisFacts): DiagnosisStep[] {
  const steps: DiagnosisStep[] = [];
  if (opened?.status === 'closed' && opened.closedAt !== null) {
    const { id: caseId, closedBy, closedAt, disposition } = opened;
    const facts = { caseId, closedBy, disposition };
    steps.push({ code: 'case_closed', tone: 'plain', at: closedAt, facts, link: null });
  }
  if (survey) {
    const { answeredAt, score } = survey;
    steps.push({ code: 'survey_answered', tone: 'good', at: answeredAt, facts: { score }, link: null });
  }
  if (session.status === 'expired') {
    steps.push({ code: 'session_expired', tone: 'plain', at: session.expiresAt, facts: {}, link: null });
  }
  return steps;
}

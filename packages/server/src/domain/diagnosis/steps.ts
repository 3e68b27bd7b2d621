import type { Delivery, DeliveryAttempt, DiagnosisStep } from '@mevrik/protocol';
import { authorOf } from './delivery-verdict.ts';
import { type Answer, type DiagnosisFacts, type HeardBy, hub } from './facts.ts';
import { whereItWaits, whyNobody } from './queue-verdict.ts';
import { howLong, link, nameOf } from './words.ts';

/** Tells what happened to a message, oldest first; what has not happened yet comes last. */
export function stepsOf(facts: DiagnosisFacts): DiagnosisStep[] {
  const steps = [
    ...arrival(facts),
    ...facts.heardBy.map(listenerStep),
    ...(facts.self ? deliverySteps(facts.self) : []),
    ...(facts.self ? [] : [...botSteps(facts), ...queueSteps(facts)]),
    ...facts.answers
      .slice(0, answersTold)
      .flatMap((answer) => [replyStep(facts, answer), ...deliverySteps(answer)]),
    ...ending(facts),
  ];
  return steps.sort((a, b) => timeOf(a) - timeOf(b));
}

/** A conversation that goes on for long is not retold for each of its messages. */
const answersTold = 5;

const timeOf = ({ at }: DiagnosisStep) => (at === null ? Number.POSITIVE_INFINITY : Date.parse(at));

function arrival({ message, update, event, channel }: DiagnosisFacts): DiagnosisStep[] {
  const { customer, sender, isReply } = message;
  const who = isReply ? (sender.name ?? sender.type) : (customer.name ?? `Customer ${customer.id}`);
  return [
    ...(update
      ? [
          step('arrived', 'plain', update.receivedAt, `${update.provider} told us of it`, null, {
            link: link('webhook-events', `Update ${update.id}`, update.id),
          }),
        ]
      : []),
    step(
      'received',
      'plain',
      message.createdAt,
      isReply ? `${who} wrote it` : `${who} wrote it on ${channel.name}`,
      `Message ${message.id}, stored in conversation ${message.sessionId}.`,
      { link: link('conversation', 'The conversation', message.sessionId) },
    ),
    ...(event
      ? [
          step('event', 'plain', event.occurredAt, 'Its event was written to the log', null, {
            link: link('event', 'The whole story of the event', event.id),
          }),
        ]
      : []),
  ];
}

function listenerStep(heard: HeardBy): DiagnosisStep {
  const { listener, outcome, finishedAt, durationMs, attempt, error, pausedBecause, eventId } = heard;
  const name = listener === hub ? `${listener} (who answers?)` : listener;
  const tries = attempt !== null && attempt > 1 ? `, at attempt ${attempt}` : '';
  switch (outcome) {
    case 'done':
      return step(
        'listener',
        'good',
        finishedAt,
        `${name} took it up`,
        durationMs === null
          ? null
          : `In ${durationMs < 1 ? 'less than a millisecond' : `${Math.round(durationMs)} ms`}${tries}.`,
      );
    case 'skipped':
      return step('listener', 'plain', finishedAt, `${name} had nothing to do`, null);
    case 'discarded':
      return step('listener', 'bad', finishedAt, `${heard.discardedBy} discarded it for ${name}`, error, {
        link: link('event', 'The whole story of the event', eventId),
      });
    case 'pending':
      return step(
        'listener',
        pausedBecause === null ? 'waiting' : 'bad',
        null,
        pausedBecause === null ? `${name} has not come to it yet` : `${name} is paused`,
        pausedBecause,
        { link: link('listeners', 'Listeners', listener) },
      );
    default:
      return step(
        'listener',
        outcome === 'dead' ? 'bad' : 'waiting',
        finishedAt,
        outcome === 'dead' ? `${name} gave up` : `${name} failed, and tries again`,
        error,
        { link: link('dead_letters', 'Dead letters', eventId) },
      );
  }
}

function botSteps({ turn, app, isHandedOver, queue, case: opened }: DiagnosisFacts): DiagnosisStep[] {
  const steps: DiagnosisStep[] = [];
  if (turn) {
    const title =
      turn.status === 'failed'
        ? `The bot of ${app.name} did not answer`
        : turn.status === 'waiting'
          ? `The bot of ${app.name} was asked`
          : `The bot of ${app.name} answered`;
    const tone = turn.status === 'failed' ? 'bad' : turn.status === 'waiting' ? 'waiting' : 'good';
    steps.push(step('bot', tone, turn.createdAt, title, null, { link: link('app', 'The bot of the app') }));
  }
  if (isHandedOver && queue) {
    const byRule = queue.item.reason !== 'handover';
    steps.push(
      step(
        'bot',
        'plain',
        queue.item.createdAt,
        byRule ? 'A routing rule sent it to a person' : 'The bot called a person',
        opened?.subject ?? null,
        { link: link('app', byRule ? 'Routing rules of the app' : 'The bot of the app') },
      ),
    );
  }
  return steps;
}

function queueSteps(facts: DiagnosisFacts): DiagnosisStep[] {
  const { queue } = facts;
  if (!queue) return [];
  const { item, assignedAt } = queue;
  const steps = [
    step(
      'queue',
      'plain',
      item.createdAt,
      `It was put into the queue “${item.queue}”`,
      [
        item.priority === 'normal' ? '' : `Its priority is ${item.priority}.`,
        item.skills.length === 0 ? '' : `It needs ${item.skills.join(', ')}.`,
      ]
        .filter(Boolean)
        .join(' ') || null,
    ),
  ];
  if (item.status === 'waiting') {
    const { why } = whyNobody(facts, queue);
    steps.push(
      step(
        'queue',
        'waiting',
        null,
        `It waits ${whereItWaits(facts, queue)}`,
        `${why[0]?.toUpperCase()}${why.slice(1)}.`,
        {
          link: link('agents', 'Agents'),
        },
      ),
    );
  } else if (assignedAt !== null) {
    const name = nameOf(facts, item.assignedAgentId);
    steps.push(
      step(
        'assigned',
        'good',
        assignedAt,
        `${name} got the conversation`,
        `After ${howLong(item.createdAt, assignedAt)}.`,
      ),
    );
  }
  const due = facts.firstReplyDueAt;
  const isAnswered = facts.answers.some(({ message }) => message.sender.type === 'agent');
  if (due !== null && !isAnswered && facts.case?.status === 'open') {
    const isLate = Date.parse(due) < Date.parse(facts.now);
    const text = isLate
      ? `A first answer was due ${howLong(due, facts.now)} ago`
      : `A first answer is due in ${howLong(facts.now, due)}`;
    steps.push(step('case', isLate ? 'bad' : 'waiting', isLate ? due : null, text, null));
  }
  return steps;
}

function replyStep(facts: DiagnosisFacts, answer: Answer): DiagnosisStep {
  const { message } = answer;
  const after = howLong(facts.message.createdAt, message.createdAt);
  return step(
    'reply',
    message.deliveryStatus === 'failed' ? 'bad' : 'good',
    message.createdAt,
    `${authorOf(answer)}, after ${after}`,
    message.text,
    { link: link('message', `Message ${message.id}`, message.id) },
  );
}

const attemptWords: Readonly<Record<DeliveryAttempt['outcome'], readonly [DiagnosisStep['tone'], string]>> = {
  open: ['waiting', 'is being sent'],
  sent: ['good', 'was taken by the provider'],
  temporary: ['waiting', 'did not get through, and is tried again'],
  permanent: ['bad', 'was refused for good'],
  channel_down: ['bad', 'was not sent: the channel was down'],
  doubtful: ['waiting', 'may have arrived: the provider did not say'],
};

/** Of a message that is tried again and again its last attempts are told. */
const attemptsTold = 5;

function deliverySteps(answer: Answer): DiagnosisStep[] {
  if (answer.deliveries.length === 0) {
    return answer.message.deliveryStatus === 'failed'
      ? [step('delivery', 'bad', answer.message.createdAt, `${authorOf(answer)} was not sent`, answer.error)]
      : [];
  }
  return answer.deliveries.flatMap((delivery) => [
    ...delivery.attempts.slice(-attemptsTold).map((attempt) => attemptStep(answer, delivery, attempt)),
    ...endOfDelivery(answer, delivery),
  ]);
}

function attemptStep(
  answer: Answer,
  { messageId, channel }: Delivery,
  attempt: DeliveryAttempt,
): DiagnosisStep {
  const [tone, words] = attemptWords[attempt.outcome];
  return step(
    'delivery',
    tone,
    attempt.finishedAt ?? attempt.startedAt,
    `${authorOf(answer)} ${words} (${channel})`,
    attempt.error,
    { link: link('deliveries', 'Its delivery', messageId) },
  );
}

function endOfDelivery(
  answer: Answer,
  { status, channel, error, finishedAt, attempts, nextAttemptAt }: Delivery,
): DiagnosisStep[] {
  if (status === 'queued' || status === 'sending') {
    const title = `${authorOf(answer)} waits to be sent (${channel})`;
    return [step('delivery', 'waiting', null, title, nextAttemptAt === null ? error : (error ?? null))];
  }
  if (status === 'failed' && attempts.at(-1)?.outcome !== 'permanent') {
    return [step('delivery', 'bad', finishedAt, `${authorOf(answer)} was given up (${channel})`, error)];
  }
  if (status === 'delivered' || status === 'read') {
    const title = status === 'read' ? 'The customer has read it' : 'It has reached the customer';
    return [step('delivery', 'good', finishedAt, title, null)];
  }
  return [];
}

function ending({ case: opened, survey, session, self }: DiagnosisFacts): DiagnosisStep[] {
  if (self) return [];
  const steps: DiagnosisStep[] = [];
  if (opened?.status === 'closed' && opened.closedAt !== null) {
    const how = opened.closedBy === 'timeout' ? 'was closed by time-out' : 'was closed';
    const why = opened.disposition === null ? null : `As “${opened.disposition}”.`;
    steps.push(step('case', 'plain', opened.closedAt, `Case #${opened.id} ${how}`, why));
  }
  if (survey) {
    steps.push(step('survey', 'good', survey.answeredAt, `The customer gave ${survey.score} of 5`, null));
  }
  if (session.status === 'expired') {
    steps.push(
      step(
        'session',
        'plain',
        session.expiresAt,
        'The session was over',
        'Nothing was written for too long.',
      ),
    );
  }
  return steps;
}

function step(
  what: DiagnosisStep['what'],
  tone: DiagnosisStep['tone'],
  at: string | null,
  title: string,
  detail: string | null,
  more: { readonly link?: DiagnosisStep['link'] } = {},
): DiagnosisStep {
  return { at, what, tone, title, detail, link: more.link ?? null };
}

import type { Verdict, VerdictCode } from '@mevrik/protocol';
import { authorOf, conversation, whyNotThrough, windowClosesAt, withoutDot } from './delivery-verdict.ts';
import { type Answer, type DiagnosisFacts, type HeardBy, hub, type QueuePlace } from './facts.ts';
import { whereItWaits, whyNobody } from './queue-verdict.ts';
import { howLong, link, nameOf } from './words.ts';

/** Says in a sentence what became of a message, why, and what to do. */
export function verdictOf(facts: DiagnosisFacts): Verdict {
  if (facts.self) return verdictOfReply(facts, facts.self);
  return notHandled(facts) ?? answered(facts) ?? discarded(facts) ?? notAnswered(facts);
}

function verdictOfReply(facts: DiagnosisFacts, self: Answer): Verdict {
  const { message } = facts;
  if (message.kind === 'note') {
    return say('note', 'plain', 'This is a note for colleagues: customers never see it.', null);
  }
  const stuck = notHandled(facts, 'DeliverReply') ?? discarded(facts, 'DeliverReply');
  if (stuck) return stuck;
  const fault = whyNotThrough(facts, self);
  if (fault) return fault;
  const [last] = self.deliveries;
  const state = last?.status ?? message.deliveryStatus;
  const how =
    state === 'read'
      ? 'the customer has read it'
      : state === 'delivered'
        ? 'it has reached the customer'
        : last
          ? `${facts.channel.name} has taken it`
          : 'it was shown to the customer on the page, or is when they come back';
  return say('delivered', 'good', `${authorOf(self)} got through: ${how}.`, null, [
    ...(last ? [link('deliveries', 'Its delivery', message.id)] : []),
  ]);
}

/** Why the message has not even come as far as whoever answers it; `null` where it has. */
function notHandled(facts: DiagnosisFacts, by: string = hub): Verdict | null {
  const { event, heardBy } = facts;
  if (!event) {
    return say(
      'event_missing',
      'plain',
      'The event of this message is not in the log any more, so nobody can tell what was made of it.',
      null,
      [conversation(facts)],
    );
  }
  const relevant = heardBy.filter(({ listener }) => listener === by);
  const stuck = relevant.find(({ outcome }) => outcome === 'dead' || outcome === 'parked');
  if (stuck) return notHandledBy(facts, stuck);
  const pending = relevant.find(({ outcome }) => outcome === 'pending');
  return pending ? stillPending(facts, pending) : null;
}

/** Who has taken it from the listener that failed at it; `null` where nobody has. */
function discarded({ now, heardBy }: DiagnosisFacts, by: string = hub): Verdict | null {
  const given = heardBy.find(({ listener, outcome }) => listener === by && outcome === 'discarded');
  if (!given) return null;
  const { listener, discardedBy, finishedAt, error, eventId } = given;
  const when = finishedAt === null ? '' : ` ${howLong(finishedAt, now)} ago`;
  const why = error === null ? '' : `, after it had failed: ${withoutDot(error)}`;
  return say(
    'listener_discarded',
    'bad',
    `${discardedBy} discarded it${when} for the step that answers messages (${listener})${why}.`,
    'If it should be answered after all, run its event again.',
    [link('event', 'Its event', eventId)],
  );
}

function notHandledBy({ app, blockedBy }: DiagnosisFacts, stuck: HeardBy): Verdict {
  const { listener, outcome, error, eventId } = stuck;
  const links = [link('dead_letters', 'Dead letters', eventId), link('event', 'Its event', eventId)];
  if (!app.isEnabled) {
    return say(
      'app_disabled',
      'bad',
      `${app.name} is switched off, so nothing is made of its messages.`,
      'Switch the app on again, then retry the message among the dead letters.',
      [link('app', 'The app'), ...links],
    );
  }
  if (blockedBy) {
    return say(
      'listener_blocked',
      'bad',
      `It waits behind an earlier message of the same conversation that ${listener} could not handle.`,
      'Retry or discard the earlier one: this one follows by itself.',
      [link('event', 'The earlier event', blockedBy.eventId), ...links],
    );
  }
  const why = withoutDot(error ?? 'no reason was noted');
  if (outcome === 'dead') {
    return say(
      'listener_dead',
      'bad',
      `The step that answers messages (${listener}) failed at it and gave up: ${why}.`,
      'Mend the cause, then retry it among the dead letters; or discard it there.',
      links,
    );
  }
  return say(
    'listener_retrying',
    'waiting',
    `The step that answers messages (${listener}) failed at it, and tries again by itself: ${why}.`,
    'If it keeps failing it ends among the dead letters, where a person can retry or edit it.',
    links,
  );
}

function stillPending(
  { now, event }: DiagnosisFacts,
  { listener, pausedBecause, lag, eventId }: HeardBy,
): Verdict {
  const links = [link('listeners', 'Listeners', listener), link('event', 'Its event', eventId)];
  if (pausedBecause !== null) {
    return say(
      'listener_paused',
      'bad',
      `The step that answers messages (${listener}) is paused, so nothing is answered: ${withoutDot(pausedBecause)}.`,
      'Look at what made it pause, then resume the listener.',
      links,
    );
  }
  const since = event ? howLong(event.occurredAt, now) : 'some time';
  return say(
    'not_yet_handled',
    'waiting',
    `It waits for ${since} to be handled; ${listener} has ${lag === 1 ? 'one event' : `${lag} events`} before it.`,
    'If this lasts, look at the health of event processing on the overview.',
    links,
  );
}

/** Who answered it; `null` where nobody has, or where the answer leads on to a person. */
function answered(facts: DiagnosisFacts): Verdict | null {
  const { message, survey, isAutomaticMail, answers, channel } = facts;
  const byAgent = answers.find((one) => one.message.sender.type === 'agent');
  if (byAgent) {
    const fault = whyNotThrough(facts, byAgent);
    if (fault) return fault;
    const after = howLong(message.createdAt, byAgent.message.createdAt);
    return say(
      'answered',
      'good',
      `It was answered by ${byAgent.message.sender.name ?? 'an agent'} after ${after}.`,
      null,
      [conversation(facts)],
    );
  }
  if (survey?.isThis) {
    const text = `It was the answer to a survey: ${survey.score} of 5.`;
    return say('survey_answered', 'good', text, null, [conversation(facts)]);
  }
  if (isAutomaticMail && !facts.queue) {
    const text = 'A machine wrote it, such as an absence notice: machines are not answered by machines.';
    return say('automatic_mail', 'plain', text, 'If it needs an answer, write one at the desk.', [
      conversation(facts),
    ]);
  }
  const byBot = answers.find((one) => one.isConsequence && one.message.sender.type === 'bot');
  if (!byBot || facts.queue) return null;
  const fault = whyNotThrough(facts, byBot);
  if (fault) return fault;
  const bot = facts.app.bot === 'http' ? `the bot of ${facts.app.name}` : 'the bot';
  return say('answered_by_bot', 'good', `It was answered by ${bot} on ${channel.name}.`, null, [
    conversation(facts),
  ]);
}

function notAnswered(facts: DiagnosisFacts): Verdict {
  const { turn, queue, session, app, channel } = facts;
  const closed = windowOver(facts);
  if (closed) return closed;
  if (turn?.status === 'waiting') {
    return say(
      'bot_waiting',
      'waiting',
      `The bot of ${app.name} was asked and has not answered yet.`,
      'A bot that does not answer in time is given up, and a person is called.',
      [link('app', 'The bot of the app')],
    );
  }
  if (queue && queue.item.status !== 'done' && queue.item.status !== 'abandoned')
    return inQueue(facts, queue);
  if (queue || facts.case?.status === 'closed') return closedUnanswered(facts);
  if (session.status !== 'active' || Date.parse(session.expiresAt) < Date.parse(facts.now)) {
    return say(
      'session_closed',
      'bad',
      'The session is over, and nobody had answered by then. The customer’s next message begins a new one.',
      'If it still matters, reach out to the customer another way.',
      [conversation(facts)],
    );
  }
  if (!channel.isEnabled && channel.isThere) {
    return say('channel_off', 'bad', `The channel ${channel.name} is switched off.`, 'Switch it on again.', [
      link('app', 'Settings of the app'),
    ]);
  }
  return say(
    'bot_silent',
    'bad',
    'The bot read it and had nothing to say, and called nobody.',
    'Give its flow a fallback, or a rule that calls a person.',
    [link('app', 'The bot of the app'), conversation(facts)],
  );
}

function inQueue(facts: DiagnosisFacts, queue: QueuePlace): Verdict {
  const { turn, now, workers } = facts;
  const { item, assignedAt } = queue;
  if (item.status === 'assigned') {
    const worker = workers.find((one) => one.agentId === item.assignedAgentId);
    const name = nameOf(facts, item.assignedAgentId);
    const since = howLong(assignedAt ?? item.createdAt, now);
    const isGone = worker !== undefined && worker.availability !== 'online';
    return say(
      'agent_silent',
      'bad',
      `${name} has had it for ${since} and has not answered${isGone ? `; ${name} is ${worker.availability} now` : ''}.`,
      isGone
        ? 'Transfer it to somebody who is there.'
        : `Ask ${name}, or transfer it to somebody else at the desk.`,
      [conversation(facts), link('agents', 'Agents')],
    );
  }
  const { code, why, advice, links } = whyNobody(facts, queue);
  const waits = `It waits ${whereItWaits(facts, queue)}: ${why}.`;
  if (turn?.status === 'failed') {
    return say(
      'bot_failed',
      'bad',
      `The bot of ${facts.app.name} did not answer, so a person was called. ${waits}`,
      `Look into why the bot fails. Meanwhile: ${advice}`,
      [link('app', 'The bot of the app'), ...links, conversation(facts)],
    );
  }
  const handed = facts.isHandedOver && item.reason === 'handover' ? 'The bot called a person. ' : '';
  const tone = code === 'queue_closed' || code === 'queue_not_taken' ? 'waiting' : 'bad';
  return say(code, tone, `${handed}${waits}`, advice, [...links, conversation(facts)]);
}

function closedUnanswered(facts: DiagnosisFacts): Verdict {
  const { case: closed } = facts;
  const how =
    closed?.closedBy === 'timeout'
      ? 'because nothing was written for too long'
      : closed?.closedBy === 'agent'
        ? `by ${nameOf(facts, closed.assignedAgentId)}${closed.disposition ? ` as “${closed.disposition}”` : ''}`
        : 'by itself';
  return say(
    'closed_unanswered',
    'bad',
    `The case was closed ${how}, and nobody had answered this message.`,
    'If it still matters, write to the customer, or wait for their next message.',
    [conversation(facts)],
  );
}

/** Where nobody may write any more, that is what matters, whoever should have. */
function windowOver(facts: DiagnosisFacts): Verdict | null {
  const { channel, writtenAt, now } = facts;
  if (!channel.window || windowClosesAt(writtenAt, channel.window.hoursForAgents) > Date.parse(now))
    return null;
  return say(
    'reply_window_closed',
    'bad',
    `Nobody answered in time: ${channel.name} takes no message to a customer who has not written for ${channel.window.hoursForAgents} hours.`,
    'Nothing can be sent there until the customer writes again. Reach them another way, by phone or mail.',
    [conversation(facts)],
  );
}

function say(
  code: VerdictCode,
  tone: Verdict['tone'],
  sentence: string,
  advice: string | null,
  links: Verdict['links'] = [],
): Verdict {
  return { code, tone, sentence, advice, links };
}

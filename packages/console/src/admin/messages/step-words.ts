import type { DiagnosisStep } from '@mevrik/protocol';
import { capitalized } from '../shared/capitalized.ts';
import { replyBy } from './diagnosis-words.ts';
import { queueReasonText, waitingText } from './queue-reason-words.ts';
import { spokenDuration } from './words.ts';

/** What a step of the history says: a title and, where there is more to say, a detail. */
export interface StepWords {
  readonly title: string;
  readonly detail: string | null;
}

type Step<Code extends DiagnosisStep['code']> = Extract<DiagnosisStep, { code: Code }>;

/** Words a step of the history. */
export function stepWords(step: DiagnosisStep): StepWords {
  switch (step.code) {
    case 'provider_received':
      return titled(`Received from ${step.facts.provider}`);
    case 'message_written':
      return messageWords(step.facts);
    case 'event_logged':
      return titled('Event written to the log');
    case 'bot_asked':
      return titled(`Message sent to ${step.facts.app}’s bot`);
    case 'bot_answered':
      return titled(`${step.facts.app}’s bot answered`);
    case 'bot_failed':
      return titled(`${step.facts.app}’s bot did not answer`);
    case 'handed_over': {
      const who = step.facts.by === 'bot' ? 'The bot' : 'A routing rule';
      return titled(`${who} handed over to an agent`, step.facts.subject);
    }
    case 'queued':
      return queuedWords(step.facts);
    case 'in_queue': {
      const reason = queueReasonText(step.facts.reason);
      return titled(waitingText(step.facts.waiting), `${capitalized(reason)}.`);
    }
    case 'assigned':
      return titled(
        `Assigned to ${step.facts.agent ?? 'an agent'}`,
        `After ${spokenDuration(step.facts.seconds)} in the queue.`,
      );
    case 'first_reply_due': {
      const { isOverdue, seconds } = step.facts;
      return titled(
        isOverdue
          ? `First reply is ${spokenDuration(seconds)} overdue`
          : `First reply is due in ${spokenDuration(seconds)}`,
      );
    }
    case 'replied': {
      const { author, seconds, text } = step.facts;
      return titled(`${replyBy(author)}, after ${spokenDuration(seconds)}`, text);
    }
    case 'reply_not_sent':
      return titled(`${replyBy(step.facts.author)} was not sent`, step.facts.error);
    case 'delivery_attempt': {
      const { author, channel, outcome, error } = step.facts;
      return titled(`${replyBy(author)} ${outcomeWords[outcome]} (${channel})`, error);
    }
    case 'delivery_waiting':
      return titled(
        `${replyBy(step.facts.author)} is waiting to be sent (${step.facts.channel})`,
        step.facts.error,
      );
    case 'delivery_failed':
      return titled(
        `${replyBy(step.facts.author)} could not be delivered (${step.facts.channel})`,
        step.facts.error,
      );
    case 'delivery_confirmed':
      return titled(step.facts.state === 'read' ? 'Read by the customer' : 'Delivered to the customer');
    case 'case_closed':
      return caseWords(step.facts);
    case 'survey_answered':
      return titled(`The customer rated ${step.facts.score} out of 5`);
    case 'session_expired':
      return titled('Session ended', 'Due to inactivity.');
    default:
      return listenerWords(step);
  }
}

const outcomeWords: Readonly<Record<Step<'delivery_attempt'>['facts']['outcome'], string>> = {
  open: 'is being sent',
  sent: 'was accepted by the provider',
  temporary: 'failed and will be retried',
  permanent: 'was rejected by the provider',
  channel_down: 'was not sent: the channel was down',
  doubtful: 'may have been delivered: the provider did not respond',
};

function messageWords(facts: Step<'message_written'>['facts']): StepWords {
  const { author, channel, isReply, messageId, sessionId } = facts;
  const who = author.name ?? (author.type === 'customer' ? `Customer ${author.id}` : `The ${author.type}`);
  return titled(
    isReply ? `${who} replied` : `${who} wrote on ${channel}`,
    `Message ${messageId} in session ${sessionId}.`,
  );
}

function queuedWords({ queue, priority, skills }: Step<'queued'>['facts']): StepWords {
  const details = [
    priority === 'normal' ? '' : `Priority: ${priority}.`,
    skills.length === 0 ? '' : `Required skills: ${skills.join(', ')}.`,
  ];
  return titled(`Added to queue “${queue}”`, details.filter(Boolean).join(' ') || null);
}

function caseWords({ caseId, closedBy, disposition }: Step<'case_closed'>['facts']): StepWords {
  const how = closedBy === 'timeout' ? ' due to inactivity' : '';
  return titled(`Case #${caseId} closed${how}`, disposition === null ? null : `Outcome: ${disposition}.`);
}

type ListenerStep = Extract<DiagnosisStep, { facts: { listener: string } }>;

function listenerWords({ code, facts }: ListenerStep): StepWords {
  const { listener } = facts;
  switch (code) {
    case 'listener_done':
      return titled(`${listener} handled the event`, handlingTime(facts));
    case 'listener_skipped':
      return titled(`${listener} had nothing to do`);
    case 'listener_pending':
      return titled(`${listener} has not handled the event yet`);
    case 'listener_paused':
      return titled(`${listener} is paused for this app`, facts.reason);
    case 'listener_discarded':
      return titled(
        `${facts.discardedBy ?? 'An administrator'} discarded the event for ${listener}`,
        facts.error,
      );
    case 'listener_dead':
      return titled(`${listener} failed and is out of retries`, facts.error);
    case 'listener_retrying':
      return titled(`${listener} failed and will retry`, facts.error);
  }
}

function handlingTime({ durationMs, attempt }: Step<'listener_done'>['facts']): string | null {
  if (durationMs === null) return null;
  const attempts = attempt !== null && attempt > 1 ? `, at attempt ${attempt}` : '';
  return `In ${durationMs < 1 ? 'less than 1 ms' : `${Math.round(durationMs)} ms`}${attempts}.`;
}

function titled(title: string, detail: string | null = null): StepWords {
  return { title, detail };
}

import type { DiagnosisAuthor, DiagnosisLink, Verdict } from '@mevrik/protocol';
import { adviceOf } from './diagnosis-advice.ts';
import { queueReasonText, waitingText } from './queue-reason-words.ts';
import { sentenceEnd, spokenDuration } from './words.ts';

/** What a verdict says to the reader: why, and what to do about it. */
export interface VerdictWords {
  readonly sentence: string;
  /** `null`: nothing to do. */
  readonly advice: string | null;
}

/** Words a verdict. */
export function verdictWords(verdict: Verdict): VerdictWords {
  return { sentence: sentenceOf(verdict), advice: adviceOf(verdict) };
}

const noReason = 'no reason was recorded';
const reasonOf = (error: string | null) => sentenceEnd(error ?? noReason);
const answering = (listener: string) => `The listener that answers messages (${listener})`;

function sentenceOf(verdict: Verdict): string {
  switch (verdict.code) {
    case 'answered':
      return `Answered by ${verdict.facts.agent ?? 'an agent'} after ${spokenDuration(verdict.facts.seconds)}.`;
    case 'answered_by_bot': {
      const { bot, app, channel } = verdict.facts;
      return `Answered by ${bot === 'http' ? `${app}’s bot` : 'the bot'} on ${channel}.`;
    }
    case 'survey_answered':
      return `This was the answer to a survey: ${verdict.facts.score} out of 5.`;
    case 'automatic_email':
      return 'This is an automatic email, such as an out-of-office reply. Automatic emails get no automatic answer.';
    case 'event_missing':
      return 'The event of this message is no longer in the log, so what the bot and listeners did is unknown. It may be in the archive.';
    case 'app_disabled':
      return `${verdict.facts.app} is disabled, so its messages are not handled.`;
    case 'bot_waiting':
      return `Waiting for ${verdict.facts.app}’s bot to answer.`;
    case 'bot_silent':
      return 'The bot read this message, but neither answered nor handed over to an agent.';
    case 'session_closed':
      return 'The session ended before this message was answered. The customer’s next message starts a new session.';
    case 'note':
      return 'This is an internal note. Customers never see notes.';
    case 'agent_silent': {
      const { agent, seconds, availability } = verdict.facts;
      const isGone = availability !== null && availability !== 'online';
      const now = isGone ? ` ${agent} is ${availability} now.` : '';
      return `Assigned to ${agent ?? 'an agent'} for ${spokenDuration(seconds)} without a reply.${now}`;
    }
    case 'closed_unanswered':
      return `The case was closed ${closedHow(verdict.facts)} before this message was answered.`;
    default:
      return isListenerVerdict(verdict)
        ? listenerSentence(verdict)
        : 'waiting' in verdict.facts
          ? queueSentence(verdict.facts)
          : deliverySentence(verdict as DeliveryVerdict);
  }
}

type ListenerVerdict = Extract<Verdict, { facts: { listener: string } }>;
type QueueVerdict = Extract<Verdict, { facts: { waiting: unknown } }>;
type DeliveryVerdict = Extract<Verdict, { facts: { author: unknown } }>;

function isListenerVerdict(verdict: Verdict): verdict is ListenerVerdict {
  return 'listener' in verdict.facts;
}

function listenerSentence({ code, facts }: ListenerVerdict): string {
  switch (code) {
    case 'listener_dead':
      return `${answering(facts.listener)} failed and is out of retries: ${reasonOf(facts.error)}`;
    case 'listener_retrying':
      return `${answering(facts.listener)} failed and will retry: ${reasonOf(facts.error)}`;
    case 'listener_discarded': {
      const { listener, discardedBy, seconds, error } = facts;
      const ago = seconds === null ? '' : ` ${spokenDuration(seconds)} ago`;
      const after = error === null ? '' : ` It had failed: ${sentenceEnd(error)}`;
      return `${discardedBy ?? 'An administrator'} discarded this message for ${listener}${ago}.${after}`;
    }
    case 'listener_blocked':
      return `Waiting for an earlier message of this conversation that ${facts.listener} could not handle.`;
    case 'listener_paused':
      return `${answering(facts.listener)} is paused for this app, so its messages wait: ${reasonOf(facts.reason)}`;
    case 'not_yet_handled': {
      const { listener, seconds, lag } = facts;
      const since = seconds === null ? '' : ` for ${spokenDuration(seconds)}`;
      if (lag === null) {
        return `Waiting to be handled${since}. ${listener} was paused for this app and is catching up.`;
      }
      return `Waiting to be handled${since}. ${listener} is ${lag === 1 ? '1 event' : `${lag} events`} behind.`;
    }
  }
}

function queueSentence({ waiting, reason, byBot, failedBot }: QueueVerdict['facts']): string {
  const failed = failedBot === null ? '' : `${failedBot}’s bot failed to answer. `;
  const handedOver = byBot && failedBot === null ? 'The bot handed over to an agent. ' : '';
  return `${failed}${handedOver}${waitingText(waiting)}: ${queueReasonText(reason)}.`;
}

function deliverySentence({ code, facts }: DeliveryVerdict): string {
  const reply = facts.author === null ? 'The reply' : replyBy(facts.author);
  switch (code) {
    case 'reply_window_closed':
      return facts.author === null
        ? `The reply window on ${facts.channel} closed without a reply. It stays open for ${facts.hours} hours after the customer’s last message.`
        : `${reply} on ${facts.channel} came too late: ${reasonOf(facts.error)}`;
    case 'delivery_failed':
      return `${reply} could not be delivered on ${facts.channel}: ${reasonOf(facts.error)}`;
    case 'channel_down':
      return `${reply} is waiting because ${facts.channel} is down: ${reasonOf(facts.error)}`;
    case 'channel_off': {
      const what = facts.app ?? `the channel ${facts.channel}`;
      return facts.author === null
        ? `The channel ${facts.channel} is disabled.`
        : `${reply} is waiting because ${what} is disabled.`;
    }
    case 'delivery_waiting': {
      const last = facts.error === null ? '' : ` The last attempt failed: ${sentenceEnd(facts.error)}`;
      const paused = facts.isPaused ? ' The provider asked us to slow down.' : '';
      return `${reply} has been on its way to ${facts.channel} for ${spokenDuration(facts.seconds)}.${last}${paused}`;
    }
    case 'delivered':
      return `${reply} ${deliveredHow(facts)}.`;
    case 'withheld':
      return `${reply} was not sent: ${reasonOf(facts.error)}`;
  }
}

function deliveredHow({ state, channel }: Extract<Verdict, { code: 'delivered' }>['facts']): string {
  if (state === 'read') return 'was read by the customer';
  if (state === 'delivered') return 'was delivered to the customer';
  return state === 'sent' ? `was accepted by ${channel}` : 'was sent to the customer’s chat';
}

function closedHow(facts: Extract<Verdict, { code: 'closed_unanswered' }>['facts']): string {
  if (facts.closedBy === 'timeout') return 'due to inactivity';
  if (facts.closedBy !== 'agent') return 'automatically';
  return `by ${facts.agent ?? 'an agent'}${facts.disposition === null ? '' : ` as “${facts.disposition}”`}`;
}

/** `Kim’s reply`, `The bot’s reply`. */
export function replyBy({ type, name }: DiagnosisAuthor): string {
  if (type === 'agent') return `${name ?? 'An agent'}’s reply`;
  return type === 'bot' ? 'The bot’s reply' : 'The automatic reply';
}

const linkLabels: Readonly<Record<DiagnosisLink['to'], string>> = {
  event: 'Event',
  earlier_event: 'Earlier event',
  archive: 'Archive',
  dead_letters: 'Dead letters',
  listeners: 'Listeners',
  deliveries: 'Delivery',
  channels: 'Channels',
  webhook_events: 'Webhook event',
  conversation: 'Conversation',
  message: 'Message',
  app: 'App settings',
  bot: 'Bot',
  routing_rules: 'Routing rules',
  agents: 'Agents',
};

/** The label of a link. */
export function linkLabel({ to, id }: DiagnosisLink): string {
  const isNumbered = to === 'message' || to === 'webhook_events';
  return isNumbered && id !== null ? `${linkLabels[to]} ${id}` : linkLabels[to];
}

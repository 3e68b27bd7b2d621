import type { Verdict } from '@mevrik/protocol';
import { queueAdvice } from './queue-reason-words.ts';

const contactOtherwise =
  'Nothing can be sent until the customer writes again. Contact them by phone or email.';

/** What to do about a verdict; `null`: nothing. */
export function adviceOf(verdict: Verdict): string | null {
  switch (verdict.code) {
    case 'automatic_email':
      return 'If it needs a reply, write one at the desk.';
    case 'listener_dead':
      return 'Fix the cause, then retry or discard the event under Dead letters.';
    case 'listener_discarded':
      return 'If it should still be answered, replay its event.';
    case 'listener_retrying':
      return 'If it keeps failing, it ends up under Dead letters, where you can retry, edit or discard it.';
    case 'listener_blocked':
      return 'Retry or discard the earlier message. This one follows automatically.';
    case 'listener_paused':
      return 'Fix what paused the listener, then resume it.';
    case 'not_yet_handled':
      return 'If this lasts, check the health of event processing on the overview.';
    case 'app_disabled':
      return 'Enable the app, then retry the message under Dead letters.';
    case 'bot_waiting':
      return 'If the bot does not answer in time, the conversation is handed over to an agent.';
    case 'bot_silent':
      return 'Add a fallback to the bot’s flow, or a routing rule that hands over to an agent.';
    case 'agent_silent': {
      const { agent, availability } = verdict.facts;
      const isGone = availability !== null && availability !== 'online';
      return isGone
        ? 'Transfer it to an agent who is online.'
        : `Ask ${agent ?? 'the agent'} to reply, or transfer the conversation.`;
    }
    case 'closed_unanswered':
      return 'If it still matters, write to the customer, or wait for their next message.';
    case 'session_closed':
      return 'If it still matters, contact the customer another way.';
    case 'reply_window_closed':
      return contactOtherwise;
    case 'delivery_failed':
      return 'Fix the error that the provider reports, then retry the reply under Deliveries or at the desk.';
    case 'delivery_waiting':
      return verdict.facts.error === null
        ? null
        : 'It is retried automatically. Its delivery shows the next attempt.';
    case 'channel_down':
      return 'Fix the channel’s settings; an expired token is the most likely cause. Waiting replies are sent automatically once the channel is up.';
    case 'channel_off': {
      const { author, app } = verdict.facts;
      if (author === null) return 'Enable the channel.';
      return `Enable ${app === null ? 'the channel' : 'the app'}. Waiting replies are sent within a minute.`;
    }
    case 'withheld':
      return 'If the customer should get a reply, write one at the desk.';
    case 'bot_failed':
      return `Check the bot’s URL and its logs. Meanwhile: ${queueAdvice(verdict.facts.reason)}`;
    case 'queue_closed':
    case 'queue_no_agent_online':
    case 'queue_no_skill':
    case 'queue_no_capacity':
    case 'queue_not_accepted':
      return queueAdvice(verdict.facts.reason);
    default:
      return null;
  }
}

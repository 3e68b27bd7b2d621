import type { QueueReason, Verdict } from '@mevrik/protocol';
import { listNames, spokenDuration } from './words.ts';

type Waiting = Extract<Verdict, { facts: { waiting: unknown } }>['facts']['waiting'];

/** Where a conversation waits, and since when: `In queue “support” for 3 minutes, at position 2`. */
export function waitingText({ queue, seconds, position }: Waiting): string {
  const positionText = position === null ? '' : `, at position ${position}`;
  return `In queue “${queue}” for ${spokenDuration(seconds)}${positionText}`;
}

/** Why no agent has a waiting conversation, as the second half of a sentence. */
export function queueReasonText(reason: QueueReason): string {
  switch (reason.code) {
    case 'queue_closed':
      return reason.opensAt === null
        ? `${reason.app} is closed`
        : `${reason.app} is closed until ${openingText(reason.opensAt, reason.timeZone)}`;
    case 'queue_no_agent_online': {
      const { app, hasAgents, away } = reason;
      if (!hasAgents) return `no agents work for ${app}`;
      if (away.length === 0) return 'no agent is online';
      return `no agent is online, and ${listNames(away)} ${away.length === 1 ? 'is' : 'are'} away`;
    }
    case 'queue_no_skill': {
      const [only, ...others] = reason.online;
      const who = only !== undefined && others.length === 0 ? `${only}, the only agent online,` : '';
      const skills = reason.skills.map((skill) => `“${skill}”`).join(' and ');
      return `it requires the skill ${skills}, which ${who === '' ? 'no agent online has' : `${who} does not have`}`;
    }
    case 'queue_no_capacity': {
      const agents = reason.agents.map(
        ({ name, assigned, capacity }) => `${name} (${assigned} of ${capacity})`,
      );
      return `all available agents are at capacity: ${agents.join(', ')}`;
    }
    case 'queue_not_accepted': {
      const { app, isManual, available } = reason;
      const isOne = available.length === 1;
      return isManual
        ? `${listNames(available)} ${isOne ? 'has' : 'have'} not accepted it yet (in ${app}, agents accept conversations themselves)`
        : `it is about to be assigned to ${isOne ? listNames(available) : 'an available agent'}`;
    }
  }
}

/** What to do about a conversation that waits. */
export function queueAdvice(reason: QueueReason): string {
  switch (reason.code) {
    case 'queue_closed':
      return 'No action needed: an agent can answer during business hours. Change the hours in the app’s settings.';
    case 'queue_no_agent_online':
      return reason.hasAgents
        ? 'Ask an agent to go online at the desk.'
        : `Give an agent access to ${reason.app} under Agents.`;
    case 'queue_no_skill':
      return reason.skilled.length > 0
        ? `Ask ${listNames(reason.skilled)} to go online, or give the skill to an agent who is online.`
        : `No agent in ${reason.app} has the skill. Give it to an agent, or change the routing rule that requires it.`;
    case 'queue_no_capacity':
      return 'Close finished conversations, raise an agent’s capacity, or ask another agent to go online.';
    case 'queue_not_accepted':
      return reason.isManual
        ? 'Ask an agent to accept it at the desk, or turn on automatic assignment in the app’s settings.'
        : 'If this lasts more than 2 minutes, check the health of the job queue on the overview.';
  }
}

/** Day and time of an opening, in the app's time zone. */
function openingText(instant: string, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en', {
    timeZone,
    weekday: 'long',
    month: 'long',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
  });
  return format.format(new Date(instant));
}

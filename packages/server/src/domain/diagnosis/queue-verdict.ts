import type { DiagnosisLink, VerdictCode } from '@mevrik/protocol';
import { openingAt, sayInstant } from '../business-hours.ts';
import type { DiagnosisFacts, QueuePlace, Worker } from './facts.ts';
import { howLong, link, listNames } from './words.ts';

/** Why a conversation that waits for a person has none. */
export interface QueueReason {
  readonly code: VerdictCode;
  readonly why: string;
  readonly advice: string;
  readonly links: readonly DiagnosisLink[];
}

/** Says why nobody has a conversation that waits: closed, nobody there, no skill, no place, or nobody took it. */
export function whyNobody(facts: DiagnosisFacts, { item }: QueuePlace): QueueReason {
  const agents = link('agents', 'Agents');
  const online = facts.workers.filter(({ availability }) => availability === 'online');
  if (online.length === 0) return nobodyOnline(facts, agents);
  const needsSkill = facts.app.assignment === 'skill' && item.skills.length > 0;
  const able = needsSkill
    ? online.filter(({ skills }) => item.skills.every((skill) => skills.includes(skill)))
    : online;
  if (able.length === 0) return noSkill(facts, item.skills, online, agents);
  const free = able.filter(({ assigned, capacity }) => assigned < capacity);
  if (free.length > 0) {
    return {
      code: 'queue_not_taken',
      why:
        facts.app.assignment === 'manual'
          ? `${listNames(free)} could take it, but nobody has yet: in ${facts.app.name} agents take conversations themselves`
          : `${listNames(free)} should get it any moment`,
      advice:
        facts.app.assignment === 'manual'
          ? 'Ask somebody to take it at the desk, or let the app assign conversations by itself (settings of the app).'
          : 'If it stays like this for more than two minutes, look at the health of the job queue on the overview.',
      links: [agents, link('app', 'Settings of the app', facts.message.appId)],
    };
  }
  return {
    code: 'queue_no_capacity',
    why: `everybody who could take it is busy: ${able.map(placesOf).join(', ')}`,
    advice:
      'Close conversations that are finished, raise somebody’s capacity, or have one more agent come online.',
    links: [agents],
  };
}

const placesOf = ({ name, assigned, capacity }: Worker) => `${name} has ${assigned} of ${capacity}`;

function nobodyOnline({ app, now, workers }: DiagnosisFacts, agents: DiagnosisLink): QueueReason {
  const opening = openingAt(app.hours, Date.parse(now));
  if (app.hours && !opening.isOpen) {
    const opens = opening.changesAt === null ? null : sayInstant(app.hours, opening.changesAt, 'en');
    return {
      code: 'queue_closed',
      why: opens === null ? `${app.name} is closed` : `${app.name} is closed until ${opens}`,
      advice:
        'Nothing is wrong: it is answered when people are back. The hours are in the settings of the app.',
      links: [agents],
    };
  }
  const away = workers.filter(({ availability }) => availability === 'away');
  const who =
    workers.length === 0
      ? `nobody works for ${app.name}`
      : away.length > 0
        ? `nobody is online: ${listNames(away)} ${away.length === 1 ? 'is' : 'are'} away`
        : 'nobody is online';
  return {
    code: 'queue_nobody_online',
    why: who,
    advice:
      workers.length === 0
        ? `Let somebody work for ${app.name} (Agents).`
        : 'Somebody has to set themselves to online at the desk.',
    links: [agents],
  };
}

function noSkill(
  { app, workers }: DiagnosisFacts,
  skills: readonly string[],
  online: readonly Worker[],
  agents: DiagnosisLink,
): QueueReason {
  const wanted = skills.map((skill) => `“${skill}”`).join(' and ');
  const able = workers.filter((one) => skills.every((skill) => one.skills.includes(skill)));
  return {
    code: 'queue_no_skill',
    why: `it needs ${wanted}, which ${online.length === 1 ? `${listNames(online)}, the only one online, does` : 'nobody online does'} not have`,
    advice:
      able.length > 0
        ? `${listNames(able)} can do it: they have to come online. Or give the skill to somebody who is.`
        : `Nobody who works for ${app.name} has it: give the skill to somebody, or change the routing rule that asks for it.`,
    links: [agents, link('app', 'Routing rules of the app')],
  };
}

/** Where it waits, and since when. */
export function whereItWaits(facts: DiagnosisFacts, { item, position }: QueuePlace): string {
  const place = position === null ? '' : `, at place ${position}`;
  return `in the queue “${item.queue}” for ${howLong(item.createdAt, facts.now)}${place}`;
}

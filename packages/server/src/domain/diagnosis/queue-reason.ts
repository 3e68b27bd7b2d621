import type { DiagnosisLink, QueueReason } from '@mevrik/protocol';
import { openingAt } from '../business-hours.ts';
import { namesOf } from './agents.ts';
import { secondsBetween } from './elapsed.ts';
import type { AppAgent, DiagnosisFacts, QueueFacts } from './facts.ts';
import { link } from './links.ts';

/** Why no agent has a waiting conversation: closed, no agent online, a missing skill, no capacity, or not taken yet. */
export function queueReason(facts: DiagnosisFacts, { item }: QueueFacts): QueueReason {
  const { app, agents } = facts;
  const online = agents.filter(({ availability }) => availability === 'online');
  if (online.length === 0) return closedOrUnstaffed(facts);
  const needsSkill = app.assignment === 'skill' && item.skills.length > 0;
  const able = needsSkill ? online.filter((agent) => hasSkills(agent, item.skills)) : online;
  if (able.length === 0) {
    return {
      code: 'queue_no_skill',
      app: app.name,
      skills: item.skills,
      online: namesOf(online),
      skilled: namesOf(agents.filter((agent) => hasSkills(agent, item.skills))),
    };
  }
  const available = able.filter(({ assigned, capacity }) => assigned < capacity);
  if (available.length === 0) {
    const atCapacity = able.map(({ name, assigned, capacity }) => ({ name, assigned, capacity }));
    return { code: 'queue_no_capacity', agents: atCapacity };
  }
  return {
    code: 'queue_not_accepted',
    app: app.name,
    isManual: app.assignment === 'manual',
    available: namesOf(available),
  };
}

function closedOrUnstaffed({ app, now, agents }: DiagnosisFacts): QueueReason {
  const opening = openingAt(app.hours, Date.parse(now));
  if (app.hours && !opening.isOpen) {
    const { timeZone } = app.hours;
    return { code: 'queue_closed', app: app.name, opensAt: opening.changesAt, timeZone };
  }
  const away = agents.filter(({ availability }) => availability === 'away');
  return {
    code: 'queue_no_agent_online',
    app: app.name,
    hasAgents: agents.length > 0,
    away: namesOf(away),
  };
}

function hasSkills(agent: AppAgent, skills: readonly string[]): boolean {
  return skills.every((skill) => agent.skills.includes(skill));
}

/** Where the cause of a waiting conversation can be fixed. */
export function queueLinks({ message }: DiagnosisFacts, { code }: QueueReason): DiagnosisLink[] {
  const agents = link('agents');
  if (code === 'queue_no_skill') return [agents, link('routing_rules')];
  return code === 'queue_not_accepted' ? [agents, link('app', message.appId)] : [agents];
}

/** The queue of a waiting conversation, its position there, and since when it has waited. */
export function waitingFacts({ now }: DiagnosisFacts, { item, position }: QueueFacts) {
  return { queue: item.queue, seconds: secondsBetween(item.createdAt, now), position };
}

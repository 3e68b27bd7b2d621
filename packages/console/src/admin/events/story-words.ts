import type { ChainedEvent, EventStory } from '@mevrik/protocol';
import { exactTime } from '../../shared/time.tsx';
import { summaryOf } from './event-summary.ts';
import { meaningOf } from './event-types.ts';
import { effectsOf, times } from './story-rows.ts';

/** The story of an event for somebody who knows none of the technical names: a sentence for each thing that counts. */
export function storyInWords({ event, chain, replays }: EventStory): readonly string[] {
  const self = chain.find(({ id }) => id === event.id);
  const cause = chain.find(({ id }) => id === event.causationId);
  const led = chain.filter(({ causationId }) => causationId === event.id);
  const summary = summaryOf(event);
  return [
    `${exactTime(event.occurredAt)}: ${meaningOf(event.type)}${summary ? ` (${summary})` : ''}.`,
    cause
      ? `It came of this: ${lowered(meaningOf(cause.type))}.`
      : event.causationId
        ? 'What it came of is no longer in the log.'
        : 'Nothing before it brought it about: somebody did, from outside.',
    ...(self ? [handledInWords(self), ...toldInWords(self), ...deliveredInWords(self)] : []),
    led.length === 0
      ? 'Nothing further came of it.'
      : `It led to: ${led.map(({ type }) => lowered(meaningOf(type))).join(', ')}.`,
    ...replayedInWords(replays),
  ];
}

function replayedInWords(replays: EventStory['replays']): readonly string[] {
  if (replays.length === 0) return [];
  const failed = replays.filter(({ status }) => status === 'dead').length;
  const how = failed === 0 ? '' : failed === replays.length ? ', and failed' : `; ${failed} of these failed`;
  return [`Afterwards it was run again ${times(replays.length)}${how}: see below.`];
}

function handledInWords({ listeners }: ChainedEvent): string {
  const count = (...outcomes: readonly string[]) =>
    listeners.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const concerned = listeners.length - count('skipped');
  if (concerned === 0) return 'No part of the system had anything to do about it.';
  const rest = [
    [count('dead'), 'could not, and needs a person'],
    [count('parked'), 'could not yet, and tries again'],
    [count('pending'), 'has yet to'],
    [count('discarded'), `never will: ${discarders(listeners)} discarded it`],
  ].flatMap(([many, what]) => (many === 0 ? [] : [`${many} ${what}`]));
  const all = `${count('done')} of the ${concerned} parts of the system that act on it have done so`;
  if (concerned === 1 && rest.length === 0) return 'The part of the system that acts on it has done so.';
  return rest.length === 0
    ? `${concerned === 2 ? 'Both' : `All ${concerned}`} parts of the system that act on it have done so.`
    : `${all}; ${rest.join('; ')}.`;
}

function discarders(listeners: ChainedEvent['listeners']): string {
  return [...new Set(listeners.flatMap(({ discardedBy }) => discardedBy ?? []))].join(', ');
}

function toldInWords({ broadcasts }: ChainedEvent): readonly string[] {
  if (broadcasts.length === 0) return [];
  const isSent = broadcasts.every(({ status }) => status === 'sent');
  const names = broadcasts.map(({ topic }) => topic).join(', ');
  return [
    isSent ? `Whoever was connected to ${names} saw it live.` : `It has yet to be told live to ${names}.`,
  ];
}

function deliveredInWords(event: ChainedEvent): readonly string[] {
  return effectsOf(event, 0)
    .filter(({ kind }) => kind === 'delivery')
    .map(({ title, result }) => `${title}: ${result}.`);
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

import type { ChainedEvent, EventStory } from '@mevrik/protocol';
import { exactTime } from '../../shared/time.tsx';
import { summaryOf } from './event-summary.ts';
import { meaningOf } from './event-types.ts';
import { effectsOf, times } from './story-rows.ts';

/** The story of an event in sentences that need no technical knowledge. */
export function storyInWords({ event, chain, replays }: EventStory): readonly string[] {
  const self = chain.find(({ id }) => id === event.id);
  const cause = chain.find(({ id }) => id === event.causationId);
  const led = chain.filter(({ causationId }) => causationId === event.id);
  const summary = summaryOf(event);
  return [
    `${exactTime(event.occurredAt)}: ${meaningOf(event.type)}${summary ? ` – ${summary}` : '.'}`,
    cause
      ? `Cause: ${lowered(meaningOf(cause.type))}.`
      : event.causationId
        ? 'Its cause is no longer in the log.'
        : 'It came from outside the system; no earlier event caused it.',
    ...(self ? [handledInWords(self), ...broadcastInWords(self), ...deliveredInWords(self)] : []),
    led.length === 0
      ? 'No further events followed.'
      : `It led to: ${led.map(({ type }) => lowered(meaningOf(type))).join(', ')}.`,
    ...replayedInWords(replays),
  ];
}

function replayedInWords(replays: EventStory['replays']): readonly string[] {
  if (replays.length === 0) return [];
  const failed = replays.filter(({ status }) => status === 'dead').length;
  const how = failed === 0 ? '' : failed === replays.length ? ' and failed' : `; ${failed} of these failed`;
  return [`It was replayed ${times(replays.length)}${how}. Details are below.`];
}

function handledInWords({ listeners }: ChainedEvent): string {
  const count = (...outcomes: readonly string[]) =>
    listeners.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const applicable = listeners.length - count('skipped');
  if (applicable === 0) return 'No listener acts on it.';
  const rest = [
    [count('dead'), 'failed'],
    [count('parked'), 'will retry'],
    [count('pending'), 'pending'],
    [count('discarded'), `discarded by ${discarders(listeners)}`],
  ].flatMap(([many, what]) => (many === 0 ? [] : [`${many} ${what}`]));
  const all = `Handled by ${count('done')} of ${applicable} listeners`;
  if (applicable === 1 && rest.length === 0) return 'Handled by its listener.';
  return rest.length === 0
    ? `Handled by ${applicable === 2 ? 'both' : `all ${applicable}`} listeners.`
    : `${all}; ${rest.join('; ')}.`;
}

function discarders(listeners: ChainedEvent['listeners']): string {
  return [...new Set(listeners.flatMap(({ discardedBy }) => discardedBy ?? []))].join(', ');
}

function broadcastInWords({ broadcasts }: ChainedEvent): readonly string[] {
  if (broadcasts.length === 0) return [];
  if (broadcasts.some(({ status }) => status === 'off'))
    return ['Not sent live: broadcasting was switched off.'];
  const isSent = broadcasts.every(({ status }) => status === 'sent');
  const names = broadcasts.map(({ topic }) => topic).join(', ');
  return [isSent ? `Sent live to subscribers of ${names}.` : `Not yet sent live to subscribers of ${names}.`];
}

function deliveredInWords(event: ChainedEvent): readonly string[] {
  return effectsOf(event, 0)
    .filter(({ kind }) => kind === 'delivery')
    .map(({ title, result }) => `${title}: ${result}.`);
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

import type { Event } from '@mevrik/protocol';
import type { Broadcast } from './broadcasts.ts';
import type { DispatchLog, DispatchOptions } from './dispatch-options.ts';
import { isSkipped, type Outcome } from './handle.ts';

/** Logs what a listener did with each of these events, at the level `debug`. Nothing of their content is logged. */
export function logHandled(
  { log }: Pick<DispatchOptions, 'log'>,
  listener: string,
  events: readonly Event[],
  outcomes: readonly Outcome[],
): void {
  if (!isWanted(log)) return;
  const byOffset = new Map(events.map((event) => [event.offset, event]));
  for (const outcome of outcomes) {
    const event = byOffset.get(outcome.offset);
    if (!event) continue;
    const detail = { listener, ...describe(event) };
    if (isSkipped(outcome)) log.debug(detail, 'a listener skipped an event');
    else log.debug({ ...detail, durationMs: outcome.durationUs / 1000 }, 'a listener handled an event');
  }
}

/** Logs which of these events were broadcast, and on which topics, at the level `debug`. */
export function logBroadcast(
  { log }: Pick<DispatchOptions, 'log'>,
  events: readonly Event[],
  messages: readonly Broadcast[],
): void {
  if (!isWanted(log)) return;
  for (const event of events) {
    const topics = messages.filter(({ eventId }) => eventId === event.id).map(({ topic }) => topic);
    if (topics.length > 0) log.debug({ ...describe(event), topics }, 'an event was broadcast');
  }
}

const isWanted = (log: DispatchLog) => log.isLevelEnabled('debug');

function describe({ id, type, key, appId, partition, offset }: Event) {
  return { event: id, type, key, app: appId, partition, offset };
}

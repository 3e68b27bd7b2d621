import { definitionOf, type Event, payloadFor } from '@mevrik/protocol';
import { currentEvent } from '../log/current-event.ts';

/** One message for the subscribers of one topic. */
export interface Broadcast {
  readonly appId: number;
  readonly topic: string;
  readonly event: string;
  readonly payload: Record<string, unknown>;
  readonly eventId: string;
  readonly at: readonly [partition: number, offset: number];
  readonly exceptSocketId?: string;
}

/**
 * The messages of an event, one for each of its topics; none if this version cannot read the event.
 *
 * @param onUnreadable called with such an event.
 */
export function broadcastsOf(
  event: Event,
  onUnreadable: (event: Event, error: unknown) => void = () => {},
): readonly Broadcast[] {
  try {
    return readBroadcasts(event);
  } catch (error) {
    onUnreadable(event, error);
    return [];
  }
}

function readBroadcasts(stored: Event): readonly Broadcast[] {
  const event = currentEvent(stored);
  const definition = definitionOf(event.type).broadcast;
  if (!definition) return [];
  return definition.on(event.data).flatMap((topic) => {
    const payload = payloadFor(definition, event.data, topic);
    if (!payload) return [];
    const broadcast: Broadcast = {
      appId: event.appId,
      topic,
      event: definition.as,
      payload,
      eventId: event.id,
      at: [event.partition, event.offset],
      ...(event.socketId === null ? {} : { exceptSocketId: event.socketId }),
    };
    return [broadcast];
  });
}

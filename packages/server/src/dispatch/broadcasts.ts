import { definitionOf, type Event, eventNames, payloadFor } from '@mevrik/protocol';

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

const knownTypes: ReadonlySet<string> = new Set(eventNames);

/** The log contains an event that this version of the product cannot read. */
class UnreadableEventError extends Error {
  override readonly name = 'UnreadableEventError';
}

/**
 * The messages of an event, one for each of its topics. An event that this version cannot read has none: it was written
 * by a newer version, or its data is not what its definition expects.
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

function readBroadcasts(event: Event): readonly Broadcast[] {
  const known = knownTypes.has(event.type) ? definitionOf(event.type) : undefined;
  if (!known) throw new UnreadableEventError(`Unknown event type ${event.type}`);
  if (event.version > known.version) {
    throw new UnreadableEventError(`Unknown version ${event.version} of ${event.type}`);
  }
  const definition = known.broadcast;
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

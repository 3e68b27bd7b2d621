/** How far an id's time may be from its event's: clocks may be set back, but ids always increase. */
const slackMs = 10 * 60_000;

/**
 * An id before those of all events from an instant on. Ids are UUIDv7, so an index on them also finds times; the
 * exact filter is the event's own time.
 */
export function idBefore(instant: string): string {
  return firstIdAt(Date.parse(instant) - slackMs);
}

/** An id after those of all events before an instant. */
export function idAfter(instant: string): string {
  return firstIdAt(Date.parse(instant) + slackMs);
}

/** The time in an id: the first 48 bits of a UUID of version 7, in milliseconds since 1970. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** The smallest id of an instant, in milliseconds since 1970. */
export function firstIdAt(ms: number): string {
  const hex = Math.min(Math.max(0, ms), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

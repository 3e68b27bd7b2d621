/** How far an id's time may be from its event's: clocks may be set back, but ids always increase. */
const slackMs = 10 * 60_000;

/**
 * An id before those of all events from an instant on. Ids are UUIDv7, so an index on them also finds times; the
 * exact filter is the event's own time.
 */
export function idBefore(instant: string): string {
  return idAt(Date.parse(instant) - slackMs);
}

/** An id after those of all events before an instant. */
export function idAfter(instant: string): string {
  return idAt(Date.parse(instant) + slackMs);
}

function idAt(ms: number): string {
  const hex = Math.min(Math.max(0, ms), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

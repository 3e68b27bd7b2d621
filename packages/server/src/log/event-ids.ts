/** How far an id's time may be from its event's: clocks are set back, and ids never go back with them. */
const slackMs = 10 * 60_000;

/**
 * An id that comes before those of all events from an instant on. Ids are UUIDv7, so an index on them serves times,
 * too; the event's own time decides in the end.
 */
export function idBefore(instant: string): string {
  return idAt(Date.parse(instant) - slackMs);
}

/** An id that comes after those of all events before an instant. */
export function idAfter(instant: string): string {
  return idAt(Date.parse(instant) + slackMs);
}

function idAt(ms: number): string {
  const hex = Math.min(Math.max(0, ms), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

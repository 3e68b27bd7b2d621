import { eventTitles } from './event-titles.ts';

/** The names of all kinds of event. */
export const eventTypes = Object.keys(eventTitles);

/** The title of a kind of event; its name if it is unknown. */
export function meaningOf(type: string): string {
  return Object.hasOwn(eventTitles, type) ? eventTitles[type as keyof typeof eventTitles] : type;
}

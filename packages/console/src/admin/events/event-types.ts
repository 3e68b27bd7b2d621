import { isKeyOf } from '../../shared/labels.ts';
import { eventTitles } from './event-titles.ts';

/** The names of all kinds of event. */
export const eventTypes = Object.keys(eventTitles);

/** Whether a name is a kind of event that this version knows. */
export function isEventType(name: string): name is keyof typeof eventTitles {
  return isKeyOf(eventTitles, name);
}

/** The title of a kind of event; its name if it is unknown. */
export function meaningOf(type: string): string {
  return isEventType(type) ? eventTitles[type] : type;
}

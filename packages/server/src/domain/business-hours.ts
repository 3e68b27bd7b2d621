import { DateTime, IANAZone } from 'luxon';
import { z } from 'zod';

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
const clock = z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time such as 09:00');
const spans = z
  .array(
    z.strictObject({ from: clock, to: clock }).refine(({ from, to }) => from < to, {
      message: 'must end after it starts',
    }),
  )
  .max(6)
  .refine((all) => all.every(({ from }, at) => at === 0 || (all[at - 1]?.to ?? '') <= from), {
    message: 'must be in ascending order without overlaps',
  })
  .default([]);

/** Business hours: spans of each weekday in a time zone, except on holidays. */
export const businessHoursSchema = z.strictObject({
  /** IANA name, such as `Asia/Dhaka`. */
  timeZone: z.string().max(64).refine(IANAZone.isValidZone, 'must be an IANA time zone such as Asia/Dhaka'),
  weekly: z.strictObject({
    monday: spans,
    tuesday: spans,
    wednesday: spans,
    thursday: spans,
    friday: spans,
    saturday: spans,
    sunday: spans,
  }),
  /** Days on which the team is closed, such as `2026-12-25`. */
  holidays: z.array(z.iso.date()).max(400).default([]),
});

/** An app's business hours; `null`: always open. */
export type BusinessHours = z.output<typeof businessHoursSchema> | null;

/** Whether the team is open at an instant, and when that changes; `null`: not within the next 400 days. */
export interface Opening {
  readonly isOpen: boolean;
  readonly changesAt: string | null;
}

/** Long enough to find an opening after any likely run of holidays. */
const daysAhead = 400;

/** Whether the team is open at an instant in milliseconds since 1970. */
export function openingAt(hours: BusinessHours, atMs: number): Opening {
  if (!hours) return { isOpen: true, changesAt: null };
  let closesMs: number | undefined;
  for (const { startMs, endMs } of openSpans(hours, atMs)) {
    if (closesMs === undefined && startMs > atMs) return { isOpen: false, changesAt: isoOf(startMs) };
    // Adjacent spans, as around midnight, count as one.
    if (closesMs !== undefined && startMs > closesMs) break;
    closesMs = endMs;
  }
  if (closesMs === undefined) return { isOpen: false, changesAt: null };
  const isAlwaysOpen = closesMs - atMs > (daysAhead - 2) * 86_400_000;
  return { isOpen: true, changesAt: isAlwaysOpen ? null : isoOf(closesMs) };
}

/** The instant after the given minutes of business hours, ISO 8601; `null` if it is more than 400 days away. */
export function afterOpenMinutes(hours: BusinessHours, fromMs: number, minutes: number): string | null {
  if (!hours) return isoOf(fromMs + minutes * 60_000);
  let leftMs = minutes * 60_000;
  for (const { startMs, endMs } of openSpans(hours, fromMs)) {
    const beginsMs = Math.max(startMs, fromMs);
    if (endMs - beginsMs >= leftMs) return isoOf(beginsMs + leftMs);
    leftMs -= endMs - beginsMs;
  }
  return null;
}

/** Formats an instant for a customer: day and time in the app's time zone and the customer's language. */
export function formatInstant(hours: NonNullable<BusinessHours>, instant: string, locale: string): string {
  const at = DateTime.fromISO(instant, { zone: hours.timeZone }).setLocale(locale);
  return at.toLocaleString({
    weekday: 'long',
    month: 'long',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
  });
}

/** The spans that end after an instant, in order. */
function* openSpans(
  hours: NonNullable<BusinessHours>,
  afterMs: number,
): Generator<{ startMs: number; endMs: number }> {
  const holidays = new Set(hours.holidays);
  const first = DateTime.fromMillis(afterMs, { zone: hours.timeZone }).startOf('day');
  for (let ahead = 0; ahead <= daysAhead; ahead += 1) {
    const day = first.plus({ days: ahead });
    if (holidays.has(day.toISODate() ?? '')) continue;
    const weekday = weekdays[day.weekday - 1] ?? 'monday';
    for (const { from, to } of hours.weekly[weekday]) {
      const [startMs, endMs] = [instantOf(day, from), instantOf(day, to)];
      if (endMs > Math.max(startMs, afterMs)) yield { startMs, endMs };
    }
  }
}

/** A time that daylight saving skips becomes the time right after the gap. */
function instantOf(day: DateTime, time: string): number {
  if (time === '24:00') return day.plus({ days: 1 }).toMillis();
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return day.set({ hour, minute }).toMillis();
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}

import { Text, type TextProps, Tooltip } from '@mantine/core';
import { useEffect, useState } from 'react';

const long = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const shortDay = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

/** `14:05` or `2:05 PM`. */
export const clockTime = (at: string): string => clock.format(new Date(at));
/** `Nov 28, 2026`. */
export const fullDate = (at: string): string => date.format(new Date(at));
/** Full date and time. */
export const exactTime = (at: string): string => long.format(new Date(at));

/** The local calendar day, as a comparable key. */
export function dayOf(at: string): string {
  const moment = new Date(at);
  return `${moment.getFullYear()}-${moment.getMonth() + 1}-${moment.getDate()}`;
}

/** `Today`, `Yesterday`, or the day. */
export function dayName(at: string): string {
  const moment = new Date(at);
  const days = Math.round((startOfDay(new Date()) - startOfDay(moment)) / 86_400_000);
  return days === 0 ? 'Today' : days === 1 ? 'Yesterday' : day.format(moment);
}

const startOfDay = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

/** `now`, `4 min`, `3 h`, or the day. */
export function shortAgo(at: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(at)) / 1000);
  if (seconds < 45) return 'now';
  if (seconds < 3_600) return `${Math.max(1, Math.round(seconds / 60))} min`;
  if (seconds < 86_400) return `${Math.round(seconds / 3_600)} h`;
  return shortDay.format(new Date(at));
}

/** `3 min`, `5 h`, `6 days`: an elapsed time without seconds. */
export function span(ms: number): string {
  const minutes = Math.max(1, Math.floor(ms / 60_000));
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return minutes < 600 ? hoursAndMinutes(minutes) : `${Math.floor(minutes / 60)} h`;
  return `${Math.floor(minutes / 1_440)} days`;
}

const hoursAndMinutes = (minutes: number) =>
  minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;

/** The current time in ms, updated periodically. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** A relative time with the exact time as a tooltip; `isPhrase` adds “ago” for use in a sentence. */
export function Ago({ at, isPhrase = false, ...props }: { at: string; isPhrase?: boolean } & TextProps) {
  const now = useNow(15_000);
  const text = shortAgo(at, now);
  return (
    <Tooltip label={exactTime(at)}>
      <Text component="time" dateTime={at} size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }} {...props}>
        {isPhrase && / (min|h)$/.test(text) ? `${text} ago` : text}
      </Text>
    </Tooltip>
  );
}

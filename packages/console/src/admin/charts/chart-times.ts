import type { ChartWindow } from '@mevrik/protocol';

const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric' });
const dayAndHour = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  hour: 'numeric',
  minute: '2-digit',
});

/** Formats the time of a point, unambiguous within the window. */
export function timeFormat(window: ChartWindow): (at: string) => string {
  const format = window === '1h' ? clock : dayAndHour;
  return (at) => format.format(new Date(at));
}

/** Formats the label of a tick on the time axis. */
export function tickFormat(window: ChartWindow): (at: string) => string {
  const format = window === '7d' ? day : clock;
  return (at) => format.format(new Date(at));
}

/** The points with a tick: every ten minutes, every four hours or the first of each day, in local time. */
export function chartTicks(points: readonly string[], window: ChartWindow): string[] {
  const intervalOf = (at: string) => {
    const date = new Date(at);
    if (window === '7d') return date.toDateString();
    const minutes = date.getHours() * 60 + date.getMinutes();
    return `${date.toDateString()} ${Math.floor(minutes / (window === '1h' ? 10 : 240))}`;
  };
  // The first point is usually in the middle of its interval.
  return points.filter((at, index) => {
    const before = points[index - 1];
    return before !== undefined && intervalOf(before) !== intervalOf(at);
  });
}

import type { ChartWindow } from '@mevrik/protocol';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const hour = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric' });
const dayAndHour = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

/** When a point of a chart begins, so that it cannot be taken for another one. */
export function sayTime(window: ChartWindow): (at: string) => string {
  const format = window === '1h' ? clock : dayAndHour;
  return (at) => format.format(new Date(at));
}

/** A mark below a chart. */
export function sayTick(window: ChartWindow): (at: string) => string {
  const format = window === '7d' ? day : hour;
  return (at) => format.format(new Date(at));
}

/** The points that get a mark: every ten minutes, every four hours, or the first of each day, on the viewer's clock. */
export function chartTicks(points: readonly string[], window: ChartWindow): string[] {
  const stretch = (at: string) => {
    const date = new Date(at);
    if (window === '7d') return date.toDateString();
    const minutes = date.getHours() * 60 + date.getMinutes();
    return `${date.toDateString()} ${Math.floor(minutes / (window === '1h' ? 10 : 240))}`;
  };
  // The first point is in the middle of its stretch.
  return points.filter((at, place) => {
    const before = points[place - 1];
    return before !== undefined && stretch(before) !== stretch(at);
  });
}

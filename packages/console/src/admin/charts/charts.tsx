import { Card } from '@mantine/core';
import type { Charts as ChartData, ChartPoint, ChartWindow } from '@mevrik/protocol';
import { IconChartLine } from '@tabler/icons-react';
import { Empty } from '../../shared/states.tsx';
import { duration } from '../../shared/time.tsx';
import { meaningOf } from '../events/event-types.ts';
import classes from '../shared/admin.module.css';
import { busyRows, type Chart, ChartCard, type ChartRow } from './chart-card.tsx';

/** How figures are shown. */
export type ChartView = 'charts' | 'tables';

/** Kinds of event with a colour of their own; the others are one. */
const kindsShown = 6;
const palette = ['brand.6', 'indigo.5', 'orange.5', 'grape.5', 'cyan.6', 'lime.6'];
/** What is counted seldom is added up over so long: bars of minutes would be too thin to see. */
const barMs: Readonly<Record<ChartWindow, number>> = { '1h': 300_000, '24h': 7_200_000, '7d': 43_200_000 };
const inTime: Readonly<Record<ChartWindow, string>> = {
  '1h': 'for an hour',
  '24h': 'for a day',
  '7d': 'for a week',
};
const halves = { half: 'brand.6', most: 'orange.5' } as const;

/** Figures over time, each in a card of its own. */
export function Charts({ charts, view }: { charts: ChartData; view: ChartView }) {
  const all = chartsOf(charts);
  if (all.every((chart) => busyRows(chart).length === 0)) {
    return (
      <Card withBorder>
        <Empty
          icon={<IconChartLine size={34} stroke={1.4} />}
          title={`Nothing happened ${inTime[charts.window]}`}
        >
          The figures of the next conversation are drawn here, minute by minute.
        </Empty>
      </Card>
    );
  }
  return (
    <div className={classes.charts}>
      {all.map((chart) => (
        <ChartCard key={chart.title} chart={chart} window={charts.window} asTable={view === 'tables'} />
      ))}
    </div>
  );
}

function chartsOf({ window, stepSeconds, eventNames, points }: ChartData): readonly Chart[] {
  const rows = points.map(({ events: _, ...point }): ChartRow => point);
  const within = (what: string) => [
    { name: `${what}P50${what === 'wait' ? 'Seconds' : 'Ms'}`, label: 'Half within', color: halves.half },
    { name: `${what}P95${what === 'wait' ? 'Seconds' : 'Ms'}`, label: '95 % within', color: halves.most },
  ];
  return [
    eventsOf(points, eventNames, stepSeconds),
    { title: 'Until an event is handled', kind: 'line', rows, say: sayMs, series: within('age') },
    { title: 'Until clients hear of it', kind: 'line', rows, say: sayMs, series: within('broadcast') },
    {
      title: 'What went wrong',
      kind: 'bars',
      rows: addedUp(points, barMs[window]),
      say: (value) => value.toLocaleString(),
      nothing: 'Nothing went wrong in this time.',
      series: [
        { name: 'failed', label: 'Failed attempts', color: 'yellow.5' },
        { name: 'parked', label: 'Parked', color: 'orange.7' },
        { name: 'dead', label: 'Dead letters', color: 'red.9' },
      ],
    },
    {
      title: 'Until an agent takes a conversation',
      kind: 'dots',
      rows,
      say: (seconds) => duration(seconds * 1000),
      nothing: 'No conversation was taken in this time.',
      series: within('wait'),
    },
    {
      title: 'Satisfaction',
      kind: 'dots',
      rows,
      range: [1, 5],
      say: (value) => value.toLocaleString(undefined, { maximumFractionDigits: 1 }),
      nothing: 'Nobody answered a survey in this time.',
      series: [{ name: 'csatMean', label: 'Mean of 1 to 5', color: 'yellow.6' }],
    },
  ];
}

function eventsOf(points: readonly ChartPoint[], names: readonly string[], stepSeconds: number): Chart {
  const [shown, rest] = [names.slice(0, kindsShown), names.slice(kindsShown)];
  const perSecond = ({ events }: ChartPoint, of: readonly string[]) =>
    of.reduce((sum, name) => sum + (events[name] ?? 0), 0) / stepSeconds;
  return {
    title: 'Events a second',
    kind: 'areas',
    say: (value) =>
      value.toLocaleString(
        undefined,
        value < 1 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 1 },
      ),
    rows: points.map((point) => ({
      at: point.at,
      ...Object.fromEntries(shown.map((name) => [name, perSecond(point, [name])])),
      ...(rest.length > 0 && { others: perSecond(point, rest) }),
    })),
    series: [
      ...shown.map((name, at) => ({ name, label: meaningOf(name), color: palette[at] ?? 'gray.5' })),
      ...(rest.length > 0 ? [{ name: 'others', label: 'Others', color: 'gray.5' }] : []),
    ],
  };
}

/** What went wrong, over longer steps. */
function addedUp(points: readonly ChartPoint[], stepMs: number): readonly ChartRow[] {
  const rows = new Map<string, { at: string; failed: number; parked: number; dead: number }>();
  for (const { at: exactly, failed, parked, dead } of points) {
    const at = new Date(Math.floor(Date.parse(exactly) / stepMs) * stepMs).toISOString();
    const known = rows.get(at) ?? { at, failed: 0, parked: 0, dead: 0 };
    rows.set(at, {
      at,
      failed: known.failed + failed,
      parked: known.parked + parked,
      dead: known.dead + dead,
    });
  }
  return [...rows.values()];
}

function sayMs(ms: number): string {
  const digits = { maximumFractionDigits: 1 };
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toLocaleString(undefined, digits)} s`;
}

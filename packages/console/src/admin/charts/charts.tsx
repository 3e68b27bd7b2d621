import { Card } from '@mantine/core';
import type { ChartData, ChartPoint, ChartWindow } from '@mevrik/protocol';
import { IconChartLine } from '@tabler/icons-react';
import { Empty } from '../../shared/states.tsx';
import { meaningOf } from '../events/event-types.ts';
import classes from '../shared/admin.module.css';
import { busyRows, type Chart, ChartCard, type ChartRow } from './chart-card.tsx';

/** Whether values are shown as charts or as tables. */
export type ChartView = 'charts' | 'tables';

/** The number of event types with a color of their own; the rest are combined. */
const typesShown = 6;
const palette = ['brand.6', 'indigo.5', 'orange.5', 'grape.5', 'cyan.6', 'lime.6'];
/** The width of a bar in milliseconds: bars of single minutes would be too thin to see. */
const barMs: Readonly<Record<ChartWindow, number>> = { '1h': 300_000, '24h': 7_200_000, '7d': 43_200_000 };
const periods: Readonly<Record<ChartWindow, string>> = {
  '1h': 'in the last hour',
  '24h': 'in the last 24 hours',
  '7d': 'in the last 7 days',
};
const percentileColors = { median: 'brand.6', p95: 'orange.5' } as const;

/** Statistics over time, one card per chart. */
export function StatisticCharts({ charts, view }: { charts: ChartData; view: ChartView }) {
  const all = chartsOf(charts);
  if (all.every((chart) => busyRows(chart).length === 0)) {
    return (
      <Card withBorder>
        <Empty
          icon={<IconChartLine size={34} stroke={1.4} />}
          title={`No activity ${periods[charts.window]}`}
        >
          Activity appears here as it happens.
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
  const percentiles = (what: string) => [
    {
      name: `${what}P50${what === 'wait' ? 'Seconds' : 'Ms'}`,
      label: 'Median',
      color: percentileColors.median,
    },
    {
      name: `${what}P95${what === 'wait' ? 'Seconds' : 'Ms'}`,
      label: '95th percentile',
      color: percentileColors.p95,
    },
  ];
  return [
    eventsOf(points, eventNames, stepSeconds),
    { title: 'Event handling time', kind: 'line', rows, format: formatMs, series: percentiles('age') },
    { title: 'Broadcast delay', kind: 'line', rows, format: formatMs, series: percentiles('broadcast') },
    {
      title: 'Failures',
      kind: 'bars',
      rows: failureRows(points, barMs[window]),
      format: (value) => value.toLocaleString(),
      emptyText: 'No failures in this period.',
      series: [
        { name: 'failed', label: 'Failed attempts', color: 'yellow.5' },
        { name: 'parked', label: 'Parked', color: 'orange.7' },
        { name: 'dead', label: 'Dead letters', color: 'red.9' },
      ],
    },
    {
      title: 'Wait for an agent',
      kind: 'dots',
      rows,
      format: formatWait,
      emptyText: 'No conversation was accepted in this period.',
      series: percentiles('wait'),
    },
    {
      title: 'Satisfaction',
      kind: 'dots',
      rows,
      range: [1, 5],
      format: (value) => value.toLocaleString(undefined, { maximumFractionDigits: 1 }),
      emptyText: 'No ratings in this period.',
      series: [{ name: 'csatMean', label: 'Average (1 to 5)', color: 'yellow.6' }],
    },
  ];
}

function eventsOf(points: readonly ChartPoint[], names: readonly string[], stepSeconds: number): Chart {
  const [shown, rest] = [names.slice(0, typesShown), names.slice(typesShown)];
  const perSecond = ({ events }: ChartPoint, of: readonly string[]) =>
    of.reduce((sum, name) => sum + (events[name] ?? 0), 0) / stepSeconds;
  return {
    title: 'Events per second',
    kind: 'areas',
    format: (value) =>
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
      ...(rest.length > 0 ? [{ name: 'others', label: 'Other', color: 'gray.5' }] : []),
    ],
  };
}

/** Failures, added up over longer steps. */
function failureRows(points: readonly ChartPoint[], stepMs: number): readonly ChartRow[] {
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

/** `45 s`, `1.5 min`, `17 min`, `2.8 h`. */
function formatWait(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const [value, unit] = seconds < 3_600 ? [seconds / 60, 'min'] : [seconds / 3_600, 'h'];
  return `${value.toLocaleString(undefined, { maximumFractionDigits: value < 10 ? 1 : 0 })} ${unit}`;
}

function formatMs(ms: number): string {
  const digits = { maximumFractionDigits: 1 };
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toLocaleString(undefined, digits)} s`;
}

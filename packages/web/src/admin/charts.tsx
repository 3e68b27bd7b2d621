import { AreaChart, BarChart, LineChart } from '@mantine/charts';
import '@mantine/charts/styles.css';
import { Card, Center, Text, Title } from '@mantine/core';
import type { Charts as ChartData, ChartPoint, ChartWindow } from '@mevrik/protocol';
import type { ReactNode } from 'react';
import { duration } from '../shared/time.tsx';
import classes from './admin.module.css';

/** Kinds of event with a colour of their own; the others are one. */
const kindsShown = 6;
const palette = ['brand.6', 'indigo.5', 'orange.5', 'grape.5', 'cyan.6', 'lime.6'];
const height = 210;

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayAndHour = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

/** Figures over time, each in a card of its own. */
export function Charts({ charts }: { charts: ChartData }) {
  const { window, stepSeconds, eventNames, points } = charts;
  const at = sayTime(window);
  const shown = eventNames.slice(0, kindsShown);
  const rest = eventNames.slice(kindsShown);
  const perSecond = (point: ChartPoint, names: readonly string[]) =>
    names.reduce((sum, name) => sum + (point.events[name] ?? 0), 0) / stepSeconds;
  const events = points.map((point) => ({
    at: at(point.at),
    ...Object.fromEntries(shown.map((name) => [name, perSecond(point, [name])])),
    ...(rest.length > 0 && { Others: perSecond(point, rest) }),
  }));
  const rows = points.map((point) => ({ ...point, at: at(point.at) }));
  const has = (of: (point: ChartPoint) => number | null) => points.some((point) => (of(point) ?? 0) > 0);
  const common = {
    h: height,
    dataKey: 'at',
    withLegend: true,
    legendProps: { verticalAlign: 'bottom' as const },
  };
  return (
    <div className={classes.charts}>
      <ChartCard title="Events a second" isEmpty={eventNames.length === 0}>
        <AreaChart
          {...common}
          data={events}
          type="stacked"
          curveType="monotone"
          withDots={false}
          valueFormatter={(value) => value.toFixed(value < 1 ? 2 : 1)}
          series={[
            ...shown.map((name, place) => ({ name, color: palette[place] ?? 'gray.5' })),
            ...(rest.length > 0 ? [{ name: 'Others', color: 'gray.5' }] : []),
          ]}
        />
      </ChartCard>
      <ChartCard title="Until an event is handled" isEmpty={!has(({ ageP95Ms }) => ageP95Ms)}>
        <LineChart
          {...common}
          data={rows}
          curveType="monotone"
          withDots={false}
          valueFormatter={sayMs}
          series={[
            { name: 'ageP50Ms', label: 'Half within', color: 'brand.6' },
            { name: 'ageP95Ms', label: '95 % within', color: 'orange.5' },
          ]}
        />
      </ChartCard>
      <ChartCard title="Until clients hear of it" isEmpty={!has(({ broadcastP95Ms }) => broadcastP95Ms)}>
        <LineChart
          {...common}
          data={rows}
          curveType="monotone"
          withDots={false}
          valueFormatter={sayMs}
          series={[
            { name: 'broadcastP50Ms', label: 'Half within', color: 'brand.6' },
            { name: 'broadcastP95Ms', label: '95 % within', color: 'orange.5' },
          ]}
        />
      </ChartCard>
      <ChartCard
        title="What went wrong"
        isEmpty={!has(({ failed, parked, dead }) => failed + parked + dead)}
        nothing="Nothing went wrong in this time."
      >
        <BarChart
          {...common}
          data={rows}
          series={[
            { name: 'failed', label: 'Failed attempts', color: 'yellow.6' },
            { name: 'parked', label: 'Parked', color: 'orange.6' },
            { name: 'dead', label: 'Dead letters', color: 'red.6' },
          ]}
        />
      </ChartCard>
      <ChartCard
        title="Until an agent takes a conversation"
        isEmpty={!has(({ taken }) => taken)}
        nothing="No conversation was taken in this time."
      >
        <BarChart
          {...common}
          data={rows}
          valueFormatter={(seconds) => duration(seconds * 1000)}
          series={[
            { name: 'waitP50Seconds', label: 'Half within', color: 'brand.6' },
            { name: 'waitP95Seconds', label: '95 % within', color: 'orange.5' },
          ]}
        />
      </ChartCard>
      <ChartCard
        title="Satisfaction"
        isEmpty={!has(({ csatAnswers }) => csatAnswers)}
        nothing="Nobody answered a survey in this time."
      >
        <LineChart
          {...common}
          data={rows}
          connectNulls
          withDots
          yAxisProps={{ domain: [1, 5], ticks: [1, 2, 3, 4, 5] }}
          valueFormatter={(value) => value.toFixed(1)}
          series={[{ name: 'csatMean', label: 'Mean of 1 to 5', color: 'yellow.6' }]}
        />
      </ChartCard>
    </div>
  );
}

function ChartCard(props: { title: string; isEmpty: boolean; nothing?: string; children: ReactNode }) {
  const { title, isEmpty, nothing = 'Nothing happened in this time.', children } = props;
  return (
    <Card withBorder component="section" aria-label={title}>
      <Title order={3} mb="md" fz={15}>
        {title}
      </Title>
      {isEmpty ? (
        <Center h={height} className={classes.nothing}>
          <Text size="sm" c="dimmed">
            {nothing}
          </Text>
        </Center>
      ) : (
        children
      )}
    </Card>
  );
}

function sayTime(window: ChartWindow): (at: string) => string {
  const format = window === '7d' ? dayAndHour : clock;
  return (at) => format.format(new Date(at));
}

function sayMs(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

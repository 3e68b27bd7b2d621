import { Card, Group, SegmentedControl, Skeleton, Text, Title } from '@mantine/core';
import type { ChartWindow, Overview } from '@mevrik/protocol';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, type LinkProps } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { api } from '../../session/session.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { span } from '../../shared/time.tsx';
import type { ChartView } from '../charts/charts.tsx';
import { HealthCard } from '../health/health-card.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { Attention } from './attention.tsx';

/** The chart library is large, so it loads after the text of the page. */
const StatisticCharts = lazy(async () => ({
  default: (await import('../charts/charts.tsx')).StatisticCharts,
}));

const windows: readonly { readonly value: ChartWindow; readonly label: string }[] = [
  { value: '1h', label: '1 hour' },
  { value: '24h', label: '24 hours' },
  { value: '7d', label: '7 days' },
];

/** The first page of the panel: problems, health and activity. */
export function OverviewPage() {
  const overview = useQuery({
    queryKey: ['overview'],
    meta: { live: ['activity'] },
    queryFn: () => api.rest.admin.overview(),
  });
  const health = useQuery({
    queryKey: ['health', '7d'],
    meta: { live: ['health'] },
    queryFn: () => api.rest.admin.health(),
  });
  if (overview.isPending) return <Loading />;
  if (overview.isError) return <Failure error={overview.error} onRetry={() => void overview.refetch()} />;
  return (
    <AdminPage
      title="Overview"
      about="What needs attention, the health of the system, and activity over time."
    >
      <Attention overview={overview.data} health={health.data} />
      <Tiles overview={overview.data} />
      <section aria-label="Health">
        <Title order={2} mb="sm">
          Health
        </Title>
        {health.isError ? (
          <Failure error={health.error} onRetry={() => void health.refetch()} />
        ) : (
          <div className={classes.healthCards}>
            {health.data
              ? health.data.parts.map((part) => <HealthCard key={part.part} part={part} />)
              : ['a', 'b', 'c', 'd'].map((key) => <Skeleton key={key} height={126} radius="md" />)}
          </div>
        )}
      </section>
      <ActivitySection />
    </AdminPage>
  );
}

function Tiles({ overview: { now, csat } }: { overview: Overview }) {
  return (
    <div className={classes.tiles}>
      <Tile to="/desk" label="Waiting for an agent" value={now.waiting} alarm={now.longestWaitSeconds > 300}>
        {now.waiting > 0 ? `longest ${span(now.longestWaitSeconds * 1000)}` : 'no one waiting'}
      </Tile>
      <Tile to="/desk" label="Open cases" value={now.openCases}>
        {now.activeSessions === 1 ? '1 active session' : `${now.activeSessions} active sessions`}
      </Tile>
      <Tile
        to="/admin/agents"
        label="Agents online"
        value={now.agentsOnline}
        alarm={now.agentsOnline === 0 && now.waiting > 0}
      >
        {now.agentsOnline === 0 ? 'no one available' : 'available now'}
      </Tile>
      <Tile label="Satisfaction, 30 days" value={csat.mean === null ? '–' : csat.mean.toFixed(1)}>
        {csat.answers === 0 ? 'no ratings yet' : csat.answers === 1 ? '1 rating' : `${csat.answers} ratings`}
      </Tile>
      <Tile
        to="/admin/deliveries"
        label="Failed deliveries (24 h)"
        value={now.failedDeliveries}
        alarm={now.failedDeliveries > 0}
      >
        out of retries
      </Tile>
    </div>
  );
}

/** The statistics over time, as charts or as tables. */
function ActivitySection() {
  const [window, setWindow] = useState<ChartWindow>('24h');
  const [view, setView] = useState<ChartView>('charts');
  const charts = useQuery({
    queryKey: ['charts', window],
    meta: { live: ['statistics'] },
    queryFn: () => api.rest.admin.charts({ window }),
    placeholderData: keepPreviousData,
  });
  return (
    <section aria-label="Activity">
      <Group justify="space-between" mb="sm">
        <Title order={2}>Activity</Title>
        <Group gap="xs">
          <SegmentedControl<ChartView>
            size="xs"
            aria-label="View"
            data={[
              { value: 'charts', label: 'Charts' },
              { value: 'tables', label: 'Tables' },
            ]}
            value={view}
            onChange={setView}
          />
          <SegmentedControl
            size="xs"
            aria-label="Time range"
            data={windows.map((one) => ({ ...one }))}
            value={window}
            onChange={setWindow}
          />
        </Group>
      </Group>
      {charts.isError ? (
        <Failure error={charts.error} onRetry={() => void charts.refetch()} />
      ) : charts.data ? (
        <Suspense fallback={<ChartsLoading />}>
          <StatisticCharts charts={charts.data} view={view} />
        </Suspense>
      ) : (
        <ChartsLoading />
      )}
    </section>
  );
}

function ChartsLoading() {
  return (
    <div className={classes.charts} aria-busy="true">
      {['a', 'b', 'c', 'd', 'e', 'f'].map((key) => (
        <Skeleton key={key} height={274} radius="md" />
      ))}
    </div>
  );
}

function Tile(props: {
  label: string;
  value: number | string;
  to?: LinkProps['to'];
  alarm?: boolean;
  children: ReactNode;
}) {
  const { label, value, to, alarm = false, children } = props;
  const card = (
    <Card withBorder className={classes.tile} h="100%">
      <Text size="xs" c="dimmed" fw={550}>
        {label}
      </Text>
      <Text className={classes.tileValue} c={alarm ? 'red' : undefined} component="div">
        {value}
      </Text>
      <Text size="xs" c="dimmed">
        {children}
      </Text>
    </Card>
  );
  return to === undefined ? (
    card
  ) : (
    <Link to={to} className={classes.cardLink}>
      {card}
    </Link>
  );
}

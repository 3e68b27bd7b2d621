import { Card, Group, SegmentedControl, Skeleton, Text, Title } from '@mantine/core';
import type { ChartWindow, Overview } from '@mevrik/protocol';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { api } from '../../session/session.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { duration } from '../../shared/time.tsx';
import type { ChartView } from '../charts/charts.tsx';
import { HealthCard } from '../health/health-card.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { Attention } from './attention.tsx';

/** What draws is large, and comes after what can be read. */
const Charts = lazy(async () => ({ default: (await import('../charts/charts.tsx')).Charts }));

const windows: readonly { readonly value: ChartWindow; readonly label: string }[] = [
  { value: '1h', label: 'An hour' },
  { value: '24h', label: 'A day' },
  { value: '7d', label: 'A week' },
];

/** The first screen of an administrator: what needs them, how the four parts are, how it goes. */
export function OverviewPage() {
  const [window, setWindow] = useState<ChartWindow>('24h');
  const [view, setView] = useState<ChartView>('charts');
  const overview = useQuery({
    queryKey: ['overview'],
    queryFn: () => api.call<Overview>('GET', '/v1/admin/overview'),
  });
  const health = useQuery({ queryKey: ['health', '7d'], queryFn: () => api.rest.admin.health() });
  const charts = useQuery({
    queryKey: ['charts', window],
    queryFn: () => api.rest.admin.charts({ window }),
    placeholderData: keepPreviousData,
  });
  if (overview.isPending) return <Loading />;
  if (overview.isError) return <Failure error={overview.error} onRetry={() => void overview.refetch()} />;
  const { now, csat } = overview.data;
  return (
    <AdminPage
      title="Overview"
      about="What needs you, whether everything works, and how the conversations go."
    >
      <Attention overview={overview.data} health={health.data} />
      <div className={classes.tiles}>
        <Tile
          to="/desk"
          label="Waiting for an agent"
          value={now.waiting}
          alarm={now.longestWaitSeconds > 300}
        >
          {now.waiting > 0 ? `the longest ${duration(now.longestWaitSeconds * 1000)}` : 'nobody'}
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
          {now.agentsOnline === 0 ? 'nobody to answer' : 'take conversations'}
        </Tile>
        <Tile label="Satisfaction, 30 days" value={csat.mean === null ? '–' : csat.mean.toFixed(1)}>
          {csat.answers === 0
            ? 'no answers yet'
            : csat.answers === 1
              ? '1 answer'
              : `${csat.answers} answers`}
        </Tile>
        <Tile
          to="/admin/deliveries"
          label="Not delivered today"
          value={now.failedDeliveries}
          alarm={now.failedDeliveries > 0}
        >
          failed for good
        </Tile>
      </div>
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
      <section aria-label="Figures">
        <Group justify="space-between" mb="sm">
          <Title order={2}>Figures</Title>
          <Group gap="xs">
            <SegmentedControl
              size="xs"
              aria-label="Shown as"
              data={[
                { value: 'charts', label: 'Charts' },
                { value: 'tables', label: 'Tables' },
              ]}
              value={view}
              onChange={(value) => setView(value as ChartView)}
            />
            <SegmentedControl
              size="xs"
              aria-label="Over how long"
              data={windows.map((one) => ({ ...one }))}
              value={window}
              onChange={(value) => setWindow(value as ChartWindow)}
            />
          </Group>
        </Group>
        {charts.isError ? (
          <Failure error={charts.error} onRetry={() => void charts.refetch()} />
        ) : charts.data ? (
          <Suspense fallback={<ChartsToCome />}>
            <Charts charts={charts.data} view={view} />
          </Suspense>
        ) : (
          <ChartsToCome />
        )}
      </section>
    </AdminPage>
  );
}

function ChartsToCome() {
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
  to?: string;
  alarm?: boolean;
  children: ReactNode;
}) {
  const { label, value, to, alarm = false, children } = props;
  const card = (
    <Card withBorder className={classes.tile} h="100%">
      <Text size="xs" c="dimmed" fw={550}>
        {label}
      </Text>
      <Text className={classes.figure} c={alarm ? 'red' : undefined} component="div">
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
    <Link to={to} className={classes.plain}>
      {card}
    </Link>
  );
}

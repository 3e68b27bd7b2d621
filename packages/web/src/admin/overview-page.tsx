import { AreaChart, BarChart } from '@mantine/charts';
import '@mantine/charts/styles.css';
import { Badge, Card, Group, Stack, Text, Title } from '@mantine/core';
import type { Overview } from '@mevrik/protocol';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../session/session.ts';
import { Failure, Loading } from '../shared/states.tsx';
import { clockTime, duration } from '../shared/time.tsx';
import classes from './admin.module.css';
import { AdminPage } from './admin-page.tsx';
import type { SubscriptionState } from './api-types.ts';

interface Health {
  readonly ok: boolean;
  readonly parts: Readonly<Record<string, { readonly ok: boolean; readonly detail: string }>>;
}

/** How everything is, at a glance. */
export function OverviewPage() {
  const overview = useQuery({
    queryKey: ['overview'],
    queryFn: () => api.call<Overview>('GET', '/v1/admin/overview'),
  });
  const listeners = useQuery({
    queryKey: ['listeners'],
    queryFn: () => api.call<{ items: readonly SubscriptionState[] }>('GET', '/v1/admin/subscriptions'),
  });
  const health = useQuery({
    queryKey: ['overview', 'health'],
    queryFn: async (): Promise<Health> => (await fetch('/readyz')).json(),
  });
  if (overview.isPending) return <Loading />;
  if (overview.isError) return <Failure error={overview.error} onRetry={() => void overview.refetch()} />;
  const { now, hours, csat } = overview.data;
  const dead = listeners.data?.items.reduce((sum, one) => sum + one.dead, 0) ?? 0;
  const lag = listeners.data?.items.reduce((sum, one) => sum + one.lag, 0) ?? 0;
  const data = hours.map((one) => ({ ...one, hour: clockTime(one.hour) }));
  return (
    <AdminPage title="Overview" about="How the conversations go, and whether everything works.">
      <div className={classes.tiles}>
        <Tile label="Waiting for an agent" value={now.waiting} alarm={now.longestWaitSeconds > 300}>
          {now.waiting > 0 ? `the longest ${duration(now.longestWaitSeconds * 1000)}` : 'nobody'}
        </Tile>
        <Tile label="Open cases" value={now.openCases}>
          {now.activeSessions} active sessions
        </Tile>
        <Tile
          label="Agents online"
          value={now.agentsOnline}
          alarm={now.agentsOnline === 0 && now.waiting > 0}
        >
          {now.agentsOnline === 0 ? 'nobody takes conversations' : 'take conversations'}
        </Tile>
        <Tile label="Satisfaction, 30 days" value={csat.mean === null ? '–' : csat.mean.toFixed(1)}>
          {csat.answers === 1 ? '1 answer' : `${csat.answers} answers`}
        </Tile>
        <Tile label="Not delivered today" value={now.failedDeliveries} alarm={now.failedDeliveries > 0}>
          messages that failed for good
        </Tile>
        <Link to="/admin/dead-letters" style={{ textDecoration: 'none', color: 'inherit' }}>
          <Tile label="Dead letters" value={dead} alarm={dead > 0}>
            {lag === 0 ? 'listeners are up to date' : `${lag} events still to be handled`}
          </Tile>
        </Link>
      </div>
      <div className={classes.twoColumns}>
        <Card withBorder>
          <Title order={2} mb="md">
            Messages an hour
          </Title>
          <AreaChart
            h={220}
            data={data}
            dataKey="hour"
            withLegend
            legendProps={{ verticalAlign: 'bottom' }}
            curveType="monotone"
            series={[
              { name: 'received', label: 'From customers', color: 'brand.6' },
              { name: 'answered', label: 'Answers', color: 'indigo.5' },
              { name: 'failed', label: 'Not delivered', color: 'red.6' },
            ]}
          />
        </Card>
        <Card withBorder>
          <Title order={2} mb="md">
            Until an agent takes a conversation
          </Title>
          <BarChart
            h={220}
            data={data}
            dataKey="hour"
            valueFormatter={(seconds) => duration(seconds * 1000)}
            series={[{ name: 'meanWaitSeconds', label: 'Mean wait', color: 'brand.6' }]}
          />
        </Card>
        <Card withBorder>
          <Title order={2} mb="md">
            Satisfaction
          </Title>
          <BarChart
            h={180}
            data={[1, 2, 3, 4, 5].map((score) => ({
              score: '★'.repeat(score),
              count: csat.scores.find((one) => one.score === score)?.count ?? 0,
            }))}
            dataKey="score"
            orientation="vertical"
            yAxisProps={{ width: 80 }}
            series={[{ name: 'count', label: 'Answers', color: 'yellow.6' }]}
          />
        </Card>
        <Card withBorder>
          <Title order={2} mb="md">
            Health
          </Title>
          {health.isError ? (
            <Text c="red">The server does not answer.</Text>
          ) : (
            <Stack gap="xs">
              {Object.entries(health.data?.parts ?? {}).map(([name, { ok, detail }]) => (
                <Group key={name} justify="space-between" wrap="nowrap">
                  <Text size="sm" fw={550}>
                    {name}
                  </Text>
                  <Group gap="xs" wrap="nowrap">
                    <Text size="sm" c="dimmed">
                      {detail}
                    </Text>
                    <Badge color={ok ? 'teal' : 'red'}>{ok ? 'well' : 'not well'}</Badge>
                  </Group>
                </Group>
              ))}
            </Stack>
          )}
        </Card>
      </div>
    </AdminPage>
  );
}

function Tile(props: { label: string; value: number | string; alarm?: boolean; children: React.ReactNode }) {
  const { label, value, alarm = false, children } = props;
  return (
    <Card withBorder className={classes.tile}>
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
}

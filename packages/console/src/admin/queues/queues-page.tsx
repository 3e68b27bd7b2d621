import { Badge, Card, Group, Progress, SimpleGrid, Table, Text, Title } from '@mantine/core';
import type { QueueAgent, QueueState } from '@mevrik/protocol';
import { IconUsersGroup } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../../session/session.ts';
import { Empty, Failure, Loading } from '../../shared/states.tsx';
import { span, useNow } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { availabilityLabels } from '../shared/agent-labels.ts';

/** Waiting customers and available agents, live. */
export function QueuesPage() {
  const overview = useQuery({
    queryKey: ['queues'],
    meta: { live: ['activity'] },
    queryFn: () => api.rest.admin.queues(),
    staleTime: 0,
  });
  if (overview.isPending) return <Loading />;
  if (overview.isError) return <Failure error={overview.error} onRetry={() => void overview.refetch()} />;
  const { queues, agents } = overview.data;
  const online = agents.filter(({ availability }) => availability === 'online');
  const free = online.reduce((sum, { capacity, serving }) => sum + Math.max(0, capacity - serving), 0);
  const waiting = queues.reduce((sum, one) => sum + one.waiting, 0);
  return (
    <AdminPage title="Queues" about="Live view of waiting customers and available agents.">
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        <Statistic label="Waiting" value={String(waiting)} />
        <Statistic label="Longest wait" value={<LongestWait queues={queues} />} />
        <Statistic label="Agents online" value={String(online.length)} />
        <Statistic label="Free capacity" value={String(free)} />
      </SimpleGrid>
      <QueueTable queues={queues} />
      <SimpleGrid cols={{ base: 1, lg: 2 }} style={{ alignItems: 'start' }}>
        <AgentTable agents={agents} />
        <SkillTable queues={queues} agents={online} />
      </SimpleGrid>
    </AdminPage>
  );
}

function Statistic({ label, value }: { label: string; value: ReactNode }) {
  return (
    <Card withBorder className={classes.tile ?? ''}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <div className={classes.tileValue}>{value}</div>
    </Card>
  );
}

function LongestWait({ queues }: { queues: readonly QueueState[] }) {
  const now = useNow(15_000);
  const [oldest] = queues.flatMap(({ waitingSince }) => waitingSince ?? []).sort();
  return oldest === undefined ? '–' : span(now - Date.parse(oldest));
}

function QueueTable({ queues }: { queues: readonly QueueState[] }) {
  const now = useNow(15_000);
  if (queues.length === 0) {
    return (
      <Card withBorder>
        <Empty icon={<IconUsersGroup size={34} stroke={1.4} />} title="No queues yet">
          A queue appears here after the first customer has waited in it.
        </Empty>
      </Card>
    );
  }
  return (
    <Card withBorder p={0} className={classes.table} tabIndex={0}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Queue</Table.Th>
            <Table.Th>App</Table.Th>
            <Table.Th ta="right">Waiting</Table.Th>
            <Table.Th ta="right">Longest wait</Table.Th>
            <Table.Th ta="right">Assigned</Table.Th>
            <Table.Th ta="right">Accepted (24 h)</Table.Th>
            <Table.Th ta="right">Average wait (24 h)</Table.Th>
            <Table.Th ta="right">Abandoned (24 h)</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {queues.map((one) => (
            <Table.Tr key={`${one.appId} ${one.queue}`}>
              <Table.Td>
                <Text size="sm" fw={600}>
                  {one.queue}
                </Text>
              </Table.Td>
              <Table.Td>{one.appName}</Table.Td>
              <Table.Td ta="right">
                {one.waiting > 0 ? <Badge color="yellow">{one.waiting}</Badge> : 0}
              </Table.Td>
              <Table.Td ta="right">
                {one.waitingSince === null ? '–' : span(now - Date.parse(one.waitingSince))}
              </Table.Td>
              <Table.Td ta="right">{one.served}</Table.Td>
              <Table.Td ta="right">{one.accepted}</Table.Td>
              <Table.Td ta="right">
                {one.meanWaitSeconds === null ? '–' : span(one.meanWaitSeconds * 1000)}
              </Table.Td>
              <Table.Td ta="right">{one.abandoned}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

function AgentTable({ agents }: { agents: readonly QueueAgent[] }) {
  return (
    <Card withBorder p={0} className={classes.table} tabIndex={0}>
      <Title order={2} px="sm" pt="md" pb="xs">
        Agents
      </Title>
      {agents.length === 0 ? (
        <Text size="sm" c="dimmed" px="sm" pb="md">
          No agents at the desk.
        </Text>
      ) : (
        <Table>
          <Table.Tbody>
            {agents.map(({ id, name, availability, capacity, serving }) => (
              <Table.Tr key={id}>
                <Table.Td>{name}</Table.Td>
                <Table.Td>
                  <Badge color={availability === 'online' ? 'teal' : 'yellow'}>
                    {availabilityLabels[availability]}
                  </Badge>
                </Table.Td>
                <Table.Td w="40%">
                  <Group gap="xs" wrap="nowrap">
                    <Progress
                      value={(serving / Math.max(1, capacity)) * 100}
                      color={serving >= capacity ? 'red' : 'brand'}
                      aria-label={`${name}: ${serving} of ${capacity} conversations`}
                      style={{ flex: 1 }}
                    />
                    <Text size="xs" c="dimmed">
                      {serving} of {capacity}
                    </Text>
                  </Group>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Card>
  );
}

/** The skills that waiting customers need and online agents have. */
function SkillTable({ queues, agents }: { queues: readonly QueueState[]; agents: readonly QueueAgent[] }) {
  const names = new Set([
    ...queues.flatMap(({ skills }) => Object.keys(skills)),
    ...agents.flatMap(({ skills }) => skills),
  ]);
  return (
    <Card withBorder p={0} className={classes.table} tabIndex={0}>
      <Title order={2} px="sm" pt="md" pb="xs">
        Skills
      </Title>
      {names.size === 0 ? (
        <Text size="sm" c="dimmed" px="sm" pb="md">
          No waiting customer needs a skill, and no online agent has one.
        </Text>
      ) : (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Skill</Table.Th>
              <Table.Th ta="right">Waiting</Table.Th>
              <Table.Th ta="right">Online</Table.Th>
              <Table.Th ta="right">Free capacity</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {[...names].sort().map((name) => {
              const skilled = agents.filter(({ skills }) => skills.includes(name));
              const needed = queues.reduce((sum, { skills }) => sum + (skills[name] ?? 0), 0);
              const free = skilled.reduce((sum, one) => sum + Math.max(0, one.capacity - one.serving), 0);
              return (
                <Table.Tr key={name}>
                  <Table.Td>{name}</Table.Td>
                  <Table.Td ta="right">{needed}</Table.Td>
                  <Table.Td ta="right">
                    {needed > 0 && skilled.length === 0 ? <Badge color="red">None</Badge> : skilled.length}
                  </Table.Td>
                  <Table.Td ta="right">{free}</Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      )}
    </Card>
  );
}

import { Badge, Button, Card, Group, Stack, Table, TextInput, Title } from '@mantine/core';
import type { GatewayNode, GatewayTopic } from '@mevrik/protocol';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { fileSize } from '../../shared/file-size.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { TopicViewer } from './topic-viewer.tsx';

/** Connections per node, subscribed topics, and a live view of one topic. */
export function ConnectionsPage() {
  const [watched, setWatched] = useState<Pick<GatewayTopic, 'appId' | 'name'>>();
  const nodes = useQuery({
    queryKey: ['connections', 'nodes'],
    meta: { live: ['activity', 'connections'] },
    queryFn: () => api.rest.admin.gatewayNodes(),
  });
  if (nodes.isPending) return <Loading />;
  if (nodes.isError) return <Failure error={nodes.error} onRetry={() => void nodes.refetch()} />;
  return (
    <AdminPage title="Connections" about="Connections per node, and the topics their clients subscribe to.">
      <NodeTable nodes={nodes.data.nodes} />
      <div className={classes.twoColumns}>
        <TopicList onWatch={setWatched} />
        <TopicViewer
          key={`${watched?.appId} ${watched?.name}`}
          watched={watched}
          onEnd={() => setWatched(undefined)}
        />
      </div>
    </AdminPage>
  );
}

function NodeTable({ nodes }: { nodes: readonly GatewayNode[] }) {
  return (
    <Card withBorder p={0} className={classes.table} tabIndex={0}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Node</Table.Th>
            <Table.Th>App</Table.Th>
            <Table.Th ta="right">Connections</Table.Th>
            <Table.Th ta="right">Topics</Table.Th>
            <Table.Th ta="right">Members</Table.Th>
            <Table.Th ta="right">Sent/s</Table.Th>
            <Table.Th ta="right">Received/s</Table.Th>
            <Table.Th ta="right">Buffered</Table.Th>
            <Table.Th ta="right">Closed (too slow)</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {nodes.flatMap(({ node, apps }) =>
            apps.map((app) => (
              <Table.Tr key={`${node} ${app.appId}`}>
                <Table.Td className={classes.mono}>{node.slice(0, 8)}</Table.Td>
                <Table.Td>{app.appId}</Table.Td>
                <Table.Td ta="right">{app.connections}</Table.Td>
                <Table.Td ta="right">{app.topics}</Table.Td>
                <Table.Td ta="right">{app.members}</Table.Td>
                <Table.Td ta="right">{app.sent.messagesPerSecond}</Table.Td>
                <Table.Td ta="right">{app.received.messagesPerSecond}</Table.Td>
                <Table.Td ta="right">{fileSize(app.bufferedBytes)}</Table.Td>
                <Table.Td ta="right">
                  {app.cutOff > 0 ? <Badge color="yellow">{app.cutOff}</Badge> : 0}
                </Table.Td>
              </Table.Tr>
            )),
          )}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

function TopicList({ onWatch }: { onWatch: (topic: GatewayTopic) => void }) {
  const me = useMe();
  const [prefix, setPrefix] = useState('');
  const topics = useQuery({
    queryKey: ['connections', 'topics', prefix],
    meta: { live: ['activity', 'connections'] },
    queryFn: () => api.rest.admin.gatewayTopics({ limit: 200, ...(prefix === '' ? {} : { prefix }) }),
  });
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Title order={2}>Topics on this node</Title>
        <TextInput
          size="xs"
          placeholder="Filter by prefix"
          aria-label="Topic prefix"
          value={prefix}
          onChange={(event) => setPrefix(event.currentTarget.value)}
        />
      </Group>
      <Card withBorder p={0} className={classes.table} tabIndex={0}>
        <Table highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Topic</Table.Th>
              <Table.Th>App</Table.Th>
              <Table.Th ta="right">Subscribers</Table.Th>
              <Table.Th ta="right">Sent</Table.Th>
              <Table.Th />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {topics.data?.items.length === 0 && (
              <Table.Tr>
                <Table.Td colSpan={5} ta="center" c="dimmed" py="lg">
                  {prefix === ''
                    ? 'No subscriptions on this node.'
                    : 'No subscribed topic starts with this prefix.'}
                </Table.Td>
              </Table.Tr>
            )}
            {(topics.data?.items ?? []).map((one) => (
              <Table.Tr key={`${one.appId} ${one.name}`}>
                <Table.Td className={classes.mono}>{one.name}</Table.Td>
                <Table.Td>{one.appId}</Table.Td>
                <Table.Td ta="right">{one.subscribers}</Table.Td>
                <Table.Td ta="right">{one.sent.messages}</Table.Td>
                <Table.Td ta="right">
                  {me.role === 'admin' && (
                    <Button size="compact-xs" variant="light" onClick={() => onWatch(one)}>
                      Watch
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Card>
    </Stack>
  );
}

import { Badge, Button, Card, Group, ScrollArea, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { IconAntennaBars5, IconPlayerStop } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, token } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { Empty, Failure, Loading } from '../../shared/states.tsx';
import { clockTime } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';

interface Flow {
  readonly messagesPerSecond: number;
}
interface NodeState {
  readonly node: string;
  readonly apps: readonly {
    readonly appId: number;
    readonly connections: number;
    readonly channels: number;
    readonly members: number;
    readonly sent: Flow;
    readonly received: Flow;
    readonly bufferedBytes: number;
    readonly cutOff: number;
  }[];
}
interface ChannelState {
  readonly appId: number;
  readonly name: string;
  readonly subscribers: number;
  readonly sent: Flow & { readonly messages: number };
}

/** Who is connected, to what, and a look at what one channel carries. */
export function ConnectionsPage() {
  const me = useMe();
  const [prefix, setPrefix] = useState('');
  const [tapped, setTapped] = useState<Pick<ChannelState, 'appId' | 'name'>>();
  const nodes = useQuery({
    queryKey: ['connections', 'nodes'],
    queryFn: () => api.call<{ nodes: readonly NodeState[] }>('GET', '/v1/admin/gateway'),
  });
  const channels = useQuery({
    queryKey: ['connections', 'channels', prefix],
    queryFn: () =>
      api.call<{ items: readonly ChannelState[]; next: string | null }>('GET', '/v1/admin/gateway/topics', {
        query: { limit: 200, prefix: prefix === '' ? undefined : prefix },
      }),
  });
  if (nodes.isPending) return <Loading />;
  if (nodes.isError) return <Failure error={nodes.error} onRetry={() => void nodes.refetch()} />;
  return (
    <AdminPage title="Connections" about="What is connected to each node, and what its clients hear.">
      <Card withBorder p={0} className={classes.table} tabIndex={0}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Node</Table.Th>
              <Table.Th>App</Table.Th>
              <Table.Th ta="right">Connections</Table.Th>
              <Table.Th ta="right">Channels</Table.Th>
              <Table.Th ta="right">Members</Table.Th>
              <Table.Th ta="right">Sent a second</Table.Th>
              <Table.Th ta="right">Received a second</Table.Th>
              <Table.Th ta="right">Waiting, bytes</Table.Th>
              <Table.Th ta="right">Cut off</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {nodes.data.nodes.flatMap(({ node, apps }) =>
              apps.map((app) => (
                <Table.Tr key={`${node} ${app.appId}`}>
                  <Table.Td className={classes.mono}>{node.slice(0, 8)}</Table.Td>
                  <Table.Td>{app.appId}</Table.Td>
                  <Table.Td ta="right">{app.connections}</Table.Td>
                  <Table.Td ta="right">{app.channels}</Table.Td>
                  <Table.Td ta="right">{app.members}</Table.Td>
                  <Table.Td ta="right">{app.sent.messagesPerSecond}</Table.Td>
                  <Table.Td ta="right">{app.received.messagesPerSecond}</Table.Td>
                  <Table.Td ta="right">{app.bufferedBytes}</Table.Td>
                  <Table.Td ta="right">
                    {app.cutOff > 0 ? <Badge color="yellow">{app.cutOff}</Badge> : 0}
                  </Table.Td>
                </Table.Tr>
              )),
            )}
          </Table.Tbody>
        </Table>
      </Card>
      <div className={classes.twoColumns}>
        <Stack gap="sm">
          <Group justify="space-between">
            <Title order={2}>Channels of this node</Title>
            <TextInput
              size="xs"
              placeholder="Begins with …"
              aria-label="Channels that begin with"
              value={prefix}
              onChange={(event) => setPrefix(event.currentTarget.value)}
            />
          </Group>
          <Card withBorder p={0} className={classes.table} tabIndex={0}>
            <Table highlightOnHover>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Channel</Table.Th>
                  <Table.Th>App</Table.Th>
                  <Table.Th ta="right">Hear it</Table.Th>
                  <Table.Th ta="right">Sent</Table.Th>
                  <Table.Th />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {channels.data?.items.length === 0 && (
                  <Table.Tr>
                    <Table.Td colSpan={5} ta="center" c="dimmed" py="lg">
                      {prefix === ''
                        ? 'Nobody hears anything at this node.'
                        : 'No channel that somebody hears begins with that.'}
                    </Table.Td>
                  </Table.Tr>
                )}
                {(channels.data?.items ?? []).map((one) => (
                  <Table.Tr key={`${one.appId} ${one.name}`}>
                    <Table.Td className={classes.mono}>{one.name}</Table.Td>
                    <Table.Td>{one.appId}</Table.Td>
                    <Table.Td ta="right">{one.subscribers}</Table.Td>
                    <Table.Td ta="right">{one.sent.messages}</Table.Td>
                    <Table.Td ta="right">
                      {me.role === 'admin' && (
                        <Button size="compact-xs" variant="light" onClick={() => setTapped(one)}>
                          Look on
                        </Button>
                      )}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Card>
        </Stack>
        <ChannelTap
          key={`${tapped?.appId} ${tapped?.name}`}
          tapped={tapped}
          onEnd={() => setTapped(undefined)}
        />
      </div>
    </AdminPage>
  );
}

interface Seen {
  readonly at: string;
  readonly event: string;
  readonly data: string;
  readonly subscribers: number;
}
const shownAtMost = 200;

/** What a channel carries, as it happens. */
function ChannelTap({
  tapped,
  onEnd,
}: {
  tapped: Pick<ChannelState, 'appId' | 'name'> | undefined;
  onEnd: () => void;
}) {
  const [seen, setSeen] = useState<readonly Seen[]>([]);
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    if (!tapped) return;
    const stop = new AbortController();
    const take = (message: Seen) => setSeen((before) => [message, ...before].slice(0, shownAtMost));
    listenTo(tapped, take, stop.signal).then(
      () => setFault('It has ended: look on again.'),
      () => stop.signal.aborted || setFault('It could not be looked at.'),
    );
    return () => stop.abort();
  }, [tapped]);
  return (
    <Stack gap="sm">
      <Group justify="space-between" mih={30}>
        <Title order={2}>{tapped ? tapped.name : 'What a channel carries'}</Title>
        {tapped && (
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconPlayerStop size={13} />}
            onClick={onEnd}
          >
            Stop
          </Button>
        )}
      </Group>
      <Card withBorder p={0} mih={260}>
        {seen.length === 0 ? (
          <Empty
            icon={<IconAntennaBars5 size={32} stroke={1.4} />}
            title={tapped ? 'Listening' : 'Nothing is looked at'}
          >
            {fault ??
              (tapped
                ? 'What is said appears here. Looking on is noted in the audit log.'
                : 'Look on at a channel of the list.')}
          </Empty>
        ) : (
          <ScrollArea.Autosize mah={520}>
            {seen.map((one, at) => (
              <div
                // biome-ignore lint/suspicious/noArrayIndexKey: the newest come first, and none changes
                key={seen.length - at}
                style={{ padding: '8px 14px', borderBottom: '1px solid var(--mantine-color-default-border)' }}
              >
                <Group gap="xs">
                  <Text size="xs" c="dimmed">
                    {clockTime(one.at)}
                  </Text>
                  <Text size="sm" fw={600}>
                    {one.event}
                  </Text>
                  <Badge size="xs" color="gray">
                    to {one.subscribers}
                  </Badge>
                </Group>
                <Text className={classes.mono} lineClamp={3} c="dimmed">
                  {one.data}
                </Text>
              </div>
            ))}
          </ScrollArea.Autosize>
        )}
      </Card>
    </Stack>
  );
}

/** Reads server-sent events with our token, which the browser's own reader cannot send. */
async function listenTo(
  { appId, name }: Pick<ChannelState, 'appId' | 'name'>,
  take: (message: Seen) => void,
  signal: AbortSignal,
): Promise<void> {
  const query = new URLSearchParams({ appId: String(appId), channel: name });
  const response = await fetch(`/v1/admin/gateway/tap?${query}`, {
    headers: { authorization: `Bearer ${await token(false)}` },
    signal,
  });
  if (!response.ok || !response.body) throw new Error(`answered ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = `${rest}${value}`.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (block.startsWith('event: message') && data) take(JSON.parse(data) as Seen);
    }
  }
}

import { Anchor, Button, Card, Group, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { ChannelState } from '@mevrik/protocol';
import { IconPlugConnected } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { ChannelIcon } from '../../shared/channel-icon.tsx';
import { errorMessage } from '../../shared/error-message.ts';
import { Empty, Failure, Loading } from '../../shared/states.tsx';
import { Ago } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { ChannelHealth } from './channel-health.tsx';

/** Every channel, whether it gets through, and why not. */
export function ChannelsPage() {
  const me = useMe();
  const queries = useQueryClient();
  const channels = useQuery({ queryKey: ['channels'], queryFn: () => api.rest.admin.channelStates() });
  if (channels.isPending) return <Loading />;
  if (channels.isError) return <Failure error={channels.error} onRetry={() => void channels.refetch()} />;
  const { items } = channels.data;

  async function probe({ appId, name }: ChannelState): Promise<void> {
    try {
      await api.rest.admin.probeChannel(appId, name);
      notifications.show({ message: `${name} is tried now.` });
    } catch (error) {
      notifications.show({ color: 'red', title: `${name} was not tried`, message: errorMessage(error) });
    }
    void queries.invalidateQueries({ queryKey: ['channels'] });
  }

  return (
    <AdminPage
      title="Channels"
      about="Where customers write, and whether answers get through. What is to be sent to a channel that is down waits, and goes on in order as soon as it is back."
    >
      {items.length === 0 ? (
        <Card withBorder>
          <Empty icon={<IconPlugConnected size={34} stroke={1.4} />} title="There is no channel yet">
            Channels are added on the page of their app.
          </Empty>
        </Card>
      ) : (
        <Card withBorder p={0} className={classes.table} tabIndex={0}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Channel</Table.Th>
                <Table.Th>App</Table.Th>
                <Table.Th>Health</Table.Th>
                <Table.Th ta="right">Waiting</Table.Th>
                <Table.Th ta="right">Sent, 24 h</Table.Th>
                <Table.Th ta="right">Failed</Table.Th>
                <Table.Th ta="right">In doubt</Table.Th>
                <Table.Th>Last came in</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((one) => (
                <Table.Tr key={`${one.appId} ${one.name}`}>
                  <Table.Td>
                    <Group gap={8} wrap="nowrap">
                      <ChannelIcon kind={one.kind} name={one.kind} />
                      {me.role === 'admin' ? (
                        <Link
                          to="/admin/apps/$appId/channels/$name"
                          params={{ appId: String(one.appId), name: one.name } as never}
                          className={classes.link}
                        >
                          {one.name}
                        </Link>
                      ) : (
                        <Text size="sm" fw={600}>
                          {one.name}
                        </Text>
                      )}
                      <Text size="xs" c="dimmed">
                        {one.kind}
                      </Text>
                    </Group>
                  </Table.Td>
                  <Table.Td style={{ whiteSpace: 'nowrap' }}>{one.appName}</Table.Td>
                  <Table.Td maw={420}>
                    <ChannelHealth of={one} />
                  </Table.Td>
                  <Table.Td ta="right">
                    <Statistic of={one} count={one.waiting} search={{}} />
                  </Table.Td>
                  <Table.Td ta="right">{one.sent}</Table.Td>
                  <Table.Td ta="right">
                    <Statistic of={one} count={one.failed} search={{ status: 'failed' }} color="red" />
                  </Table.Td>
                  <Table.Td ta="right">
                    <Statistic of={one} count={one.doubtful} search={{ doubtful: 'true' }} />
                  </Table.Td>
                  <Table.Td>{one.receivedAt === null ? '–' : <Ago at={one.receivedAt} />}</Table.Td>
                  <Table.Td ta="right">
                    {me.role === 'admin' && one.isDown && (
                      <Button size="compact-xs" variant="light" onClick={() => void probe(one)}>
                        Try again
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Card>
      )}
    </AdminPage>
  );
}

/** A number of deliveries, and the way to them. */
function Statistic(props: {
  of: ChannelState;
  count: number;
  search: Readonly<Record<string, string>>;
  color?: string;
}) {
  const { of, count, search, color } = props;
  if (count === 0) return 0;
  return (
    <Anchor
      component={Link}
      to="/admin/deliveries"
      search={{ channel: of.name, ...search } as never}
      size="sm"
      fw={600}
      c={color}
    >
      {count}
    </Anchor>
  );
}

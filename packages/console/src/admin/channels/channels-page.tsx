import { Button, Card, Group, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { ChannelState } from '@mevrik/protocol';
import { IconPlugConnected } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { ChannelIcon } from '../../shared/channel-icon.tsx';
import { AnchorLink } from '../../shared/links.tsx';
import { notifyFailure } from '../../shared/notify-failure.ts';
import { Empty, Failure, Loading } from '../../shared/states.tsx';
import { Ago } from '../../shared/time.tsx';
import type { DeliverySearch } from '../deliveries/delivery-search.ts';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { useChannelStates } from '../shared/queries.ts';
import { DataTable } from '../shared/row-list.tsx';
import { ChannelHealth } from './channel-health.tsx';

const columns = [
  'Channel',
  'App',
  'Health',
  { label: 'Queued', align: 'right' },
  { label: 'Sent (24 h)', align: 'right' },
  { label: 'Failed (24 h)', align: 'right' },
  { label: 'Unconfirmed (24 h)', align: 'right' },
  'Last received',
  '',
] as const;

/** All channels and their health. */
export function ChannelsPage() {
  const me = useMe();
  const channels = useChannelStates();
  if (channels.isPending) return <Loading />;
  if (channels.isError) return <Failure error={channels.error} onRetry={() => void channels.refetch()} />;
  const { items } = channels.data;

  return (
    <AdminPage
      title="Channels"
      about="Where customers write, and whether replies get through. Replies to a channel that is down are queued and sent in order once it recovers."
    >
      {items.length === 0 ? (
        <Card withBorder>
          <Empty icon={<IconPlugConnected size={34} stroke={1.4} />} title="No channels yet">
            Add channels on the page of an app.
          </Empty>
        </Card>
      ) : (
        <DataTable columns={columns}>
          {items.map((channel) => (
            <ChannelRow
              key={`${channel.appId} ${channel.name}`}
              channel={channel}
              isAdmin={me.role === 'admin'}
            />
          ))}
        </DataTable>
      )}
    </AdminPage>
  );
}

interface RowProps {
  readonly channel: ChannelState;
  readonly isAdmin: boolean;
}

function ChannelRow({ channel, isAdmin }: RowProps) {
  const queries = useQueryClient();

  async function probe({ appId, name }: ChannelState): Promise<void> {
    try {
      await api.rest.admin.probeChannel(appId, name);
      notifications.show({ message: `Checking ${name} now.` });
    } catch (error) {
      notifyFailure(`Could not check ${name}`, error);
    }
    void queries.invalidateQueries({ queryKey: ['channels'] });
  }

  return (
    <Table.Tr>
      <Table.Td>
        <ChannelName channel={channel} isAdmin={isAdmin} />
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{channel.appName}</Table.Td>
      <Table.Td maw={420}>
        <ChannelHealth of={channel} />
      </Table.Td>
      <Table.Td ta="right">
        <DeliveryCount of={channel} count={channel.waiting} search={{}} />
      </Table.Td>
      <Table.Td ta="right">{channel.sent}</Table.Td>
      <Table.Td ta="right">
        <DeliveryCount of={channel} count={channel.failed} search={{ status: 'failed' }} color="red" />
      </Table.Td>
      <Table.Td ta="right">
        <DeliveryCount of={channel} count={channel.doubtful} search={{ doubtful: 'true' }} />
      </Table.Td>
      <Table.Td>{channel.receivedAt === null ? '–' : <Ago at={channel.receivedAt} />}</Table.Td>
      <Table.Td ta="right">
        {isAdmin && channel.isDown && (
          <Button size="compact-xs" variant="light" onClick={() => void probe(channel)}>
            Check now
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function ChannelName({ channel, isAdmin }: RowProps) {
  return (
    <Group gap={8} wrap="nowrap">
      <ChannelIcon kind={channel.kind} name={channel.kind} />
      {isAdmin ? (
        <Link
          to="/admin/apps/$appId/channels/$name"
          params={{ appId: String(channel.appId), name: channel.name }}
          className={classes.link}
        >
          {channel.name}
        </Link>
      ) : (
        <Text size="sm" fw={600}>
          {channel.name}
        </Text>
      )}
      {channel.kind !== channel.name && (
        <Text size="xs" c="dimmed">
          {channel.kind}
        </Text>
      )}
    </Group>
  );
}

/** A number of deliveries that links to them. */
function DeliveryCount(props: { of: ChannelState; count: number; search: DeliverySearch; color?: string }) {
  const { of, count, search, color } = props;
  if (count === 0) return 0;
  return (
    <AnchorLink to="/admin/deliveries" search={{ channel: of.name, ...search }} size="sm" fw={600} c={color}>
      {count}
    </AnchorLink>
  );
}

import { Badge, Button, Group, Table, Text, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { SubscriptionState } from '@mevrik/protocol';
import { useQueryClient } from '@tanstack/react-query';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { BadgeLink } from '../../shared/links.tsx';
import { notifyFailure } from '../../shared/notify-failure.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { duration, useNow } from '../../shared/time.tsx';
import { AdminPage } from '../shared/admin-page.tsx';
import { useListeners } from '../shared/queries.ts';
import { DataTable } from '../shared/row-list.tsx';

const columns = [
  'Listener',
  'Events',
  'Runs',
  { label: 'Lag', align: 'right' },
  { label: 'Retrying', align: 'right' },
  { label: 'Failed', align: 'right' },
  'Status',
] as const;
const modeLabels = { sync: 'With the event', queued: 'In the background', broadcast: 'Live' } as const;
const statusColors = { active: 'teal', paused: 'yellow', retired: 'gray' } as const;
const statusLabels = { active: 'Active', paused: 'Paused', retired: 'Retired' } as const;

/** All listeners, with their lag and status. */
export function ListenersPage() {
  const me = useMe();
  const list = useListeners();
  if (list.isPending) return <Loading />;
  if (list.isError) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  return (
    <AdminPage
      title="Listeners"
      about="Listeners act on events. Lag is the number of events a listener has not handled yet, and the age of the oldest."
    >
      <DataTable columns={columns}>
        {list.data.items.map((listener) => (
          <ListenerRow key={listener.name} listener={listener} isAdmin={me.role === 'admin'} />
        ))}
      </DataTable>
    </AdminPage>
  );
}

interface RowProps {
  readonly listener: SubscriptionState;
  readonly isAdmin: boolean;
}

function ListenerRow({ listener, isAdmin }: RowProps) {
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {listener.name}
        </Text>
        <Text size="xs" c="dimmed">
          {listener.summary}
        </Text>
      </Table.Td>
      <Table.Td maw={300}>
        <Text size="xs" c="dimmed">
          {listener.events.join(', ')}
        </Text>
      </Table.Td>
      <Table.Td>{modeLabels[listener.mode]}</Table.Td>
      <Table.Td ta="right">
        {listener.mode === 'sync' ? '–' : listener.lag}
        {listener.behindSince !== null && <Behind since={listener.behindSince} />}
      </Table.Td>
      <Table.Td ta="right">
        {listener.parked > 0 ? <Badge color="yellow">{listener.parked}</Badge> : 0}
      </Table.Td>
      <Table.Td ta="right">
        {listener.dead > 0 ? (
          <BadgeLink color="red" to="/admin/dead-letters">
            {listener.dead}
          </BadgeLink>
        ) : (
          0
        )}
      </Table.Td>
      <Table.Td>
        <ListenerStatus listener={listener} isAdmin={isAdmin} />
      </Table.Td>
    </Table.Tr>
  );
}

function ListenerStatus({ listener, isAdmin }: RowProps) {
  const queries = useQueryClient();
  async function resume(name: string): Promise<void> {
    try {
      await api.rest.admin.resumeSubscription(name);
      notifications.show({ message: `${name} resumed.` });
    } catch (error) {
      notifyFailure(`Could not resume ${name}`, error);
    }
    void queries.invalidateQueries({ queryKey: ['listeners'] });
  }
  return (
    <>
      <Group gap="xs" wrap="nowrap">
        <Tooltip label={listener.pauseReason} disabled={listener.pauseReason === null}>
          <Badge miw="max-content" color={statusColors[listener.status]}>
            {statusLabels[listener.status]}
          </Badge>
        </Tooltip>
        {listener.status === 'paused' && isAdmin && (
          <Button size="compact-xs" onClick={() => void resume(listener.name)}>
            Resume
          </Button>
        )}
      </Group>
      {listener.pauseReason !== null && (
        <Text size="xs" c="dimmed" maw={240}>
          {listener.pauseReason}
        </Text>
      )}
    </>
  );
}

/** The age of the oldest waiting event, updated every second. */
function Behind({ since }: { since: string }) {
  const now = useNow(1_000);
  return (
    <Text size="xs" c="dimmed">
      for {duration(now - Date.parse(since))}
    </Text>
  );
}

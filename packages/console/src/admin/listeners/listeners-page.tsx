import { Badge, Button, Card, Group, Table, Text, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { duration, useNow } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';

/** Who listens to what, and how far each has come. */
export function ListenersPage() {
  const me = useMe();
  const queries = useQueryClient();
  const list = useQuery({
    queryKey: ['listeners'],
    queryFn: () => api.rest.admin.subscriptions(),
  });
  if (list.isPending) return <Loading />;
  if (list.isError) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  async function resume(name: string): Promise<void> {
    try {
      await api.rest.admin.resumeSubscription(name);
      notifications.show({ message: `${name} goes on.` });
    } catch (error) {
      notifications.show({ color: 'red', title: 'It did not go on', message: errorMessage(error) });
    }
    void queries.invalidateQueries({ queryKey: ['listeners'] });
  }
  return (
    <AdminPage
      title="Listeners"
      about="What acts on events. Lag is how many events a listener has not looked at yet, and for how long the oldest of them has waited."
    >
      <Card withBorder p={0} className={classes.table} tabIndex={0}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Listener</Table.Th>
              <Table.Th>Hears</Table.Th>
              <Table.Th>When</Table.Th>
              <Table.Th ta="right">Lag</Table.Th>
              <Table.Th ta="right">Tried again</Table.Th>
              <Table.Th ta="right">Needs a person</Table.Th>
              <Table.Th>State</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {list.data.items.map((one) => (
              <Table.Tr key={one.name}>
                <Table.Td>
                  <Text size="sm" fw={600}>
                    {one.name}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {one.summary}
                  </Text>
                </Table.Td>
                <Table.Td maw={300}>
                  <Text size="xs" c="dimmed">
                    {one.events.join(', ')}
                  </Text>
                </Table.Td>
                <Table.Td>
                  {{ sync: 'with the event', queued: 'after it', broadcast: 'live' }[one.mode]}
                </Table.Td>
                <Table.Td ta="right">
                  {one.mode === 'sync' ? '–' : one.lag}
                  {one.behindSince !== null && <Behind since={one.behindSince} />}
                </Table.Td>
                <Table.Td ta="right">
                  {one.parked > 0 ? <Badge color="yellow">{one.parked}</Badge> : 0}
                </Table.Td>
                <Table.Td ta="right">
                  {one.dead > 0 ? (
                    <Badge color="red" component={Link} to="/admin/dead-letters">
                      {one.dead}
                    </Badge>
                  ) : (
                    0
                  )}
                </Table.Td>
                <Table.Td>
                  <Group gap="xs" wrap="nowrap">
                    <Tooltip label={one.pauseReason} disabled={one.pauseReason === null}>
                      <Badge
                        miw="max-content"
                        color={{ active: 'teal', paused: 'yellow', retired: 'gray' }[one.status]}
                      >
                        {one.status}
                      </Badge>
                    </Tooltip>
                    {one.status === 'paused' && me.role === 'admin' && (
                      <Button size="compact-xs" onClick={() => void resume(one.name)}>
                        Go on
                      </Button>
                    )}
                  </Group>
                  {one.pauseReason !== null && (
                    <Text size="xs" c="dimmed" maw={240}>
                      {one.pauseReason}
                    </Text>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Card>
    </AdminPage>
  );
}

/** For how long the oldest event has waited, as it grows. */
function Behind({ since }: { since: string }) {
  const now = useNow(1_000);
  return (
    <Text size="xs" c="dimmed">
      for {duration(now - Date.parse(since))}
    </Text>
  );
}

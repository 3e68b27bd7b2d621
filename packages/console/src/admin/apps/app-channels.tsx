import { Badge, Button, Card, Group, Stack, Switch, Table, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconPlus } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../../session/session.ts';
import { ChannelIcon } from '../../shared/channel-icon.tsx';
import { errorMessage } from '../../shared/error-message.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { ChannelHealth } from '../channels/channel-health.tsx';
import classes from '../shared/admin.module.css';
import type { AppRow } from '../shared/api-types.ts';
import { WidgetSnippet } from './widget-snippet.tsx';

interface ChannelRow {
  readonly name: string;
  readonly kind: string;
  readonly enabled: boolean;
}

/** Where an app's customers write. */
export function AppChannels({ app }: { app: AppRow }) {
  const appId = String(app.id);
  const queries = useQueryClient();
  const channels = useQuery({
    queryKey: ['admin', 'channels', appId],
    queryFn: () => api.call<{ items: readonly ChannelRow[] }>('GET', `/v1/admin/apps/${appId}/channels`),
  });
  const states = useQuery({ queryKey: ['channels'], queryFn: () => api.rest.admin.channelStates() });
  const stateOf = (name: string) =>
    states.data?.items.find((one) => one.appId === app.id && one.name === name);

  async function setOpen(name: string, enabled: boolean): Promise<void> {
    try {
      await api.rest.admin.changeChannel(app.id, name, { enabled });
    } catch (error) {
      notifications.show({ color: 'red', title: `${name} was not changed`, message: errorMessage(error) });
    }
    await queries.invalidateQueries({ queryKey: ['admin', 'channels', appId] });
    void queries.invalidateQueries({ queryKey: ['channels'] });
  }

  if (channels.isPending) return <Loading />;
  if (channels.isError) return <Failure error={channels.error} onRetry={() => void channels.refetch()} />;
  return (
    <Stack>
      <Card withBorder p={0}>
        <Group justify="space-between" p="md" pb="xs">
          <Title order={2}>Where customers write</Title>
          <Button
            component={Link}
            to="/admin/apps/$appId/add-channel"
            params={{ appId } as never}
            leftSection={<IconPlus size={15} />}
          >
            Add a channel
          </Button>
        </Group>
        <div className={classes.table}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Channel</Table.Th>
                <Table.Th>Kind</Table.Th>
                <Table.Th>Health</Table.Th>
                <Table.Th ta="right">Open</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {channels.data.items.map((one) => {
                const state = stateOf(one.name);
                return (
                  <Table.Tr key={one.name}>
                    <Table.Td>
                      <Group gap="xs" wrap="nowrap">
                        <ChannelIcon kind={one.kind} name={one.name} />
                        <Link
                          to="/admin/apps/$appId/channels/$name"
                          params={{ appId, name: one.name } as never}
                          className={classes.link}
                        >
                          {one.name}
                        </Link>
                      </Group>
                    </Table.Td>
                    <Table.Td>
                      <Text size="sm">{one.kind}</Text>
                    </Table.Td>
                    <Table.Td maw={420}>
                      {state ? (
                        <ChannelHealth of={state} />
                      ) : (
                        <Badge color="gray">{one.enabled ? 'not known' : 'switched off'}</Badge>
                      )}
                    </Table.Td>
                    <Table.Td>
                      <Switch
                        aria-label={`${one.name} is open`}
                        checked={one.enabled}
                        onChange={(event) => void setOpen(one.name, event.currentTarget.checked)}
                        style={{ display: 'flex', justifyContent: 'flex-end' }}
                      />
                    </Table.Td>
                  </Table.Tr>
                );
              })}
            </Table.Tbody>
          </Table>
        </div>
      </Card>
      <WidgetSnippet
        appKey={app.key}
        channels={channels.data.items.flatMap(({ kind, name }) => (kind === 'web' ? [name] : []))}
      />
    </Stack>
  );
}

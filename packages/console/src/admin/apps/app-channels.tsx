import { Badge, Card, Group, Stack, Switch, Table, Text, Title } from '@mantine/core';
import type { AppRecord, ChannelSummary } from '@mevrik/protocol';
import { IconPlus } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../../session/session.ts';
import { ChannelIcon } from '../../shared/channel-icon.tsx';
import { ButtonLink } from '../../shared/links.tsx';
import { notifyFailure } from '../../shared/notify-failure.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { ChannelHealth } from '../channels/channel-health.tsx';
import classes from '../shared/admin.module.css';
import { useChannelKinds, useChannelStates } from '../shared/queries.ts';
import { WidgetSnippet } from './widget-snippet.tsx';

/** The channels of an app and the widget snippet. */
export function AppChannels({ app }: { app: AppRecord }) {
  const appId = String(app.id);
  const channels = useQuery({
    queryKey: ['admin', 'channels', appId],
    queryFn: () => api.rest.admin.appChannels(app.id),
  });
  const kinds = useChannelKinds();

  if (channels.isPending || kinds.isPending) return <Loading />;
  if (channels.isError) return <Failure error={channels.error} onRetry={() => void channels.refetch()} />;
  if (kinds.isError) return <Failure error={kinds.error} onRetry={() => void kinds.refetch()} />;
  const visitorKinds = kinds.data.items.flatMap(({ kind, source }) => (source === 'visitor' ? [kind] : []));
  return (
    <Stack>
      <Card withBorder p={0}>
        <Group justify="space-between" px="sm" pt="sm" pb="xs">
          <Title order={2}>Channels</Title>
          <ButtonLink
            to="/admin/apps/$appId/add-channel"
            params={{ appId }}
            leftSection={<IconPlus size={15} />}
          >
            Add channel
          </ButtonLink>
        </Group>
        <div className={classes.table}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Channel</Table.Th>
                <Table.Th>Kind</Table.Th>
                <Table.Th>Health</Table.Th>
                <Table.Th ta="right">Enabled</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {channels.data.items.map((channel) => (
                <ChannelRow key={channel.name} appId={app.id} channel={channel} />
              ))}
            </Table.Tbody>
          </Table>
        </div>
      </Card>
      <WidgetSnippet
        appKey={app.key}
        channels={channels.data.items.flatMap(({ kind, name }) =>
          visitorKinds.includes(kind) ? [name] : [],
        )}
      />
    </Stack>
  );
}

function ChannelRow({ appId, channel }: { appId: number; channel: ChannelSummary }) {
  const { name, kind, enabled } = channel;
  const queries = useQueryClient();
  const states = useChannelStates();
  const state = states.data?.items.find((one) => one.appId === appId && one.name === name);

  async function setEnabled(next: boolean): Promise<void> {
    try {
      await api.rest.admin.changeChannel(appId, name, { enabled: next });
    } catch (error) {
      notifyFailure(`Could not change ${name}`, error);
    }
    await queries.invalidateQueries({ queryKey: ['admin', 'channels', String(appId)] });
    void queries.invalidateQueries({ queryKey: ['channels'] });
  }

  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <ChannelIcon kind={kind} name={name} />
          <Link
            to="/admin/apps/$appId/channels/$name"
            params={{ appId: String(appId), name }}
            className={classes.link}
          >
            {name}
          </Link>
        </Group>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{kind}</Text>
      </Table.Td>
      <Table.Td maw={420}>
        {state ? (
          <ChannelHealth of={state} />
        ) : (
          <Badge color="gray">{enabled ? 'Unknown' : 'Disabled'}</Badge>
        )}
      </Table.Td>
      <Table.Td>
        <Switch
          aria-label={`Enable ${name}`}
          checked={enabled}
          onChange={(event) => void setEnabled(event.currentTarget.checked)}
          style={{ display: 'flex', justifyContent: 'flex-end' }}
        />
      </Table.Td>
    </Table.Tr>
  );
}

import { Badge, Button, Card, Code, CopyButton, Group, Stack, Table, Tabs, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { api } from '../session/session.ts';
import { ChannelIcon } from '../shared/channel-icon.tsx';
import { Failure, Loading } from '../shared/states.tsx';
import classes from './admin.module.css';
import { AdminPage } from './admin-page.tsx';
import type { AppRow } from './api-types.ts';
import { BotEditor } from './bot-editor.tsx';
import { DeskEditor } from './desk-editor.tsx';
import { HoursEditor } from './hours-editor.tsx';
import { RulesEditor } from './rules-editor.tsx';
import { SettingsEditor } from './settings-editor.tsx';

interface ChannelRow {
  readonly name: string;
  readonly kind: string;
  readonly enabled: boolean;
  /** The names of what is set: the values are secrets. */
  readonly settings: readonly string[];
}

/** One app: how customers reach it, who answers, and how. */
export function AppPage() {
  const { appId } = useParams({ strict: false }) as { appId: string };
  const path = `/v1/admin/apps/${appId}`;
  const app = useQuery({ queryKey: ['admin', 'app', appId], queryFn: () => api.call<AppRow>('GET', path) });
  const channels = useQuery({
    queryKey: ['admin', 'channels', appId],
    queryFn: () => api.call<{ items: readonly ChannelRow[] }>('GET', `${path}/channels`),
  });
  if (app.isPending) return <Loading />;
  if (app.isError) return <Failure error={app.error} onRetry={() => void app.refetch()} />;
  const snippet = `<script async src="${location.origin}/widget.js" data-app-key="${app.data.key}"></script>`;
  return (
    <AdminPage title={app.data.name} about={`App ${app.data.id}, key ${app.data.key}`}>
      <Tabs defaultValue="channels" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="channels">Channels</Tabs.Tab>
          <Tabs.Tab value="bot">Bot</Tabs.Tab>
          <Tabs.Tab value="rules">Routing rules</Tabs.Tab>
          <Tabs.Tab value="desk">Desk</Tabs.Tab>
          <Tabs.Tab value="hours">Hours</Tabs.Tab>
          <Tabs.Tab value="settings">Settings</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="channels">
          <Stack>
            <Card withBorder>
              <Title order={2} mb={4}>
                The chat on your pages
              </Title>
              <Text size="sm" c="dimmed" mb="sm">
                Put this line into a page, and its visitors can write to you.
              </Text>
              <Group wrap="nowrap" align="flex-start">
                <Code block style={{ flex: 1, whiteSpace: 'pre-wrap' }}>
                  {snippet}
                </Code>
                <CopyButton value={snippet}>
                  {({ copied, copy }) => (
                    <Button variant="default" onClick={copy}>
                      {copied ? 'Copied' : 'Copy'}
                    </Button>
                  )}
                </CopyButton>
              </Group>
            </Card>
            {channels.isError ? (
              <Failure error={channels.error} onRetry={() => void channels.refetch()} />
            ) : (
              <Card withBorder p={0} className={classes.table} tabIndex={0}>
                <Table>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>Channel</Table.Th>
                      <Table.Th>Kind</Table.Th>
                      <Table.Th>Set</Table.Th>
                      <Table.Th>State</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {(channels.data?.items ?? []).map((one) => (
                      <Table.Tr key={one.name}>
                        <Table.Td>
                          <Group gap="xs">
                            <ChannelIcon kind={one.kind} name={one.name} />
                            <Text size="sm" fw={600}>
                              {one.name}
                            </Text>
                          </Group>
                        </Table.Td>
                        <Table.Td>{one.kind}</Table.Td>
                        <Table.Td className={classes.mono}>{one.settings.join(', ') || '–'}</Table.Td>
                        <Table.Td>
                          <Badge color={one.enabled ? 'teal' : 'gray'}>
                            {one.enabled ? 'open' : 'disabled'}
                          </Badge>
                        </Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Card>
            )}
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="bot">
          <BotEditor path={path} />
        </Tabs.Panel>
        <Tabs.Panel value="rules">
          <RulesEditor path={path} app={app.data} />
        </Tabs.Panel>
        <Tabs.Panel value="desk">
          <DeskEditor path={path} app={app.data} />
        </Tabs.Panel>
        <Tabs.Panel value="hours">
          <HoursEditor path={path} app={app.data} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <SettingsEditor path={path} app={app.data} />
        </Tabs.Panel>
      </Tabs>
    </AdminPage>
  );
}

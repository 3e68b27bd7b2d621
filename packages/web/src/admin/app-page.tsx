import { Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { api } from '../session/session.ts';
import { Failure, Loading } from '../shared/states.tsx';
import { AdminPage } from './admin-page.tsx';
import type { AppRow } from './api-types.ts';
import { AppChannels } from './app-channels.tsx';
import { BotEditor } from './bot-editor.tsx';
import { DeskEditor } from './desk-editor.tsx';
import { HoursEditor } from './hours-editor.tsx';
import { RulesEditor } from './rules-editor.tsx';
import { SettingsEditor } from './settings-editor.tsx';

/** One app: how customers reach it, who answers, and how. */
export function AppPage() {
  const { appId } = useParams({ strict: false }) as { appId: string };
  const path = `/v1/admin/apps/${appId}`;
  const app = useQuery({ queryKey: ['admin', 'app', appId], queryFn: () => api.call<AppRow>('GET', path) });
  if (app.isPending) return <Loading />;
  if (app.isError) return <Failure error={app.error} onRetry={() => void app.refetch()} />;
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
          <AppChannels app={app.data} />
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

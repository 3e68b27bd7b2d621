import { Tabs } from '@mantine/core';
import type { AppRecord } from '@mevrik/protocol';
import { useParams } from '@tanstack/react-router';
import { api } from '../../session/session.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { BotEditor } from '../bot/bot-editor.tsx';
import { RulesEditor } from '../rules/rules-editor.tsx';
import { DeskEditor } from '../settings/desk-editor.tsx';
import { HoursEditor } from '../settings/hours-editor.tsx';
import { SettingsEditor } from '../settings/settings-editor.tsx';
import { AdminPage } from '../shared/admin-page.tsx';
import { useTagged } from '../shared/use-tagged.ts';
import { AppChannels } from './app-channels.tsx';

/** One app: its channels, bot, routing rules and settings. */
export function AppPage() {
  const { appId } = useParams({ from: '/admin/apps/$appId' });
  const {
    stored: app,
    loads,
    reload,
  } = useTagged<AppRecord>(['admin', 'app', appId], (etag) => api.rest.admin.app(Number(appId), etag));
  if (app.isPending) return <Loading />;
  if (app.isError) return <Failure error={app.error} onRetry={() => void app.refetch()} />;
  const edited = { app: app.data, onLoad: reload };
  return (
    <AdminPage title={app.data.name} about={`App ${app.data.id}, key ${app.data.key}`}>
      <Tabs defaultValue="channels" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="channels">Channels</Tabs.Tab>
          <Tabs.Tab value="bot">Bot</Tabs.Tab>
          <Tabs.Tab value="rules">Routing rules</Tabs.Tab>
          <Tabs.Tab value="desk">Desk</Tabs.Tab>
          <Tabs.Tab value="hours">Business hours</Tabs.Tab>
          <Tabs.Tab value="settings">Settings</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="channels">
          <AppChannels app={app.data} />
        </Tabs.Panel>
        <Tabs.Panel value="bot">
          <BotEditor appId={app.data.id} />
        </Tabs.Panel>
        <Tabs.Panel value="rules">
          <RulesEditor app={app.data} />
        </Tabs.Panel>
        <Tabs.Panel value="desk">
          <DeskEditor key={loads} {...edited} />
        </Tabs.Panel>
        <Tabs.Panel value="hours">
          <HoursEditor key={loads} {...edited} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <SettingsEditor key={loads} {...edited} />
        </Tabs.Panel>
      </Tabs>
    </AdminPage>
  );
}

import { Button, Group, Kbd, Text } from '@mantine/core';
import { IconKeyboard, IconMessageCircle, IconMessages, IconSettings } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { api } from '../session/session.ts';
import { useMe } from '../session/use-session.ts';
import type { StaffApp } from '../shared/sdk.ts';
import { type NavItem, Shell } from '../shared/shell.tsx';
import { Empty, Failure, Loading } from '../shared/states.tsx';
import { alertAboutMessage, alertAboutQueueItem } from './alerts/alerts.ts';
import { AlertsMenu } from './alerts/alerts-menu.tsx';
import { Availability } from './availability.tsx';
import { CommandPalette } from './command-palette.tsx';
import { usePreventFileDrops } from './composer/drop-zone.tsx';
import { outbox } from './composer/outbox.ts';
import { ConnectionBanner } from './connection-banner.tsx';
import { ConversationPane } from './conversation/conversation-pane.tsx';
import { cachedRow } from './conversation/message-cache.ts';
import classes from './desk.module.css';
import { performDeskAction } from './desk-actions.ts';
import { ConversationList } from './list/conversation-list.tsx';
import { useCounts } from './list/use-conversations.ts';
import { LiveContext, useLiveConnections } from './live.ts';
import { ShortcutsDialog } from './shortcuts-dialog.tsx';
import { useShortcuts } from './use-shortcuts.ts';

/** The agent desk. */
export function DeskPage() {
  const me = useMe();
  const apps = useQuery({ queryKey: ['apps'], queryFn: () => api.rest.desk.apps() });
  const items: NavItem[] = [{ label: 'Conversations', to: '/desk', icon: IconMessages }];
  if (me.role !== 'agent') items.push({ label: 'Admin panel', to: '/admin', icon: IconSettings });
  return (
    <Shell
      items={items}
      foot={
        <>
          <AlertsMenu />
          <Availability />
        </>
      }
    >
      {apps.isPending ? (
        <Loading />
      ) : apps.isError ? (
        <Failure error={apps.error} onRetry={() => void apps.refetch()} />
      ) : apps.data.items.length === 0 ? (
        <Empty icon={<IconMessages size={34} stroke={1.4} />} title="You aren’t assigned to an app yet">
          Ask an administrator to add you to one.
        </Empty>
      ) : (
        <Desk apps={apps.data.items} />
      )}
    </Shell>
  );
}

function Desk({ apps }: { apps: readonly StaffApp[] }) {
  const me = useMe();
  const queries = useQueryClient();
  const { sessionId } = useParams({ strict: false });
  const openId = sessionId === undefined ? undefined : Number(sessionId);
  const live = useLiveConnections(apps, me.id, {
    onMessage: (message) =>
      alertAboutMessage(message, { openId, me: me.id, row: cachedRow(queries, message.sessionId) }),
    onQueued: (item) => alertAboutQueueItem(item, me),
  });
  useShortcuts();
  usePreventFileDrops();
  useTitle();
  // Send pending messages once the server is reachable again.
  useEffect(() => {
    if (live.state === 'connected') outbox.resume();
  }, [live.state]);
  return (
    <LiveContext value={live}>
      <ConnectionBanner state={live.state} />
      <CommandPalette />
      <ShortcutsDialog />
      <div className={`${classes.desk} ${openId === undefined ? '' : classes.open}`}>
        <ConversationList openId={openId} apps={apps} />
        {openId === undefined ? (
          <NothingOpen />
        ) : (
          <ConversationPane key={openId} sessionId={openId} apps={apps} />
        )}
      </div>
    </LiveContext>
  );
}

function NothingOpen() {
  return (
    <div className={classes.nothing}>
      <Empty icon={<IconMessageCircle size={38} stroke={1.3} />} title="No conversation selected">
        Select one from the list.
        <Group component="span" gap={6} mt="md" justify="center">
          <IconKeyboard size={15} aria-hidden />
          <Text span size="xs">
            <Kbd size="xs">j</Kbd> <Kbd size="xs">k</Kbd> move, <Kbd size="xs">/</Kbd> search,{' '}
            <Kbd size="xs">Ctrl K</Kbd> commands
          </Text>
        </Group>
        <Button variant="subtle" size="compact-xs" mt="xs" onClick={() => performDeskAction('help')}>
          All shortcuts
        </Button>
      </Empty>
    </div>
  );
}

/** Shows the number of unread conversations in the page title. */
function useTitle(): void {
  const { unread } = useCounts();
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}Desk · Mevrik`;
  }, [unread]);
}

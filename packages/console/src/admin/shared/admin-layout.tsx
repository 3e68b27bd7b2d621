import {
  IconActivity,
  IconAntennaBars5,
  IconApps,
  IconArrowLeft,
  IconBell,
  IconFileDescription,
  IconHeartbeat,
  IconLayoutDashboard,
  IconMail,
  IconMailX,
  IconMessage2Bolt,
  IconMessageSearch,
  IconPlugConnected,
  IconRepeat,
  IconSend,
  IconUsers,
  IconUsersGroup,
  IconWebhook,
} from '@tabler/icons-react';
import { Outlet } from '@tanstack/react-router';
import { useMe } from '../../session/use-session.ts';
import { type NavItem, Shell } from '../../shared/shell.tsx';
import { Confirmations } from './confirm.tsx';
import { useLiveRefresh } from './use-live-refresh.ts';

/** The frame of the panel for supervisors and administrators. */
export function AdminLayout() {
  const me = useMe();
  useLiveRefresh();
  const forAdmins = (items: readonly NavItem[]) => (me.role === 'admin' ? items : []);
  const items: NavItem[] = [
    { label: 'Overview', to: '/admin', icon: IconLayoutDashboard, exact: true },
    { label: 'Health', to: '/admin/health', icon: IconHeartbeat },
    { label: 'Open desk', to: '/desk', icon: IconArrowLeft },
    { label: 'Activity' },
    { label: 'Diagnosis', to: '/admin/messages', icon: IconMessageSearch },
    { label: 'Event log', to: '/admin/events', icon: IconActivity },
    { label: 'Dead letters', to: '/admin/dead-letters', icon: IconMailX },
    ...forAdmins([{ label: 'Replays', to: '/admin/replay', icon: IconRepeat }]),
    { label: 'Listeners', to: '/admin/listeners', icon: IconBell },
    { label: 'Queues', to: '/admin/queues', icon: IconUsersGroup },
    { label: 'Channels', to: '/admin/channels', icon: IconPlugConnected },
    { label: 'Deliveries', to: '/admin/deliveries', icon: IconSend },
    ...forAdmins([
      { label: 'Webhook events', to: '/admin/webhook-events', icon: IconWebhook },
      { label: 'Emails', to: '/admin/emails', icon: IconMail },
    ]),
    { label: 'Connections', to: '/admin/connections', icon: IconAntennaBars5 },
    { label: 'Settings' },
    { label: 'Canned replies', to: '/admin/canned-replies', icon: IconMessage2Bolt },
    ...forAdmins([
      { label: 'Apps', to: '/admin/apps', icon: IconApps },
      { label: 'Agents', to: '/admin/agents', icon: IconUsers },
      { label: 'Audit log', to: '/admin/audit', icon: IconFileDescription },
    ]),
  ];
  return (
    <Shell wide items={items}>
      <Outlet />
      <Confirmations />
    </Shell>
  );
}

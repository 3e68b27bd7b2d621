import { Badge, Button, Group, Stack, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { SubscriptionState } from '@mevrik/protocol';
import { useQueryClient } from '@tanstack/react-query';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { BadgeLink } from '../../shared/links.tsx';
import { notifyFailure } from '../../shared/notify-failure.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { span, useNow } from '../../shared/time.tsx';
import { AdminPage } from '../shared/admin-page.tsx';
import { useAppName, useListeners } from '../shared/queries.ts';
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
const modeLabels = {
  sync: 'In the same transaction',
  queued: 'In the background',
  broadcast: 'Live',
} as const;
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
      about="Listeners act on events. Lag is the number of events a listener has not handled yet, and the age of the oldest. A listener that fails too often for one app is paused for that app: its events wait, and are not counted, until you resume it."
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
        {listener.behindSince !== null && <Elapsed since={listener.behindSince} label="For" />}
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

/** How many paused apps a row names. */
const shownApps = 5;

function ListenerStatus({ listener, isAdmin }: RowProps) {
  const queries = useQueryClient();
  const nameOf = useAppName();
  const { name, status, pausedApps, catchingUp } = listener;
  async function resume(appId?: number): Promise<void> {
    try {
      await api.rest.admin.resumeSubscription(name, appId);
      const forWhich = appId === undefined ? '' : ` for ${nameOf(appId)}`;
      notifications.show({ message: `${name} resumed${forWhich}.` });
    } catch (error) {
      notifyFailure(`Could not resume ${name}`, error);
    }
    void queries.invalidateQueries({ queryKey: ['listeners'] });
  }
  return (
    <Stack gap={6}>
      <Group gap="xs" wrap="nowrap">
        <Badge miw="max-content" color={statusColors[status]}>
          {pausedApps.length > 0 ? pausedFor(pausedApps.length) : statusLabels[status]}
        </Badge>
        {pausedApps.length > 1 && isAdmin && (
          <Button size="compact-xs" miw="max-content" onClick={() => void resume()}>
            Resume all
          </Button>
        )}
      </Group>
      {pausedApps.slice(0, shownApps).map((paused) => (
        <PausedApp
          key={paused.appId}
          listener={name}
          app={nameOf(paused.appId)}
          paused={paused}
          onResume={isAdmin ? () => void resume(paused.appId) : undefined}
        />
      ))}
      {pausedApps.length > shownApps && (
        <Text size="xs" c="dimmed">
          and {pausedApps.length - shownApps} more
        </Text>
      )}
      {catchingUp.length > 0 && (
        <Text size="xs" c="dimmed">
          Catching up for {catchingUp.length === 1 ? catchingUp.map(nameOf) : counted(catchingUp.length)}
        </Text>
      )}
    </Stack>
  );
}

interface PausedAppProps {
  readonly listener: string;
  readonly app: string;
  readonly paused: SubscriptionState['pausedApps'][number];
  readonly onResume: (() => void) | undefined;
}

function PausedApp({ listener, app, paused: { reason, since }, onResume }: PausedAppProps) {
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start" justify="space-between" miw={230} maw={320}>
      <div>
        <Text size="xs">
          {app}
          <Text span inherit c="dimmed">
            : {reason}
          </Text>
        </Text>
        <Elapsed since={since} label="Paused for" />
      </div>
      {onResume && (
        <Button
          size="compact-xs"
          variant="light"
          miw="max-content"
          aria-label={`Resume ${listener} for ${app}`}
          onClick={onResume}
        >
          Resume
        </Button>
      )}
    </Group>
  );
}

const counted = (apps: number) => (apps === 1 ? '1 app' : `${apps} apps`);
const pausedFor = (apps: number) => `Paused for ${counted(apps)}`;

/** The time since then. */
function Elapsed({ since, label }: { readonly since: string; readonly label: string }) {
  const now = useNow(10_000);
  return (
    <Text size="xs" c="dimmed">
      {label} {span(now - Date.parse(since))}
    </Text>
  );
}

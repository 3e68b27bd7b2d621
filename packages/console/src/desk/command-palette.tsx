import { Kbd, useMantineColorScheme } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { Spotlight, type SpotlightActionData } from '@mantine/spotlight';
import { IconBell, IconMoon, IconSearch, IconSettings } from '@tabler/icons-react';
import { type InfiniteData, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useMe } from '../session/use-session.ts';
import type { ConversationRow, Page } from '../shared/sdk.ts';
import { alerts } from './alerts/alerts.ts';
import { changeAvailability } from './change-availability.ts';
import { deskActions, isDeskAction, useEnabledActions } from './desk-actions.ts';
import { keys } from './keys.ts';
import { customerName, messagePreview } from './list/conversation-labels.ts';

const icon = { size: 18, stroke: 1.6 };
const mostRows = 200;

/** The command palette (Ctrl K): every available action and the loaded conversations. */
export function CommandPalette() {
  const offered = useEnabledActions();
  const others = useOtherActions();
  const [opened, setOpened] = useState(false);
  const rows = useRows(opened);
  // Actions on the conversation come before actions on lists.
  const all = Object.keys(deskActions);
  const order = [...all.slice(all.indexOf('accept')), ...all];
  const can = Object.entries(offered).sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  const now = can.flatMap(([action, run]): SpotlightActionData[] => {
    if (!isDeskAction(action)) return [];
    const { key, label } = deskActions[action];
    return [
      {
        id: action,
        label,
        rightSection: <Kbd size="xs">{key}</Kbd>,
        // Run after the palette has returned the focus.
        onClick: () => setTimeout(run, 50),
      },
    ];
  });
  const groups = [
    { group: 'Actions', actions: [...now, ...others] },
    { group: 'Conversations', actions: rows },
  ];
  return (
    <Spotlight
      actions={groups}
      onSpotlightOpen={() => setOpened(true)}
      shortcut="mod + K"
      tagsToIgnore={[]}
      limit={9}
      highlightQuery
      scrollable
      maxHeight={420}
      nothingFound="No results"
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: 'Search actions and conversations…',
        'aria-label': 'Command',
      }}
    />
  );
}

function useOtherActions(): readonly SpotlightActionData[] {
  const me = useMe();
  const navigate = useNavigate();
  const { toggleColorScheme } = useMantineColorScheme();
  return [
    ...(['online', 'away', 'offline'] as const)
      .filter((one) => one !== me.availability)
      .map((one) => ({
        id: one,
        label: `Set availability to ${one}`,
        onClick: () => void changeAvailability(one),
      })),
    {
      id: 'alerts',
      label: 'Toggle sound and notifications',
      leftSection: <IconBell {...icon} />,
      onClick: async () => {
        const areOn = await alerts.toggle();
        notifications.show({
          message: areOn ? 'Sound and notifications are on.' : 'Sound and notifications are off.',
        });
      },
    },
    {
      id: 'scheme',
      label: 'Toggle dark mode',
      leftSection: <IconMoon {...icon} />,
      onClick: () => toggleColorScheme(),
    },
    ...(me.role === 'agent'
      ? []
      : [
          {
            id: 'admin',
            label: 'Open administration',
            leftSection: <IconSettings {...icon} />,
            onClick: () => void navigate({ to: '/admin' }),
          },
        ]),
  ];
}

/** The loaded conversations, once the palette is open. */
function useRows(areWanted: boolean): SpotlightActionData[] {
  const navigate = useNavigate();
  const queries = useQueryClient();
  if (!areWanted) return [];
  const lists = queries.getQueriesData<InfiniteData<Page<ConversationRow>>>({ queryKey: keys.conversations });
  const rows = lists.flatMap(([, list]) => list?.pages.flatMap(({ items }) => items) ?? []);
  return [...new Map(rows.map((row) => [row.session.id, row])).values()].slice(0, mostRows).map((row) => ({
    id: `session ${row.session.id}`,
    label: customerName(row.customer),
    description: row.lastMessage ? messagePreview(row.lastMessage) : '',
    onClick: () =>
      void navigate({
        to: '/desk/$sessionId',
        params: { sessionId: String(row.session.id) },
        search: true,
      }),
  }));
}

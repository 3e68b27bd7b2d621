import { Indicator, Menu, Text, UnstyledButton } from '@mantine/core';
import { IconCircleFilled } from '@tabler/icons-react';
import { useMe } from '../session/use-session.ts';
import classes from '../shared/shell.module.css';
import { changeAvailability } from './change-availability.ts';

const colors = { online: 'teal.6', away: 'yellow.6', offline: 'gray.5' } as const;
const labels = { online: 'Online', away: 'Away', offline: 'Offline' } as const;
const meanings = {
  online: 'You receive new conversations',
  away: 'You keep your conversations but receive no new ones',
  offline: 'You receive no conversations',
} as const;

/** Shows and changes the agent's availability. */
export function Availability() {
  const me = useMe();
  return (
    <Menu position="right-end" width={250} shadow="md">
      <Menu.Target>
        <UnstyledButton className={classes.link} aria-label={`Availability: ${me.availability}`}>
          <Indicator color={colors[me.availability]} size={11} position="middle-center">
            <span style={{ display: 'inline-block', width: 18, height: 18 }} />
          </Indicator>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          Availability · up to {me.capacity} {me.capacity === 1 ? 'conversation' : 'conversations'}
        </Menu.Label>
        {(['online', 'away', 'offline'] as const).map((one) => (
          <Menu.Item
            key={one}
            onClick={() => void changeAvailability(one)}
            leftSection={
              <Text c={colors[one]} lh={0} component="span">
                <IconCircleFilled size={11} />
              </Text>
            }
          >
            <Text size="sm" fw={me.availability === one ? 650 : 450}>
              {labels[one]}
            </Text>
            <Text size="xs" c="dimmed">
              {meanings[one]}
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

import { Menu, Text, UnstyledButton } from '@mantine/core';
import { IconBell, IconBellCheck, IconBellOff, IconVolume } from '@tabler/icons-react';
import classes from '../../shared/shell.module.css';
import { alerts } from './alerts.ts';

const blocked =
  'Your browser blocks notifications from this page. Allow them in the site settings next to the address bar.';

/** Turns sound and notifications on and off. */
export function AlertsMenu() {
  const areOn = alerts.areOn.use();
  const permission = alerts.permission.use();
  const Icon = areOn ? (permission === 'granted' ? IconBellCheck : IconBell) : IconBellOff;
  return (
    <Menu
      position="right-end"
      width={270}
      shadow="md"
      closeOnItemClick={false}
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>
        <UnstyledButton
          className={classes.link}
          aria-label={areOn ? 'Sound and notifications are on' : 'Sound and notifications are off'}
        >
          <Icon size={19} stroke={1.7} className={classes.icon ?? ''} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Alerts for new messages and waiting customers</Menu.Label>
        <Menu.Item
          leftSection={areOn ? <IconBellOff size={16} /> : <IconBell size={16} />}
          onClick={() => void alerts.toggle()}
        >
          {areOn ? 'Turn sound and notifications off' : 'Turn sound and notifications on'}
        </Menu.Item>
        <Menu.Item leftSection={<IconVolume size={16} />} onClick={alerts.chime}>
          Play test sound
        </Menu.Item>
        {areOn && permission === 'default' && (
          <Menu.Item leftSection={<IconBell size={16} />} onClick={() => void alerts.askPermission()}>
            <Text size="sm">Show notifications</Text>
            <Text size="xs" c="dimmed">
              When this tab is in the background. Your browser will ask for permission.
            </Text>
          </Menu.Item>
        )}
        {areOn && permission === 'denied' && <Menu.Label maw={270}>{blocked}</Menu.Label>}
      </Menu.Dropdown>
    </Menu>
  );
}

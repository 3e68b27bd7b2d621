import {
  ActionIcon,
  Avatar,
  Menu,
  Text,
  Tooltip,
  UnstyledButton,
  useMantineColorScheme,
  VisuallyHidden,
} from '@mantine/core';
import { IconLogout, IconMoon, IconSun, IconSunMoon } from '@tabler/icons-react';
import { Link, type LinkProps, useNavigate } from '@tanstack/react-router';
import type { ComponentType, ReactNode } from 'react';
import { session } from '../session/session.ts';
import { useMe } from '../session/use-session.ts';
import { Logo } from './logo.tsx';
import classes from './shell.module.css';

/** A navigation link, or a section heading if it has no `to`. */
export interface NavItem {
  readonly label: string;
  readonly to?: LinkProps['to'];
  readonly icon?: ComponentType<{ size?: number; stroke?: number; className?: string }>;
  /** Active on this exact path only. */
  readonly exact?: boolean;
}

/** The frame of every screen: navigation and account menu. */
export function Shell(props: {
  items: readonly NavItem[];
  wide?: boolean;
  foot?: ReactNode;
  children: ReactNode;
}) {
  const { items, wide = false, foot, children } = props;
  return (
    <div className={`${classes.shell} ${wide ? classes.wide : classes.narrow}`}>
      <a className={classes.skip} href="#main">
        Skip to content
      </a>
      <nav className={classes.rail} aria-label="Main">
        <div style={{ padding: '2px 6px 10px', display: 'flex', alignItems: 'center', gap: 10 }}>
          <Logo />
          {wide && (
            <Text fw={700} className={classes.label}>
              Mevrik
            </Text>
          )}
        </div>
        {items.map(({ label, to, icon: Icon, exact }) =>
          to === undefined ? (
            <div key={label} className={classes.section}>
              {label}
            </div>
          ) : (
            <Tooltip key={to} label={label} position="right" disabled={wide}>
              <Link
                to={to}
                className={classes.link}
                activeOptions={{ exact: exact ?? false }}
                aria-label={label}
              >
                {Icon && <Icon size={19} stroke={1.7} className={classes.icon ?? ''} />}
                <span className={classes.label}>{label}</span>
              </Link>
            </Tooltip>
          ),
        )}
        <div style={{ flex: 1 }} />
        {foot}
        <UserMenu wide={wide} />
      </nav>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keys */}
      <main id="main" className={classes.main} tabIndex={0}>
        {children}
      </main>
    </div>
  );
}

function UserMenu({ wide }: { wide: boolean }) {
  const me = useMe();
  const navigate = useNavigate();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="right-end" width={230} shadow="md">
      <Menu.Target>
        <UnstyledButton className={classes.link} mt={4}>
          <Avatar size={26} radius="xl" name={me.name} color="initials" aria-hidden />
          <VisuallyHidden>{me.name}: account menu</VisuallyHidden>
          {wide && (
            <Text size="sm" fw={550} truncate className={classes.label} aria-hidden>
              {me.name}
            </Text>
          )}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {me.name} · {me.email}
        </Menu.Label>
        <Menu.Label>
          <ActionIcon.Group>
            {(
              [
                ['light', 'Light', IconSun],
                ['dark', 'Dark', IconMoon],
                ['auto', 'System', IconSunMoon],
              ] as const
            ).map(([scheme, label, Icon]) => (
              <ActionIcon
                key={scheme}
                variant={colorScheme === scheme ? 'filled' : 'default'}
                color="brand"
                aria-label={label}
                aria-pressed={colorScheme === scheme}
                onClick={() => setColorScheme(scheme)}
              >
                <Icon size={16} />
              </ActionIcon>
            ))}
          </ActionIcon.Group>
        </Menu.Label>
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconLogout size={16} />}
          onClick={async () => {
            await session.logOut();
            await navigate({ to: '/login' });
          }}
        >
          Log out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

import { Card, Group, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import type { HealthReport, Overview } from '@mevrik/protocol';
import { IconAlertTriangle, IconChevronRight, IconCircleCheck } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { duration } from '../../shared/time.tsx';
import { statusColors } from '../health/health-words.ts';
import classes from '../shared/admin.module.css';

interface Concern {
  readonly what: string;
  readonly remedy: string;
  readonly to: string;
  readonly isUrgent: boolean;
}

/** Waiting longer than this is long, whatever was promised. */
const longWaitSeconds = 300;
/** Where what is wrong with a measure can be mended. */
const positions: Readonly<Record<string, string>> = {
  'events.dead': '/admin/dead-letters',
  'events.paused': '/admin/listeners',
  'events.lag': '/admin/listeners',
  'events.age': '/admin/listeners',
  'channels.down': '/admin/channels',
};

/** What a person should look at now, the worst first; or that there is nothing. */
export function Attention({ overview, health }: { overview: Overview; health: HealthReport | undefined }) {
  const concerns = concernsOf(overview, health);
  if (concerns.length === 0) {
    return (
      <Card withBorder py="sm">
        <Group gap="sm" wrap="nowrap">
          <ThemeIcon color="teal" variant="light" radius="xl" size={32}>
            <IconCircleCheck size={19} />
          </ThemeIcon>
          <Text size="sm">
            <b>Nothing needs you.</b>{' '}
            {health ? 'All four parts work, and nobody waits for long.' : 'Nobody waits for long.'}
          </Text>
        </Group>
      </Card>
    );
  }
  return (
    <Card withBorder p="sm">
      <Title order={2} mx="xs" mt={2} mb={6}>
        Needs attention
      </Title>
      <Stack gap={0}>
        {concerns.map(({ what, remedy, to, isUrgent }) => (
          <Link key={what} to={to} className={classes.concern}>
            <ThemeIcon color={isUrgent ? 'red' : 'yellow'} variant="light" radius="xl" size={30}>
              <IconAlertTriangle size={16} />
            </ThemeIcon>
            <div>
              <Text size="sm" fw={600}>
                {what}
              </Text>
              <Text size="sm" c="dimmed">
                {remedy}
              </Text>
            </div>
            <IconChevronRight size={17} aria-hidden />
          </Link>
        ))}
      </Stack>
    </Card>
  );
}

function concernsOf({ now }: Overview, health: HealthReport | undefined): Concern[] {
  const concerns: Concern[] = [];
  for (const { title, status, reason, advice, measures } of health?.parts ?? []) {
    if (status === 'ok') continue;
    const worst = measures.find((one) => one.status === status);
    concerns.push({
      what: `${title}: ${reason}`,
      remedy: advice ?? '',
      to: positions[worst?.name ?? ''] ?? '/admin/health',
      isUrgent: statusColors[status] === 'red',
    });
  }
  if (now.waiting > 0 && now.agentsOnline === 0) {
    concerns.push({
      what:
        now.waiting === 1
          ? 'A customer waits, and nobody is online.'
          : `${now.waiting} customers wait, and nobody is online.`,
      remedy: 'An agent has to set themselves to online at the desk.',
      to: '/admin/agents',
      isUrgent: true,
    });
  } else if (now.longestWaitSeconds > longWaitSeconds) {
    concerns.push({
      what: `A customer has waited for ${duration(now.longestWaitSeconds * 1000)}.`,
      remedy: `${now.waiting} ${now.waiting === 1 ? 'waits' : 'wait'}, ${now.agentsOnline} ${now.agentsOnline === 1 ? 'agent is' : 'agents are'} online.`,
      to: '/desk?view=queue',
      isUrgent: false,
    });
  }
  if (now.failedDeliveries > 0) {
    concerns.push({
      what:
        now.failedDeliveries === 1
          ? 'An answer did not get through today.'
          : `${now.failedDeliveries} answers did not get through today.`,
      remedy: 'Read what the provider said, and send them again.',
      to: '/admin/deliveries?status=failed',
      isUrgent: false,
    });
  }
  return concerns.sort((one, other) => Number(other.isUrgent) - Number(one.isUrgent));
}

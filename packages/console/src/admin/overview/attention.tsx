import { Card, Group, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import type { HealthReport, Overview } from '@mevrik/protocol';
import { IconAlertTriangle, IconChevronRight, IconCircleCheck } from '@tabler/icons-react';
import { Link, type LinkProps, linkOptions } from '@tanstack/react-router';
import { span } from '../../shared/time.tsx';
import { statusColors } from '../health/health-words.ts';
import classes from '../shared/admin.module.css';

interface Concern {
  readonly title: string;
  readonly advice: string;
  readonly link: LinkProps;
  readonly isUrgent: boolean;
}

/** A customer who waits longer than this needs attention, whatever the reply target is. */
const longWaitSeconds = 300;
/** The page on which a problem with a measure can be solved. */
const pages: Readonly<Record<string, LinkProps['to']>> = {
  'events.dead': '/admin/dead-letters',
  'events.paused': '/admin/listeners',
  'events.lag': '/admin/listeners',
  'events.age': '/admin/listeners',
  'channels.down': '/admin/channels',
};

/** The problems that need attention now, urgent ones first, or a note that there are none. */
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
            <b>Nothing needs your attention.</b>{' '}
            {health
              ? 'All parts are healthy and no customer is waiting long.'
              : 'No customer is waiting long.'}
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
        {concerns.map(({ title, advice, link, isUrgent }) => (
          <Link key={title} {...link} className={classes.concern}>
            <ThemeIcon color={isUrgent ? 'red' : 'yellow'} variant="light" radius="xl" size={30}>
              <IconAlertTriangle size={16} />
            </ThemeIcon>
            <div>
              <Text size="sm" fw={600}>
                {title}
              </Text>
              <Text size="sm" c="dimmed">
                {advice}
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
      title: `${title}: ${reason}`,
      advice: advice ?? '',
      link: { to: pages[worst?.name ?? ''] ?? '/admin/health' },
      isUrgent: statusColors[status] === 'red',
    });
  }
  if (now.waiting > 0 && now.agentsOnline === 0) {
    concerns.push({
      title:
        now.waiting === 1
          ? '1 customer is waiting and no agent is online.'
          : `${now.waiting} customers are waiting and no agent is online.`,
      advice: 'Ask an agent to go online at the desk.',
      link: { to: '/admin/agents' },
      isUrgent: true,
    });
  } else if (now.longestWaitSeconds > longWaitSeconds) {
    concerns.push({
      title: `A customer has been waiting for ${span(now.longestWaitSeconds * 1000)}.`,
      advice: `${now.waiting} waiting, ${now.agentsOnline} ${now.agentsOnline === 1 ? 'agent' : 'agents'} online.`,
      link: linkOptions({ to: '/desk', search: { view: 'queue' } }),
      isUrgent: false,
    });
  }
  if (now.failedDeliveries > 0) {
    concerns.push({
      title:
        now.failedDeliveries === 1
          ? '1 reply was not delivered in the last 24 hours.'
          : `${now.failedDeliveries} replies were not delivered in the last 24 hours.`,
      advice:
        now.failedDeliveries === 1
          ? 'Check the provider’s error, then retry it.'
          : 'Check the provider’s error, then retry them.',
      link: linkOptions({ to: '/admin/deliveries', search: { status: 'failed' } }),
      isUrgent: false,
    });
  }
  return concerns.sort((one, other) => Number(other.isUrgent) - Number(one.isUrgent));
}

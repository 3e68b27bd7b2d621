import { Badge, Card, Group, Text } from '@mantine/core';
import type { PartHealth } from '@mevrik/protocol';
import { Link } from '@tanstack/react-router';
import { useNow } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { formatSince, formatValue, statusColors, statusWords } from './health-words.ts';

/** One part at a glance: its status, since when, and why. */
export function HealthCard({ part }: { part: PartHealth }) {
  const { title, status, since, reason, measures } = part;
  const now = useNow(15_000);
  const shown = measures.find((one) => one.status === status) ?? measures[0];
  return (
    <Link to="/admin/health" className={classes.cardLink}>
      <Card withBorder className={classes.health} data-status={status}>
        <Group justify="space-between" wrap="nowrap" gap="xs">
          <Text fw={650}>{title}</Text>
          <Badge color={statusColors[status]} size="sm" px={7} style={{ flexShrink: 0 }}>
            {statusWords[status]}
          </Badge>
        </Group>
        <Text size="sm" c="dimmed" mt={4} lineClamp={3}>
          {reason}
        </Text>
        <Group justify="space-between" wrap="nowrap" gap="xs" mt="auto" pt={8} align="flex-end">
          <Text size="xs" c="dimmed">
            {shown?.label}
          </Text>
          <Text size="xs" fw={600} className={classes.value}>
            {shown && formatValue(shown.value, shown.unit)}
          </Text>
        </Group>
        {since !== null && status !== 'ok' && (
          <Text size="xs" c="dimmed">
            {statusWords[status]} {formatSince(since, now)}
          </Text>
        )}
      </Card>
    </Link>
  );
}

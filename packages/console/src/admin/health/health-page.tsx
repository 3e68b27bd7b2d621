import { Badge, Card, Group, SegmentedControl, Stack, Table, Text, Title, Tooltip } from '@mantine/core';
import type { HealthChange, HealthReport, PartHealth } from '@mevrik/protocol';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { clockTime, exactTime, useNow } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { formatUptime, healthSpans } from './health-history.ts';
import { formatSince, formatValue, statusColors, statusWords } from './health-words.ts';

const windows = [
  { value: '24h', label: '24 hours' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
] as const;
type Window = (typeof windows)[number]['value'];

/** The status, measures and history of each part. */
export function HealthPage() {
  const [window, setWindow] = useState<Window>('7d');
  const health = useQuery({
    queryKey: ['health', window],
    meta: { live: ['health'] },
    queryFn: () => api.rest.admin.health({ window }),
    placeholderData: keepPreviousData,
  });
  if (health.isPending) return <Loading lines={4} height={150} />;
  if (health.isError) return <Failure error={health.error} onRetry={() => void health.refetch()} />;
  return (
    <AdminPage
      title="Health"
      about={`Last checked at ${clockTime(health.data.checkedAt)}. Thresholds are set with HEALTH_THRESHOLDS.`}
      actions={
        <SegmentedControl
          size="xs"
          aria-label="Time range"
          data={windows.map((one) => ({ ...one }))}
          value={window}
          onChange={setWindow}
        />
      }
    >
      <div className={classes.parts}>
        {health.data.parts.map((part) => (
          <Part key={part.part} part={part} report={health.data} />
        ))}
      </div>
    </AdminPage>
  );
}

function Part({ part, report }: { part: PartHealth; report: HealthReport }) {
  const { title, status, since, reason, advice, measures } = part;
  const changes = report.changes.filter((one) => one.part === part.part);
  const now = useNow(15_000);
  return (
    <Card withBorder aria-label={title} component="section">
      <Group gap="sm">
        <Title order={2}>{title}</Title>
        <Badge color={statusColors[status]}>{statusWords[status]}</Badge>
        {since !== null && (
          <Tooltip label={exactTime(since)}>
            <Text component="time" dateTime={since} size="xs" c="dimmed">
              {formatSince(since, now)}
            </Text>
          </Tooltip>
        )}
      </Group>
      <Text mt={4}>{reason}</Text>
      {advice && (
        <Text size="sm" mt={4}>
          <b>What to do:</b> {advice}
        </Text>
      )}
      <HistoryStrip changes={changes} report={report} />
      <div className={classes.table}>
        <Table mt="sm" layout="fixed" miw={620} horizontalSpacing={0} verticalSpacing={5}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w="40%">Measure</Table.Th>
              <Table.Th ta="right">Current</Table.Th>
              <Table.Th ta="right">Degraded at</Table.Th>
              <Table.Th ta="right">Down at</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {measures.map((one) => (
              <Table.Tr key={one.name}>
                <Table.Td>
                  <Tooltip label={one.name}>
                    <span>{one.label}</span>
                  </Tooltip>
                </Table.Td>
                <Table.Td ta="right" fw={600}>
                  {one.status === 'ok' ? (
                    <span className={classes.dot} aria-hidden />
                  ) : (
                    <Badge color={statusColors[one.status]} size="sm" mr={7}>
                      {statusWords[one.status]}
                    </Badge>
                  )}
                  {formatValue(one.value, one.unit)}
                </Table.Td>
                <Table.Td ta="right">{formatValue(one.degradedFrom, one.unit)}</Table.Td>
                <Table.Td ta="right">{formatValue(one.downFrom, one.unit)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Changes changes={changes.filter(({ at }) => at >= report.from)} />
    </Card>
  );
}

/** The number of changes listed per part. */
const changesShown = 8;

function Changes({ changes }: { changes: readonly HealthChange[] }) {
  if (changes.length === 0) return null;
  return (
    <Stack gap={4} mt="sm">
      {changes
        .slice(-changesShown)
        .reverse()
        .map(({ at, status, reason }) => (
          <Group key={at} gap="sm" wrap="nowrap" align="flex-start">
            <Text size="xs" c="dimmed" w={190} lh="20px" style={{ flexShrink: 0 }} className={classes.value}>
              {exactTime(at)}
            </Text>
            <Badge color={statusColors[status]} size="sm" w={80} style={{ flexShrink: 0 }}>
              {statusWords[status]}
            </Badge>
            <Text size="sm" c="dimmed">
              {reason}
            </Text>
          </Group>
        ))}
    </Stack>
  );
}

/** The status history of a part on a time line. */
function HistoryStrip({ changes, report }: { changes: readonly HealthChange[]; report: HealthReport }) {
  const spans = healthSpans(changes, report);
  const whole = Math.max(1, Date.parse(report.checkedAt) - Date.parse(report.from));
  const uptime = formatUptime(spans);
  return (
    <div className={classes.history}>
      <div className={classes.strip} role="img" aria-label={uptime}>
        {spans.map(({ status, reason, start, end }) => (
          <Tooltip
            key={start}
            label={`${exactTime(new Date(start).toISOString())}: ${status === 'ok' ? 'Healthy' : reason}`}
            multiline
            maw={340}
          >
            <div
              className={classes.stripSpan}
              data-status={status}
              style={{ flexGrow: Math.max(0.001, (end - start) / whole) }}
            />
          </Tooltip>
        ))}
      </div>
      <Text size="xs" className={classes.value} ta="right">
        {uptime}
      </Text>
      <Group justify="space-between" aria-hidden>
        <Text size="xs" c="dimmed">
          {exactTime(report.from)}
        </Text>
        <Text size="xs" c="dimmed">
          now
        </Text>
      </Group>
    </div>
  );
}

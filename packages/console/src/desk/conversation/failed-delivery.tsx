import { Button, Group, Loader, Popover, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { describeAttempt } from '../../shared/delivery-words.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { notifyFailure } from '../../shared/notify-failure.ts';
import type { Message } from '../../shared/sdk.ts';
import classes from './message.module.css';
import { cacheDeliveryStatus } from './message-cache.ts';

/** Below a message that was not delivered: details and retry. */
export function FailedDelivery({ message }: { message: Message }) {
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const show = (status: 'queued' | 'failed') =>
    cacheDeliveryStatus(queries, { sessionId: message.sessionId, messageId: message.id, status });
  async function retry(): Promise<void> {
    setBusy(true);
    // Before the request: the notice that the retry failed too may arrive before its response.
    show('queued');
    try {
      await api.rest.desk.retryMessage(message.id);
    } catch (error) {
      show('failed');
      notifyFailure('Could not retry the message', error);
    } finally {
      setBusy(false);
    }
  }
  return (
    <div className={classes.error}>
      <Group gap={4}>
        <span>Not delivered</span>
        <Button size="compact-xs" variant="light" color="red" loading={busy} onClick={() => void retry()}>
          Retry
        </Button>
        <Popover position="bottom-end" width={320} shadow="md" withArrow>
          <Popover.Target>
            <Button size="compact-xs" variant="subtle" color="gray">
              Details
            </Button>
          </Popover.Target>
          <Popover.Dropdown aria-label="Delivery details">
            <Attempts messageId={message.id} />
          </Popover.Dropdown>
        </Popover>
      </Group>
    </div>
  );
}

function Attempts({ messageId }: { messageId: number }) {
  const deliveries = useQuery({
    queryKey: ['deliveries', messageId],
    queryFn: () => api.rest.desk.deliveriesOf(messageId),
    staleTime: 0,
  });
  if (deliveries.isPending) return <Loader size="xs" role="status" aria-label="Loading" />;
  if (deliveries.isError) return <Text size="sm">{errorMessage(deliveries.error)}</Text>;
  if (deliveries.data.items.length === 0) return <Text size="sm">No delivery was attempted.</Text>;
  return (
    <Stack gap="sm">
      {deliveries.data.items.map(({ id, channel, error, attempts }) => (
        <div key={id}>
          <Text size="sm" fw={600}>
            {channel}
          </Text>
          <Text size="sm">{error ?? 'No error was reported.'}</Text>
          {attempts.map((attempt) => (
            <Text key={attempt.id} size="xs" c="dimmed">
              {describeAttempt(attempt)}
            </Text>
          ))}
        </div>
      ))}
    </Stack>
  );
}

import { Badge, Group, Text } from '@mantine/core';
import type { ChannelState } from '@mevrik/protocol';
import { Ago, clockTime } from '../../shared/time.tsx';

/** The status of a channel, with the reason and the next check if it is down. */
export function ChannelHealth({
  of: { enabled, isDown, reason, since, probeAt, pausedUntil },
}: {
  of: ChannelState;
}) {
  if (!enabled) return <Badge color="gray">Disabled</Badge>;
  if (isDown) {
    return (
      <>
        <Group gap={8} wrap="nowrap">
          <Badge color="red">Down</Badge>
          {since && <Ago at={since} />}
        </Group>
        <Text size="sm" mt={4}>
          {reason ?? 'The provider is not accepting messages.'}
        </Text>
        {probeAt && (
          <Text size="xs" c="dimmed">
            Next check at {clockTime(probeAt)}.
          </Text>
        )}
      </>
    );
  }
  if (pausedUntil) {
    return (
      <>
        <Badge color="yellow">Paused</Badge>
        <Text size="xs" c="dimmed" mt={4}>
          Rate limited by the provider until {clockTime(pausedUntil)}.
        </Text>
      </>
    );
  }
  return <Badge color="teal">Healthy</Badge>;
}

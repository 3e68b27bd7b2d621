import { Badge, Group, Text } from '@mantine/core';
import type { ChannelState } from '@mevrik/protocol';
import { Ago, clockTime } from '../../shared/time.tsx';

/** Whether answers get through a channel, and why not. */
export function ChannelHealth({
  of: { enabled, isDown, reason, since, probeAt, pausedUntil },
}: {
  of: ChannelState;
}) {
  if (!enabled) return <Badge color="gray">switched off</Badge>;
  if (isDown) {
    return (
      <>
        <Group gap={8} wrap="nowrap">
          <Badge color="red">down</Badge>
          {since && <Ago at={since} />}
        </Group>
        <Text size="sm" mt={4}>
          {reason ?? 'The provider takes nothing.'}
        </Text>
        {probeAt && (
          <Text size="xs" c="dimmed">
            It is tried again by itself at {clockTime(probeAt)}.
          </Text>
        )}
      </>
    );
  }
  if (pausedUntil) {
    return (
      <>
        <Badge color="yellow">pauses</Badge>
        <Text size="xs" c="dimmed" mt={4}>
          The provider wants nothing until {clockTime(pausedUntil)}.
        </Text>
      </>
    );
  }
  return <Badge color="teal">healthy</Badge>;
}

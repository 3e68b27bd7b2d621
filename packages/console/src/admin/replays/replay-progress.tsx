import { Badge, Group, Progress, Text } from '@mantine/core';
import type { Replay } from '@mevrik/protocol';

const words = { running: 'Running', done: 'Done', cancelled: 'Stopped' } as const;
const colors = { running: 'blue', done: 'teal', cancelled: 'gray' } as const;

/** The status of a replay as a badge. */
export function ReplayBadge({ status }: Pick<Replay, 'status'>) {
  return <Badge color={colors[status]}>{words[status]}</Badge>;
}

/** The progress of a replay, as a bar with counts. */
export function ReplayProgress({ of }: { of: Replay }) {
  const { waiting, done, skipped, dead, cancelled } = of;
  const total = waiting + done + skipped + dead + cancelled;
  const part = (count: number) => (total === 0 ? 0 : (count / total) * 100);
  const parts = [
    { count: done, color: 'teal.6', word: 'done' },
    { count: skipped, color: 'gray.5', word: 'not applicable' },
    { count: dead, color: 'red.6', word: 'failed' },
    { count: cancelled, color: 'gray.6', word: 'stopped' },
    { count: waiting, color: 'gray.3', word: 'pending' },
  ].filter(({ count }) => count > 0);
  return (
    <div>
      <Progress.Root size={10} role="img" aria-label={`${total - waiting} of ${total}`}>
        {parts
          .filter(({ word }) => word !== 'pending')
          .map(({ count, color, word }) => (
            <Progress.Section key={word} value={part(count)} color={color} withAria={false} />
          ))}
      </Progress.Root>
      <Group gap={10} mt={4}>
        {parts.map(({ count, word }) => (
          <Text
            key={word}
            size="xs"
            c={word === 'failed' ? 'red' : 'dimmed'}
            fw={word === 'failed' ? 600 : 400}
          >
            {count} {word}
          </Text>
        ))}
      </Group>
    </div>
  );
}

import { Text } from '@mantine/core';
import { exactTime } from '../../shared/time.tsx';

/** How far back a search went that covers a part of a list at a time; renders nothing if it went to the end. */
export function SearchedTo({ at }: { at: string | null | undefined }) {
  if (!at) return null;
  return (
    <Text size="sm" c="dimmed" ta="center" role="status">
      Searched back to {exactTime(at)}.
    </Text>
  );
}

import { Anchor } from '@mantine/core';
import { IconMapQuestion } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { Empty } from './states.tsx';

/** The page for unknown addresses. */
export function NotFound() {
  return (
    <Empty icon={<IconMapQuestion size={34} stroke={1.4} />} title="Page not found">
      Check the address, or{' '}
      <Anchor component={Link} to="/desk">
        open the desk
      </Anchor>
      .
    </Empty>
  );
}

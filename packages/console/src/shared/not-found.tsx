import { IconMapQuestion } from '@tabler/icons-react';
import { AnchorLink } from './links.tsx';
import { Empty } from './states.tsx';

/** The page for unknown addresses. */
export function NotFound() {
  return (
    <Empty icon={<IconMapQuestion size={34} stroke={1.4} />} title="Page not found">
      Check the address, or <AnchorLink to="/desk">open the desk</AnchorLink>.
    </Empty>
  );
}

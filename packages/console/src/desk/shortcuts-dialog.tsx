import { Center, Loader, Modal } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { lazy, Suspense } from 'react';
import { useDeskAction } from './desk-actions.ts';

const ShortcutList = lazy(() =>
  import('./shortcut-list.tsx').then((module) => ({ default: module.ShortcutList })),
);

/** The dialog with all keyboard shortcuts; its content is loaded when it is opened. */
export function ShortcutsDialog() {
  const [opened, { open, close }] = useDisclosure(false);
  useDeskAction('help', open);
  return (
    <Modal opened={opened} onClose={close} title="Keyboard shortcuts" size="lg">
      <Suspense
        fallback={
          <Center h={200}>
            <Loader size="sm" role="status" aria-label="Loading" />
          </Center>
        }
      >
        <ShortcutList />
      </Suspense>
    </Modal>
  );
}

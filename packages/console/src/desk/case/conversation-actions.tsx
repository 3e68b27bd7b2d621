import { ActionIcon, Button, Menu, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCircleCheck, IconDots, IconRobot, IconTransfer } from '@tabler/icons-react';
import { useState } from 'react';
import type { ConversationRow, StaffApp } from '../../shared/sdk.ts';
import { useDeskAction } from '../desk-actions.ts';
import { CloseDialog } from './close-dialog.tsx';
import { TransferDialog } from './transfer-dialog.tsx';
import type { Target } from './use-transfer.ts';

/** The assigned agent's actions: transfer, return to bot, close the case. */
export function ConversationActions(props: {
  row: ConversationRow;
  app: StaffApp | undefined;
  onDone: () => void;
}) {
  const { row, app, onDone } = props;
  const [closes, close] = useDisclosure(false);
  const [target, setTarget] = useState<Target>();
  useDeskAction('transfer', () => setTarget('agent'));
  useDeskAction('bot', () => setTarget('bot'));
  useDeskAction('close', close.open, row.case !== null);
  return (
    <>
      <TransferMenu onTransfer={setTarget} />
      <TransferButtons onTransfer={setTarget} />
      {row.case && (
        <>
          <Button size="xs" leftSection={<IconCircleCheck size={15} />} onClick={close.open}>
            Close case
          </Button>
          <CloseDialog
            caseId={row.case.id}
            dispositions={app?.dispositions ?? []}
            opened={closes}
            onClose={close.close}
            onDone={onDone}
          />
        </>
      )}
      <TransferDialog
        sessionId={row.session.id}
        appId={row.session.appId}
        queues={app?.queues ?? []}
        target={target}
        onTarget={setTarget}
        onClose={() => setTarget(undefined)}
        onDone={onDone}
      />
    </>
  );
}

/** Where a conversation can go, as a menu on narrow screens. */
function TransferMenu({ onTransfer }: { onTransfer: (target: Target) => void }) {
  return (
    <Menu position="bottom-end" shadow="md" width={220}>
      <Menu.Target>
        <Tooltip label="More actions">
          <ActionIcon size="lg" aria-label="More actions" hiddenFrom="md">
            <IconDots size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconTransfer size={16} />} onClick={() => onTransfer('agent')}>
          Transfer…
        </Menu.Item>
        <Menu.Item leftSection={<IconRobot size={16} />} onClick={() => onTransfer('bot')}>
          Return to bot…
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** The same as buttons on wide screens. */
function TransferButtons({ onTransfer }: { onTransfer: (target: Target) => void }) {
  return (
    <>
      <Tooltip label="Return to bot">
        <ActionIcon
          size="lg"
          variant="default"
          aria-label="Return to bot"
          visibleFrom="md"
          onClick={() => onTransfer('bot')}
        >
          <IconRobot size={17} />
        </ActionIcon>
      </Tooltip>
      <Button
        size="xs"
        variant="default"
        visibleFrom="md"
        leftSection={<IconTransfer size={15} />}
        onClick={() => onTransfer('agent')}
      >
        Transfer
      </Button>
    </>
  );
}

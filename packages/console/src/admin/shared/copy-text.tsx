import { ActionIcon, Code, CopyButton, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';

/** A value to paste elsewhere, with a button that copies it; `label` names it for screen readers. */
export function CopyText({ value, label }: { value: string; label: string }) {
  return (
    <span style={{ display: 'flex', alignItems: 'center', gap: 4, marginTop: 4 }}>
      <Code style={{ overflowWrap: 'anywhere', flex: 1, padding: '6px 8px' }}>{value}</Code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : 'Copy'}>
            <ActionIcon onClick={copy} aria-label={`Copy: ${label}`}>
              {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </span>
  );
}

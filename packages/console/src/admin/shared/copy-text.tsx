import { ActionIcon, Code, CopyButton, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';

/** Something to be pasted elsewhere. */
export function CopyText({ value, what }: { value: string; what: string }) {
  return (
    <span style={{ display: 'flex', alignItems: 'center', gap: 4, marginTop: 4 }}>
      <Code style={{ overflowWrap: 'anywhere', flex: 1, padding: '6px 8px' }}>{value}</Code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : 'Copy'}>
            <ActionIcon onClick={copy} aria-label={`Copy: ${what}`}>
              {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </span>
  );
}

import { Button, Group } from '@mantine/core';
import { IconClock, IconLock } from '@tabler/icons-react';
import { outbox, type PendingMessage } from '../composer/outbox.ts';
import { AttachmentView } from './attachment-view.tsx';
import classes from './message.module.css';

/** A message that the server has not stored yet. */
export function PendingBubble({ outgoing }: { outgoing: PendingMessage }) {
  const { key, text, attachments, isNote, state, error, isCut } = outgoing;
  const hasFailed = state === 'failed';
  const className = [
    classes.message,
    classes.ours,
    classes.first,
    isNote ? classes.note : '',
    hasFailed ? classes.failed : classes.onItsWay,
  ].join(' ');
  return (
    <div className={className}>
      <div className={classes.bubble} dir="auto">
        {text}
        {attachments.map((file) => (
          <AttachmentView key={file.url} file={file} />
        ))}
      </div>
      {hasFailed ? (
        <div className={classes.error} role="alert">
          <span>
            {isCut ? 'Not sent. It will be sent when the connection is back.' : `Not sent: ${error}`}
          </span>
          <Group gap={4}>
            <Button size="compact-xs" variant="light" color="red" onClick={() => outbox.retry(key)}>
              Retry
            </Button>
            <Button size="compact-xs" variant="subtle" color="gray" onClick={() => outbox.discard(key)}>
              Discard
            </Button>
          </Group>
        </div>
      ) : (
        <div className={classes.meta}>
          {isNote && <IconLock size={12} aria-hidden />}
          <IconClock size={13} role="img" aria-label="Sending" />
        </div>
      )}
    </div>
  );
}

import { Text } from '@mantine/core';
import { type ClipboardEvent, type KeyboardEvent, useEffect } from 'react';
import { AudienceChoice } from './audience-choice.tsx';
import classes from './composer.module.css';
import { ComposerAttachments } from './composer-attachments.tsx';
import { ComposerTools } from './composer-tools.tsx';
import { DropZone } from './drop-zone.tsx';
import { MessageField } from './message-field.tsx';
import { ChannelDown, ReplyWindowChip, WindowClosed } from './reply-notices.tsx';
import { maxMessageLength } from './use-message-text.ts';
import { type ReplyComposerProps, useReply } from './use-reply.ts';

/** The composer of an agent: replies to the customer and internal notes. */
export function ReplyComposer(props: ReplyComposerProps) {
  const { row, channel, notesOnly = false, onDone } = props;
  const reply = useReply(props);
  const { now, area, isNote, message, closedForMs, addFiles, send } = reply;
  const isClosed = closedForMs !== undefined;
  const takesFiles = !isNote && (channel?.capabilities?.attachments.length ?? 0) > 0;
  useEffect(() => {
    area.current?.focus();
  }, [area]);

  function onKeyDown(event: KeyboardEvent): void {
    if (event.nativeEvent.isComposing || message.onPickerKey(event)) return;
    if (event.key === 'Escape') {
      if (onDone) onDone();
      else area.current?.blur();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    }
  }

  function onPaste(event: ClipboardEvent): void {
    const pasted = [...event.clipboardData.files];
    if (pasted.length === 0 || !takesFiles) return;
    event.preventDefault();
    addFiles(pasted);
  }

  return (
    <fieldset
      className={`${classes.composer} ${isNote ? classes.asNote : ''}`}
      aria-label={isNote ? 'Note' : 'Reply'}
    >
      <DropZone takesFiles={takesFiles} onFiles={addFiles} />
      {reply.error && (
        <Text size="sm" c="red" role="alert">
          {reply.error}
        </Text>
      )}
      {!notesOnly && (
        <div className={classes.audience}>
          <AudienceChoice row={row} audience={reply.audience} now={now} onChange={reply.setAudience} />
          {!isNote && <ReplyWindowChip row={row} now={now} />}
        </div>
      )}
      {!isNote && <ChannelDown channel={channel} />}
      {isClosed && <WindowClosed row={row} since={closedForMs} />}
      <MessageField
        area={area}
        message={message}
        isNote={isNote}
        isHidden={isClosed}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
      />
      <ComposerAttachments files={reply.files} />
      {!isClosed && <ReplyTools reply={reply} channel={channel} takesFiles={takesFiles} />}
    </fieldset>
  );
}

/** The toolbar for a reply or note. */
function ReplyTools(props: {
  reply: ReturnType<typeof useReply>;
  channel: ReplyComposerProps['channel'];
  takesFiles: boolean;
}) {
  const { reply, channel, takesFiles } = props;
  const { isNote, message, isEmpty, addFiles, send } = reply;
  const channelLimit = channel?.capabilities?.textLength ?? Number.POSITIVE_INFINITY;
  return (
    <ComposerTools
      isNote={isNote}
      length={message.text.length}
      limit={isNote ? maxMessageLength : Math.min(maxMessageLength, channelLimit)}
      canSend={!isEmpty}
      takesFiles={takesFiles}
      onFiles={addFiles}
      onEmoji={message.insert}
      onCanned={message.openPicker}
      onSend={send}
    />
  );
}

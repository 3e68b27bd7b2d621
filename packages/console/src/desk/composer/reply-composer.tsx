import { Text } from '@mantine/core';
import { type ClipboardEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { ConversationRow, StaffApp } from '../../shared/sdk.ts';
import { useNow } from '../../shared/time.tsx';
import { useDeskAction } from '../desk-actions.ts';
import { type Audience, AudienceChoice, audienceOf } from './audience-choice.tsx';
import classes from './composer.module.css';
import { ComposerAttachments } from './composer-attachments.tsx';
import { ComposerTools } from './composer-tools.tsx';
import { DropZone } from './drop-zone.tsx';
import { MessageField } from './message-field.tsx';
import { outbox } from './outbox.ts';
import { findPlaceholder, type PlaceholderValues } from './placeholders.ts';
import { ChannelDown, ReplyWindowChip, WindowClosed } from './reply-notices.tsx';
import { replyWindowState } from './reply-window.ts';
import { type FileUpload, uploads } from './uploads.ts';
import { maxMessageLength, useMessageText } from './use-message-text.ts';

/** The conversation context of a composer. */
export interface ReplyComposerProps {
  readonly row: ConversationRow;
  readonly channel: StaffApp['channels'][number] | undefined;
  /** Maximum attachment size in bytes. */
  readonly fileBytes: number;
  readonly facts: PlaceholderValues;
  /** The id of the newest message. */
  readonly newestId: number;
  /** Only the assigned agent replies to the customer; any agent may add notes. */
  readonly notesOnly?: boolean;
  /** Closes a composer that was opened for a single note. */
  readonly onDone?: () => void;
}

/** The composer of an agent: replies to the customer and internal notes. */
export function ReplyComposer(props: ReplyComposerProps) {
  const { row, channel, fileBytes, facts, newestId, notesOnly = false, onDone } = props;
  const { id: sessionId, appId } = row.session;
  const now = useNow(15_000);
  const area = useRef<HTMLTextAreaElement>(null);
  const focus = () => requestAnimationFrame(() => area.current?.focus());
  const [wanted, setAudience] = useAudience(focus, notesOnly);
  const audience = audienceOf(wanted, row, now, notesOnly);
  const isNote = audience === 'colleagues';
  const capabilities = channel?.capabilities ?? null;
  const takesFiles = !isNote && (capabilities?.attachments.length ?? 0) > 0;
  const replyWindow = replyWindowState(row, now);
  const isClosed = !isNote && replyWindow?.state === 'closed';
  const [error, setError] = useState<string>();
  const onWrite = () => setError(undefined);
  const message = useMessageText({ sessionId, appId, isNote, facts, area, onWrite });
  const { text } = message;
  const allFiles = uploads.useOf(sessionId);
  const files = isNote ? [] : allFiles;
  const attachments = files.flatMap(({ attachment }) => attachment ?? []);
  const isEmpty = text.trim() === '' && attachments.length === 0;
  useEffect(() => {
    area.current?.focus();
  }, []);

  function addFiles(list: readonly File[]): void {
    if (list.length === 0) return;
    setError(
      isNote
        ? 'Notes can’t have attachments. Send files in a reply.'
        : uploads.add({ sessionId, appId }, list, { capabilities, mostBytes: fileBytes }),
    );
  }

  function send(): void {
    if (isEmpty || isClosed) return;
    const open = isNote ? undefined : findPlaceholder(text);
    if (open) area.current?.setSelectionRange(open.at, open.at + open.text.length);
    const problem = open ? `Replace ${open.text} before you send.` : uploadProblem(files);
    setError(problem);
    if (problem !== undefined) return;
    const privately = audience === 'commenter';
    outbox.send({ sessionId, text: text.trim(), attachments, isNote, privately, afterId: newestId });
    message.clear();
    setError(undefined);
    if (!isNote) uploads.clear(sessionId);
    if (onDone) onDone();
    else focus();
  }

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
      {error && (
        <Text size="sm" c="red" role="alert">
          {error}
        </Text>
      )}
      {!notesOnly && (
        <div className={classes.audience}>
          <AudienceChoice row={row} audience={audience} now={now} onChange={setAudience} />
          {!isNote && <ReplyWindowChip row={row} now={now} />}
        </div>
      )}
      {!isNote && <ChannelDown channel={channel} />}
      {isClosed && <WindowClosed row={row} since={replyWindow.ms} />}
      <MessageField
        area={area}
        message={message}
        isNote={isNote}
        isHidden={isClosed}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
      />
      <ComposerAttachments files={files} />
      {!isClosed && (
        <ComposerTools
          isNote={isNote}
          length={text.length}
          limit={isNote ? maxMessageLength : Math.min(maxMessageLength, capabilities?.textLength ?? Infinity)}
          canSend={!isEmpty}
          takesFiles={takesFiles}
          onFiles={addFiles}
          onEmoji={message.insert}
          onCanned={() =>
            message.insert(text === '' || /\s$/.test(text) ? '/' : ' /', text.length, text.length)
          }
          onSend={send}
        />
      )}
    </fieldset>
  );
}

/** Who the agent wants to write to, also chosen by shortcut. Every choice focuses the text field. */
function useAudience(focus: () => void, notesOnly: boolean): [Audience, (next: Audience) => void] {
  const [wanted, setWanted] = useState<Audience>('customer');
  const choose = (next: Audience) => {
    setWanted(next);
    focus();
  };
  useDeskAction('reply', () => choose('customer'), !notesOnly);
  useDeskAction('note', () => choose('colleagues'));
  return [wanted, choose];
}

/** Why the attachments cannot be sent yet; `undefined` if they can. */
function uploadProblem(files: readonly FileUpload[]): string | undefined {
  if (files.some(({ attachment, error }) => !attachment && !error))
    return 'Wait until all files are uploaded.';
  return files.some(({ error }) => error) ? 'A file failed to upload. Remove it before you send.' : undefined;
}

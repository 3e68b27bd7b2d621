import { Text, Textarea } from '@mantine/core';
import { type ClipboardEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import type { CannedReply, ConversationRow, StaffApp } from '../../shared/sdk.ts';
import { useNow } from '../../shared/time.tsx';
import { useDeskAction } from '../desk-actions.ts';
import { type Audience, AudienceChoice, audienceOf } from './audience-choice.tsx';
import { CannedPicker, cannedWord, useCannedPicker } from './canned-picker.tsx';
import classes from './composer.module.css';
import { ComposerAttachments } from './composer-attachments.tsx';
import { ComposerTools } from './composer-tools.tsx';
import { DropZone } from './drop-zone.tsx';
import { outbox } from './outbox.ts';
import { fillPlaceholders, findPlaceholder, type PlaceholderValues } from './placeholders.ts';
import { ChannelDown, ReplyWindowChip, WindowClosed } from './reply-notices.tsx';
import { replyWindowState } from './reply-window.ts';
import { uploads } from './uploads.ts';
import { useDraft } from './use-draft.ts';

/** Maximum message length in characters, on any channel. */
const longest = 10_000;

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
  const listId = useId();
  const [wanted, setAudience] = useState<Audience>('customer');
  const now = useNow(15_000);
  const capabilities = channel?.capabilities ?? null;
  const audience = audienceOf(wanted, row, now, notesOnly);
  const isNote = audience === 'colleagues';
  const time = replyWindowState(row, now);
  const isClosed = !isNote && time?.state === 'closed';
  const [fault, setFault] = useState<string>();
  const [caret, setCaret] = useState(0);
  const [isDismissed, setDismissed] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const draft = useDraft(sessionId, isNote);
  const files = uploads.useOf(sessionId);
  const { text } = draft;
  const slash = isNote || isDismissed ? undefined : cannedWord(text, caret);
  const picker = useCannedPicker(appId, slash?.word);

  const focus = () => requestAnimationFrame(() => area.current?.focus());
  useEffect(() => {
    area.current?.focus();
  }, []);
  useDeskAction(
    'reply',
    () => {
      setAudience('customer');
      focus();
    },
    !notesOnly,
  );
  useDeskAction('note', () => {
    setAudience('colleagues');
    focus();
  });

  function write(next: string, caretAt = next.length): void {
    draft.write(next.slice(0, longest));
    setCaret(caretAt);
    setDismissed(false);
    setFault(undefined);
  }

  /** Inserts text at the caret, replacing the selection. */
  function insert(
    piece: string,
    from = area.current?.selectionStart ?? text.length,
    to = area.current?.selectionEnd ?? from,
  ): void {
    write(text.slice(0, from) + piece + text.slice(to), from + piece.length);
    const open = findPlaceholder(piece);
    requestAnimationFrame(() => {
      area.current?.focus();
      if (open) area.current?.setSelectionRange(from + open.at, from + open.at + open.text.length);
      else area.current?.setSelectionRange(from + piece.length, from + piece.length);
    });
  }

  function pick(reply: CannedReply): void {
    if (slash) insert(fillPlaceholders(reply.text, facts), slash.from, caret);
    setDismissed(true);
  }

  function add(list: readonly File[]): void {
    if (list.length === 0) return;
    setFault(
      isNote
        ? 'Notes can’t have attachments. Send files in a reply.'
        : uploads.add({ sessionId, appId }, list, { capabilities, mostBytes: fileBytes }),
    );
  }

  const attached = isNote ? [] : files;
  const isUploading = attached.some(({ attachment, fault: failed }) => !attachment && !failed);
  const ready = attached.flatMap(({ attachment }) => attachment ?? []);
  const isEmpty = text.trim() === '' && ready.length === 0;

  function send(): void {
    if (isEmpty || isClosed) return;
    const open = isNote ? undefined : findPlaceholder(text);
    if (open) {
      setFault(`Replace ${open.text} before you send.`);
      area.current?.setSelectionRange(open.at, open.at + open.text.length);
      return;
    }
    const wrong = isUploading
      ? 'Wait until all files are uploaded.'
      : attached.some((file) => file.fault)
        ? 'A file failed to upload. Remove it before you send.'
        : undefined;
    setFault(wrong);
    if (wrong) return;
    outbox.send({
      sessionId,
      text: text.trim(),
      attachments: ready,
      isNote,
      privately: audience === 'commenter',
      afterId: newestId,
    });
    draft.done();
    setFault(undefined);
    if (!isNote) uploads.clear(sessionId);
    if (onDone) onDone();
    else focus();
  }

  function onKey(event: KeyboardEvent): void {
    if (event.nativeEvent.isComposing) return;
    const { key } = event;
    if (slash && picker.items.length > 0) {
      const chosen = picker.items[picker.active];
      if (key === 'ArrowDown') picker.move(1);
      else if (key === 'ArrowUp') picker.move(-1);
      else if ((key === 'Enter' || key === 'Tab') && chosen) pick(chosen);
      else if (key === 'Escape') setDismissed(true);
      else return;
      event.preventDefault();
    } else if (key === 'Escape') {
      if (slash) setDismissed(true);
      else if (onDone) onDone();
      else area.current?.blur();
    } else if (key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    }
  }

  const takesFiles = !isNote && (capabilities?.attachments.length ?? 0) > 0;
  const isOpen = slash !== undefined && (picker.items.length > 0 || slash.word === '');
  return (
    <fieldset
      className={`${classes.composer} ${isNote ? classes.asNote : ''}`}
      aria-label={isNote ? 'Note' : 'Reply'}
    >
      <DropZone takesFiles={takesFiles} onFiles={add} />
      {fault && (
        <Text size="sm" c="red" role="alert">
          {fault}
        </Text>
      )}
      {!notesOnly && (
        <div className={classes.audience}>
          <AudienceChoice
            row={row}
            audience={audience}
            now={now}
            onChange={(next) => {
              setAudience(next);
              focus();
            }}
          />
          {!isNote && <ReplyWindowChip row={row} now={now} />}
        </div>
      )}
      {!isNote && <ChannelDown channel={channel} />}
      {isClosed && <WindowClosed row={row} since={time.ms} />}
      <div style={{ position: 'relative' }} hidden={isClosed}>
        {isOpen && <CannedPicker id={listId} picker={picker} onPick={pick} />}
        <Textarea
          ref={area}
          value={text}
          onChange={({ currentTarget: { value, selectionStart } }) => write(value, selectionStart)}
          onSelect={({ currentTarget }) => setCaret(currentTarget.selectionStart)}
          onKeyDown={onKey}
          onPaste={(event: ClipboardEvent) => {
            const pasted = [...event.clipboardData.files];
            if (pasted.length === 0 || !takesFiles) return;
            event.preventDefault();
            add(pasted);
          }}
          autosize
          minRows={2}
          maxRows={9}
          maxLength={longest}
          variant="unstyled"
          placeholder={
            isNote ? 'Write a note that only your team sees…' : 'Write a reply, or type / for canned replies…'
          }
          aria-label={isNote ? 'Internal note' : 'Reply to customer'}
          {...(isOpen && picker.items.length > 0
            ? { 'aria-controls': listId, 'aria-activedescendant': `${listId}-${picker.active}` }
            : {})}
        />
      </div>
      <ComposerAttachments files={attached} />
      {!isClosed && (
        <ComposerTools
          isNote={isNote}
          length={text.length}
          limit={isNote ? longest : Math.min(longest, capabilities?.textLength ?? longest)}
          canSend={!isEmpty}
          takesFiles={takesFiles}
          onFiles={add}
          onEmoji={insert}
          onCanned={() => insert(text === '' || /\s$/.test(text) ? '/' : ' /', text.length, text.length)}
          onSend={send}
        />
      )}
    </fieldset>
  );
}

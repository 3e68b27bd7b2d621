import { useRef, useState } from 'react';
import type { ConversationRow, StaffApp } from '../../shared/sdk.ts';
import { useNow } from '../../shared/time.tsx';
import { useDeskAction } from '../desk-actions.ts';
import { type Audience, audienceOf } from './audience-choice.tsx';
import { outbox } from './outbox.ts';
import { findPlaceholder, type PlaceholderValues } from './placeholders.ts';
import { replyWindowState } from './reply-window.ts';
import { type FileUpload, uploads } from './uploads.ts';
import { useMessageText } from './use-message-text.ts';

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

/** The reply or note that an agent writes: who reads it, its text and files, and sending it. */
export function useReply(props: ReplyComposerProps) {
  const { row, channel, fileBytes, facts, newestId, notesOnly = false, onDone } = props;
  const { id: sessionId, appId } = row.session;
  const now = useNow(15_000);
  const area = useRef<HTMLTextAreaElement>(null);
  const focus = () => requestAnimationFrame(() => area.current?.focus());
  const [wanted, setAudience] = useAudience(focus, notesOnly);
  const audience = audienceOf(wanted, row, now, notesOnly);
  const isNote = audience === 'colleagues';
  const [error, setError] = useState<string>();
  const onWrite = () => setError(undefined);
  const message = useMessageText({ sessionId, appId, isNote, facts, area, onWrite });
  const allFiles = uploads.useOf(sessionId);
  const files = isNote ? [] : allFiles;
  const attachments = files.flatMap(({ attachment }) => attachment ?? []);
  const isEmpty = message.text.trim() === '' && attachments.length === 0;
  const capabilities = channel?.capabilities ?? null;
  const replyWindow = replyWindowState(row, now);
  /** How long replies have been impossible, in ms; `undefined` while they are possible. */
  const closedForMs = !isNote && replyWindow?.state === 'closed' ? replyWindow.ms : undefined;

  function addFiles(list: readonly File[]): void {
    if (list.length === 0) return;
    setError(
      isNote
        ? 'Notes can’t have attachments. Send files in a reply.'
        : uploads.add({ sessionId, appId }, list, { capabilities, mostBytes: fileBytes }),
    );
  }

  function send(): void {
    if (isEmpty || closedForMs !== undefined) return;
    const text = message.text.trim();
    const open = isNote ? undefined : findPlaceholder(message.text);
    if (open) area.current?.setSelectionRange(open.at, open.at + open.text.length);
    const problem = open ? `Replace ${open.text} before you send.` : uploadProblem(files);
    setError(problem);
    if (problem !== undefined) return;
    const privately = audience === 'commenter';
    outbox.send({ sessionId, text, attachments, isNote, privately, afterId: newestId });
    message.clear();
    setError(undefined);
    if (!isNote) uploads.clear(sessionId);
    if (onDone) onDone();
    else focus();
  }

  return {
    now,
    area,
    audience,
    setAudience,
    isNote,
    message,
    files,
    isEmpty,
    closedForMs,
    error,
    addFiles,
    send,
  };
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

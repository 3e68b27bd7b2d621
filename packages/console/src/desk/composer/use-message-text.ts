import { cutText } from '@mevrik/protocol/text';
import { type KeyboardEvent, useState } from 'react';
import type { CannedReply } from '../../shared/sdk.ts';
import { cannedWord, useCannedPicker } from './canned-picker.tsx';
import { fillPlaceholders, findPlaceholder, type PlaceholderValues } from './placeholders.ts';
import { useDraft } from './use-draft.ts';

/** Maximum message length in characters, on any channel. */
export const maxMessageLength = 10_000;

/** What the text of a composer depends on. */
interface MessageTextOptions {
  readonly sessionId: number;
  readonly appId: number;
  readonly isNote: boolean;
  readonly facts: PlaceholderValues;
  readonly area: { readonly current: HTMLTextAreaElement | null };
  readonly onWrite: () => void;
}

/** The text of a composer: its draft, its caret, and the canned replies that a `/` opens. */
export function useMessageText({ sessionId, appId, isNote, facts, area, onWrite }: MessageTextOptions) {
  const [caret, setCaret] = useState(0);
  const [isDismissed, setDismissed] = useState(false);
  const draft = useDraft(sessionId, isNote);
  const { text } = draft;
  const slash = isNote || isDismissed ? undefined : cannedWord(text, caret);
  const picker = useCannedPicker(appId, slash?.word);

  function write(next: string, caretAt = next.length): void {
    draft.write(cutText(next, maxMessageLength));
    setCaret(caretAt);
    setDismissed(false);
    onWrite();
  }

  /** Inserts text at the caret, replacing the selection, and selects its first placeholder. */
  function insert(
    piece: string,
    from = area.current?.selectionStart ?? text.length,
    to = area.current?.selectionEnd ?? from,
  ): void {
    write(text.slice(0, from) + piece + text.slice(to), from + piece.length);
    const open = findPlaceholder(piece);
    const start = from + (open?.at ?? piece.length);
    requestAnimationFrame(() => {
      area.current?.focus();
      area.current?.setSelectionRange(start, start + (open?.text.length ?? 0));
    });
  }

  function pick(reply: CannedReply): void {
    if (slash) insert(fillPlaceholders(reply.text, facts), slash.from, caret);
    setDismissed(true);
  }

  /** Handles a key of the canned-reply list. @returns whether the list used it. */
  function onPickerKey(event: KeyboardEvent): boolean {
    if (!slash) return false;
    const chosen = picker.items[picker.active];
    const { key } = event;
    if (key === 'Escape') setDismissed(true);
    else if (!chosen) return false;
    else if (key === 'ArrowDown') picker.move(1);
    else if (key === 'ArrowUp') picker.move(-1);
    else if (key === 'Enter' || key === 'Tab') pick(chosen);
    else return false;
    event.preventDefault();
    return true;
  }

  return {
    text,
    picker,
    isPickerOpen: slash !== undefined && (picker.items.length > 0 || slash.word === ''),
    write,
    insert,
    pick,
    /** Opens the canned replies with a `/` at the end of the text. */
    openPicker: () => insert(text === '' || /\s$/.test(text) ? '/' : ' /', text.length, text.length),
    onPickerKey,
    setCaret,
    clear: () => draft.done(),
  };
}

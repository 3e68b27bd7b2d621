import { Textarea } from '@mantine/core';
import { type ClipboardEvent, type KeyboardEvent, type RefObject, useId } from 'react';
import { CannedPicker } from './canned-picker.tsx';
import { maxMessageLength, type useMessageText } from './use-message-text.ts';

/** The text field of a composer with its list of canned replies. */
export function MessageField(props: {
  area: RefObject<HTMLTextAreaElement | null>;
  message: ReturnType<typeof useMessageText>;
  isNote: boolean;
  isHidden: boolean;
  onKeyDown: (event: KeyboardEvent) => void;
  onPaste: (event: ClipboardEvent) => void;
}) {
  const { area, message, isNote, isHidden, onKeyDown, onPaste } = props;
  const { picker, isPickerOpen } = message;
  const listId = useId();
  return (
    <div style={{ position: 'relative' }} hidden={isHidden}>
      {isPickerOpen && <CannedPicker id={listId} picker={picker} onPick={message.pick} />}
      <Textarea
        ref={area}
        value={message.text}
        onChange={({ currentTarget: { value, selectionStart } }) => message.write(value, selectionStart)}
        onSelect={({ currentTarget }) => message.setCaret(currentTarget.selectionStart)}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        autosize
        minRows={2}
        maxRows={9}
        maxLength={maxMessageLength}
        variant="unstyled"
        placeholder={
          isNote ? 'Write a note that only your team sees…' : 'Write a reply, or type / for canned replies…'
        }
        aria-label={isNote ? 'Internal note' : 'Reply to customer'}
        {...(isPickerOpen && picker.items.length > 0
          ? { 'aria-controls': listId, 'aria-activedescendant': `${listId}-${picker.active}` }
          : {})}
      />
    </div>
  );
}

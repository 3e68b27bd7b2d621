import { SegmentedControl, type SegmentedControlItem, Tooltip } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import type { ConversationRow } from '../../shared/sdk.ts';
import parts from '../parts.module.css';
import { privateReplyBlocker } from './reply-window.ts';

/** Who can read a message. Under a comment, `customer` means the public and `commenter` only its author. */
export type Audience = 'colleagues' | 'commenter' | 'customer';

/** The effective audience: the wanted one, or the closest that is possible. */
export function audienceOf(
  wanted: Audience,
  row: ConversationRow,
  now: number,
  notesOnly: boolean,
): Audience {
  if (notesOnly) return 'colleagues';
  const isOff = wanted === 'commenter' && (!row.comment || privateReplyBlocker(row, now) !== undefined);
  return isOff ? 'customer' : wanted;
}

/** Chooses between reply, private reply and note. */
export function AudienceChoice(props: {
  row: ConversationRow;
  audience: Audience;
  now: number;
  onChange: (audience: Audience) => void;
}) {
  const { row, audience, now, onChange } = props;
  const whyNot = row.comment ? privateReplyBlocker(row, now) : undefined;
  const note: SegmentedControlItem<Audience> = {
    value: 'colleagues',
    label: (
      <span className={parts.line}>
        <IconLock size={13} aria-hidden /> Note
      </span>
    ),
  };
  const replies: SegmentedControlItem<Audience>[] = row.comment
    ? [
        { value: 'customer', label: 'Public reply' },
        { value: 'commenter', label: 'Private reply', disabled: whyNot !== undefined },
      ]
    : [{ value: 'customer', label: 'Reply' }];
  return (
    <Tooltip label={whyNot} disabled={whyNot === undefined} multiline maw={260}>
      <SegmentedControl<Audience>
        size="xs"
        value={audience}
        onChange={onChange}
        aria-label="Visible to"
        data={[...replies, note]}
      />
    </Tooltip>
  );
}

import { Avatar, Badge, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { ChannelIcon } from '../../shared/channel-icon.tsx';
import type { ConversationRow, StaffApp } from '../../shared/sdk.ts';
import { shortAgo } from '../../shared/time.tsx';
import parts from '../parts.module.css';
import { customerName, messagePreview } from './conversation-labels.ts';
import classes from './list.module.css';
import { PriorityBadge } from './priority-badge.tsx';
import { SlaChip, WaitChip, waitingSinceOf } from './sla-chip.tsx';

/** Row heights in pixels; chips take a second line. */
const heights = { plain: 62, withChips: 84 } as const;

/** The height of a row in pixels. */
export function rowHeight(row: ConversationRow | undefined, isMixed: boolean): number {
  return row && hasChips(row, isMixed) ? heights.withChips : heights.plain;
}

function hasChips(row: ConversationRow, isMixed: boolean): boolean {
  const { case: open, queueItem, session } = row;
  const isDue = open !== null && open.firstReplyDueAt !== null && open.firstReplyAt === null;
  const isMarked = queueItem !== null && queueItem.priority !== 'normal';
  return waitingSinceOf(row) !== null || isDue || isMarked || (isMixed && session.openCaseId === null);
}

/** A conversation in a list. `isMixed`: the list also has conversations of the bot and of other agents. */
export const ConversationListItem = memo(ListItem);

function ListItem(props: {
  row: ConversationRow;
  top: number;
  now: number;
  isMixed: boolean;
  isOpen: boolean;
  app: StaffApp | undefined;
  showsApp: boolean;
}) {
  const { row, top, now, isMixed, isOpen, app, showsApp } = props;
  const { customer, unread, session } = row;
  const name = customerName(customer);
  const kind = app?.channels.find((one) => one.name === session.channel)?.kind ?? session.channel;
  return (
    <Link
      to="/desk/$sessionId"
      params={{ sessionId: String(session.id) }}
      search
      className={`${classes.row} ${unread > 0 ? classes.unread : ''} ${isOpen ? classes.isOpen : ''}`}
      style={{ top, height: rowHeight(row, isMixed) }}
      aria-current={isOpen}
    >
      <Avatar size={36} radius="xl" name={name} color="initials" aria-hidden />
      <div style={{ minWidth: 0 }}>
        <div className={parts.line}>
          <Text size="sm" fw={600} truncate flex={1}>
            {name}
          </Text>
          <Text size="xs" c="dimmed" style={{ flexShrink: 0 }}>
            {shortAgo(row.lastActivityAt, now)}
          </Text>
        </div>
        <div className={parts.line}>
          <ChannelIcon kind={kind} name={session.channel} />
          <span className={classes.preview}>{lastMessageText(row)}</span>
          {unread > 0 && <UnreadBadge unread={unread} />}
        </div>
        {hasChips(row, isMixed) && (
          <Chips row={row} now={now} isMixed={isMixed} appName={showsApp ? app?.name : undefined} />
        )}
      </div>
    </Link>
  );
}

function UnreadBadge({ unread }: { unread: number }) {
  return (
    <Badge size="sm" circle={unread < 10} color="red.7" variant="filled" aria-label={`${unread} unread`}>
      {unread > 98 ? '99+' : unread}
    </Badge>
  );
}

function Chips(props: {
  row: ConversationRow;
  now: number;
  isMixed: boolean;
  /** `undefined` hides it. */
  appName: string | undefined;
}) {
  const { row, now, isMixed, appName } = props;
  return (
    <div className={classes.chips}>
      <SlaChip row={row} now={now} />
      <WaitChip row={row} now={now} />
      <PriorityBadge row={row} />
      {isMixed && row.session.agentType === 'bot' && (
        <Badge size="xs" color="indigo">
          Bot
        </Badge>
      )}
      {appName !== undefined && (
        <Badge size="xs" color="gray">
          {appName}
        </Badge>
      )}
    </div>
  );
}

function lastMessageText({ lastMessage }: ConversationRow): string {
  if (!lastMessage) return 'No messages yet';
  const { sender } = lastMessage;
  const author = sender.type === 'customer' ? '' : `${senderName(sender)}: `;
  return `${author}${messagePreview(lastMessage)}`;
}

function senderName({ type, name }: NonNullable<ConversationRow['lastMessage']>['sender']): string {
  return name ?? { customer: 'Customer', bot: 'Bot', agent: 'Agent', system: 'System' }[type];
}

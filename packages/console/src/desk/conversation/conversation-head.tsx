import { Avatar, Text, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconArrowLeft, IconEye } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { ChannelIcon } from '../../shared/channel-icon.tsx';
import { IconLink } from '../../shared/links.tsx';
import type { ConversationRow, StaffApp } from '../../shared/sdk.ts';
import { useNow } from '../../shared/time.tsx';
import { customerName } from '../list/conversation-labels.ts';
import { PriorityBadge } from '../list/priority-badge.tsx';
import { SlaChip, WaitChip } from '../list/sla-chip.tsx';
import classes from './conversation.module.css';

/** The customer, the channel, the deadlines, and who else is viewing the conversation. */
export function ConversationHead(props: {
  row: ConversationRow;
  app: StaffApp | undefined;
  viewing: readonly string[];
  /** The actions. */
  children: ReactNode;
}) {
  const { row, app, viewing, children } = props;
  const { session, customer } = row;
  const now = useNow(1_000);
  const kind = app?.channels.find(({ name }) => name === session.channel)?.kind ?? session.channel;
  return (
    <header className={classes.head}>
      <IconLink to="/desk" search aria-label="Back to list" className={classes.back}>
        <IconArrowLeft size={18} />
      </IconLink>
      <div style={{ minWidth: 0, flex: 1 }}>
        <Text fw={650} truncate component="h1" m={0}>
          {customerName(customer)}
        </Text>
        <div className={classes.headFacts}>
          <ChannelIcon kind={kind} name={session.channel} size={14} />
          <span>{session.channel}</span>
          {row.case && <span className={classes.caseNumber}>· Case #{row.case.id}</span>}
          <PriorityBadge row={row} />
          <SlaChip row={row} now={now} />
          <WaitChip row={row} now={now} />
        </div>
      </div>
      <Viewers names={viewing} />
      {children}
    </header>
  );
}

/** The colleagues who view the conversation too. */
function Viewers({ names }: { names: readonly string[] }) {
  if (names.length === 0) return null;
  const text = `${names.join(', ')} ${names.length > 1 ? 'are' : 'is'} also viewing this`;
  return (
    <Tooltip label={text}>
      <div className={classes.viewing}>
        <IconEye size={15} aria-hidden />
        <Avatar.Group spacing={6} aria-hidden>
          {names.slice(0, 3).map((name) => (
            <Avatar key={name} size={22} radius="xl" name={name} color="initials" />
          ))}
        </Avatar.Group>
        <VisuallyHidden role="status">{text}</VisuallyHidden>
      </div>
    </Tooltip>
  );
}

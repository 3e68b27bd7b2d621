import { Alert, Badge, Text, Tooltip } from '@mantine/core';
import { IconCloudOff, IconHourglassEmpty, IconHourglassLow } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import type { ConversationRow, StaffApp } from '../../shared/sdk.ts';
import { exactTime, span } from '../../shared/time.tsx';
import { keys } from '../keys.ts';
import { customerName } from '../list/conversation-labels.ts';
import { replyWindowState } from './reply-window.ts';

/** The remaining time of the channel's reply window. */
export function ReplyWindowChip({ row, now }: { row: ConversationRow; now: number }) {
  const time = replyWindowState(row, now);
  if (!time || time.state === 'closed') return null;
  return (
    <Tooltip label={`You can reply until ${exactTime(row.replyWindow?.closesForAgentsAt ?? '')}`}>
      <Badge
        size="sm"
        color={time.state === 'soon' ? 'orange' : 'gray'}
        leftSection={<IconHourglassLow size={12} />}
        style={{ fontVariantNumeric: 'tabular-nums' }}
      >
        {span(time.ms)} left to reply
      </Badge>
    </Tooltip>
  );
}

/** Replaces the text field once the reply window has closed. */
export function WindowClosed({ row, since }: { row: ConversationRow; since: number }) {
  const overview = useQuery({
    queryKey: keys.customer(row.customer.id),
    queryFn: () => api.rest.desk.customerOverview(row.customer.id),
  });
  const { id, channel } = row.session;
  const others = (overview.data?.sessions ?? []).filter(
    (one) => one.id !== id && one.channel !== channel && one.status === 'active',
  );
  return (
    <Alert
      color="yellow"
      icon={<IconHourglassEmpty size={18} />}
      title={`The reply window on ${channel} closed ${span(since)} ago`}
      role="status"
    >
      <Text size="sm">
        You can reply again after the next message from {customerName(row.customer)}.
        {others.length > 0 ? ' Until then, reach them on ' : ' Until then, you can add a note.'}
        {others.map((one, at) => (
          <span key={one.id}>
            {at > 0 && ', '}
            <Link to="/desk/$sessionId" params={{ sessionId: String(one.id) }} search>
              {one.channel}
            </Link>
          </span>
        ))}
        {others.length > 0 && '.'}
      </Text>
    </Alert>
  );
}

/** Warns that the channel is down and replies are queued. */
export function ChannelDown({ channel }: { channel: StaffApp['channels'][number] | undefined }) {
  const me = useMe();
  if (!channel?.downReason) return null;
  return (
    <Alert
      color="orange"
      p="xs"
      icon={<IconCloudOff size={18} />}
      title={`${channel.name} is down`}
      role="status"
    >
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {channel.downReason}
      </Text>
      <Text size="sm">
        Replies are queued and sent when the channel is back.{' '}
        {me.role === 'agent' ? (
          'Ask an administrator to check the channel.'
        ) : (
          <Link to="/admin/channels">Check the channel</Link>
        )}
      </Text>
    </Alert>
  );
}

/** Lists the channels that are down, above the conversation list. */
export function ChannelsDown({ apps }: { apps: readonly StaffApp[] }) {
  const down = apps.flatMap(({ channels }) => channels.filter(({ downReason }) => downReason !== null));
  if (down.length === 0) return null;
  return (
    <Alert
      color="orange"
      p={8}
      icon={<IconCloudOff size={16} />}
      role="status"
      aria-label="Channels that are down"
    >
      <Text size="xs">Down: {down.map(({ name }) => name).join(', ')}. Replies are queued.</Text>
    </Alert>
  );
}

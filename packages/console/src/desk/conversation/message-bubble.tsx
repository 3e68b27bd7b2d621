import { Tooltip } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCheck,
  IconChecks,
  IconClock,
  IconLock,
  IconVideo,
} from '@tabler/icons-react';
import { memo } from 'react';
import type { Message } from '../../shared/sdk.ts';
import { clockTime, exactTime } from '../../shared/time.tsx';
import { AttachmentView } from './attachment-view.tsx';
import { FailedDelivery } from './failed-delivery.tsx';
import classes from './message.module.css';

const ticks = {
  pending: [IconClock, 'Sending', undefined],
  sent: [IconCheck, 'Sent', undefined],
  delivered: [IconChecks, 'Delivered', undefined],
  read: [IconChecks, 'Read', 'light-dark(var(--mantine-color-brand-7), var(--mantine-color-brand-4))'],
  failed: [
    IconAlertTriangle,
    'Not delivered',
    'light-dark(var(--mantine-color-red-7), var(--mantine-color-red-4))',
  ],
} as const;

/** A message bubble. `isFirst`: the sender differs from the previous message's. Memoized for scrolling. */
export const MessageBubble = memo(Bubble);

function Bubble({ message, isFirst }: { message: Message; isFirst: boolean }) {
  const { kind, content, sender, isReply, deliveryStatus } = message;
  if (kind === 'system' || kind === 'csat_answer') {
    const text = content.csat
      ? `Rated ${'★'.repeat(content.csat.score)}${'☆'.repeat(5 - content.csat.score)}${content.csat.comment ? ` “${content.csat.comment}”` : ''}`
      : content.text;
    return (
      <div className={classes.message}>
        <Tooltip label={exactTime(message.createdAt)}>
          <div className={classes.system}>{text}</div>
        </Tooltip>
      </div>
    );
  }
  const isNote = kind === 'note';
  const className = [
    classes.message,
    isReply || isNote ? classes.ours : '',
    sender.type === 'bot' ? classes.bot : '',
    isNote ? classes.note : '',
    deliveryStatus === 'failed' ? classes.failed : '',
    isFirst ? classes.first : '',
  ].join(' ');
  return (
    <div className={className}>
      <div className={classes.bubble} dir="auto">
        {kind === 'video_call_request' && (
          <span>
            <IconVideo size={16} style={{ verticalAlign: -3 }} /> Requested a video call{' '}
          </span>
        )}
        {content.email?.subject && <div className={classes.subject}>{content.email.subject}</div>}
        {content.text}
        {content.attachments?.map((file) => (
          <AttachmentView key={file.fileId ?? file.url} file={file} />
        ))}
      </div>
      <Choices content={content} />
      <div className={classes.meta}>
        {isNote && <IconLock size={12} aria-label="Only your team can see this" />}
        {isFirst && sender.type !== 'customer' && (
          <span>{sender.name ?? { bot: 'Bot', agent: 'Agent', system: 'System' }[sender.type]}</span>
        )}
        <Tooltip label={exactTime(message.createdAt)}>
          <time dateTime={message.createdAt}>{clockTime(message.createdAt)}</time>
        </Tooltip>
        {isReply && !isNote && <Tick status={deliveryStatus} />}
      </div>
      {isReply && !isNote && deliveryStatus === 'failed' && <FailedDelivery message={message} />}
    </div>
  );
}

function Tick({ status }: { status: Message['deliveryStatus'] }) {
  if (status === 'received') return null;
  const [Icon, label, color] = ticks[status];
  return (
    <Tooltip label={label}>
      <Icon size={14} role="img" aria-label={label} style={{ color }} />
    </Tooltip>
  );
}

function Choices({ content }: { content: Message['content'] }) {
  const choices = [...(content.quickReplies ?? []), ...(content.buttons ?? [])];
  if (choices.length === 0) return null;
  return (
    <div className={classes.choices}>
      {choices.map(({ title }) => (
        <span key={title} className={classes.choice}>
          {title}
        </span>
      ))}
    </div>
  );
}

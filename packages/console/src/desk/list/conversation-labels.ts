import { cutText } from '@mevrik/protocol/text';
import type { ConversationRow, Message } from '../../shared/sdk.ts';

/** A one-line preview of a message. */
export function messagePreview(message: Pick<Message, 'content' | 'kind'>): string {
  const { content, kind } = message;
  if (kind === 'video_call_request') return 'Requested a video call';
  if (content.csat) return `Rated ${content.csat.score} of 5`;
  if (content.text) return cutText(content.text.replace(/\s+/g, ' '), 140);
  const [file] = content.attachments ?? [];
  return file
    ? (file.name ?? { image: 'Image', audio: 'Audio', video: 'Video', file: 'File' }[file.type])
    : '';
}

/** The customer's display name. */
export function customerName(customer: Pick<ConversationRow['customer'], 'email' | 'id' | 'name'>): string {
  return customer.name ?? customer.email ?? `Customer #${customer.id}`;
}

/** Priorities as the lists show them. */
export const priorityLabels = { low: 'Low', normal: 'Normal', high: 'High', urgent: 'Urgent' } as const;

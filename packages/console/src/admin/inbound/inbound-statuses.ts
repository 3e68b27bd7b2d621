import type { EmailRecord, WebhookEvent } from '@mevrik/protocol';

/** How far an inbound email or webhook event was processed. */
export type InboundStatus = EmailRecord['status'] | WebhookEvent['status'];

/** The label and the color of each status. */
export const inboundStatuses: Readonly<Record<InboundStatus, { word: string; color: string }>> = {
  received: { word: 'Pending', color: 'blue' },
  handled: { word: 'Handled', color: 'teal' },
  ignored: { word: 'Ignored', color: 'gray' },
  unreadable: { word: 'Unreadable', color: 'orange' },
  failed: { word: 'Failed', color: 'red' },
};

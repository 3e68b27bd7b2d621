import { type NoticePayloads, topics } from '@mevrik/protocol';
import { type Notice, notice } from './notice.ts';

/** The notices that a customer changed: for the desks of the app, and for the customer's own topics. */
export function customerChanged(appId: number, payload: NoticePayloads['customer_changed']): Notice[] {
  const { customerId, otherId } = payload;
  const own = otherId === undefined ? [customerId] : [customerId, otherId];
  const notified = [topics.sessions, ...own.map(topics.user)];
  return notified.map((topic) => notice('customer_changed', appId, topic, payload));
}

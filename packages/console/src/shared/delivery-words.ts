import type { DeliveryAttempt, DeliveryState } from '@mevrik/protocol';
import { exactTime } from './time.tsx';

/** The label of each delivery status. */
export const stateWords: Readonly<Record<DeliveryState, string>> = {
  queued: 'Queued',
  sending: 'Sending',
  sent: 'Sent',
  delivered: 'Delivered',
  read: 'Read',
  failed: 'Failed',
};

/** The color of each delivery status. */
export const stateColors: Readonly<Record<DeliveryState, string>> = {
  queued: 'yellow',
  sending: 'blue',
  sent: 'teal',
  delivered: 'teal',
  read: 'teal',
  failed: 'red',
};

/** Each outcome of a delivery attempt in words. */
export const attemptWords: Readonly<Record<DeliveryAttempt['outcome'], string>> = {
  open: 'in progress',
  sent: 'accepted by the provider',
  temporary: 'failed, will be retried',
  permanent: 'rejected by the provider',
  channel_down: 'the channel was down',
  doubtful: 'no response, may have been delivered',
};

const decisionWords: Readonly<Record<NonNullable<DeliveryAttempt['decision']>, string>> = {
  resend: 'sent again',
  give_up: 'given up',
  arrived: 'the provider confirmed delivery',
};

/** A delivery attempt in one line. */
export function describeAttempt({ startedAt, part, outcome, error, decision }: DeliveryAttempt): string {
  const partLabel = part > 0 ? `, part ${part + 1}` : '';
  const reason = error === null ? '' : `: ${error}`;
  const then = decision === null ? '' : ` (${decisionWords[decision]})`;
  return `${exactTime(startedAt)}${partLabel}: ${attemptWords[outcome]}${then}${reason}`;
}

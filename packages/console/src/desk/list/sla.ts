import type { ConversationRow } from '../../shared/sdk.ts';

/** The state of a case against its first-reply deadline. */
export interface Sla {
  readonly state: 'overdue' | 'running' | 'soon';
  /** Milliseconds left, or overdue. */
  readonly ms: number;
}

/** "Soon" is the last fifth of the time, at least one minute. */
const soonShare = 0.2;
const soonMs = 60_000;

/** The first-reply deadline of an open case; `undefined` if none applies. */
export function slaOf(row: Pick<ConversationRow, 'case'>, now: number): Sla | undefined {
  const { firstReplyDueAt, firstReplyAt, createdAt } = row.case ?? {};
  if (!firstReplyDueAt || firstReplyAt || !createdAt) return undefined;
  const due = Date.parse(firstReplyDueAt);
  const left = due - now;
  if (left < 0) return { state: 'overdue', ms: -left };
  const isSoon = left < Math.max(soonMs, (due - Date.parse(createdAt)) * soonShare);
  return { state: isSoon ? 'soon' : 'running', ms: left };
}

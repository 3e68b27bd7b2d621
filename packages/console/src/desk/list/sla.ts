import type { ConversationRow } from '../../shared/sdk.ts';

/** How a conversation stands to the time in which its customer should have a first answer. */
export interface Sla {
  readonly state: 'overdue' | 'running' | 'soon';
  /** Milliseconds that are left, or by which it is late. */
  readonly ms: number;
}

/** Less than a fifth of the time, and never less than a minute, is soon. */
const soonShare = 0.2;
const soonMs = 60_000;

/** Where a first answer is still due: how much time is left, or by how much it is late. */
export function slaOf(row: Pick<ConversationRow, 'case'>, now: number): Sla | undefined {
  const { firstReplyDueAt, firstReplyAt, createdAt } = row.case ?? {};
  if (!firstReplyDueAt || firstReplyAt || !createdAt) return undefined;
  const due = Date.parse(firstReplyDueAt);
  const left = due - now;
  if (left < 0) return { state: 'overdue', ms: -left };
  const isSoon = left < Math.max(soonMs, (due - Date.parse(createdAt)) * soonShare);
  return { state: isSoon ? 'soon' : 'running', ms: left };
}

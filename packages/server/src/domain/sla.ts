import type { Case } from '@mevrik/protocol';
import { afterOpenMinutes, type BusinessHours } from './business-hours.ts';

/** Minutes to the first reply for each priority of a case; `null`: no target. */
export type FirstReplyTargets = Readonly<Record<Case['priority'], number | null>>;

/**
 * The deadline for the first reply to a case, ISO 8601: its target in minutes of business hours after it was opened.
 * `null` if the priority has no target.
 */
export function firstReplyDueAt(
  targets: FirstReplyTargets,
  priority: Case['priority'],
  openedAtMs: number,
  hours: BusinessHours,
): string | null {
  const minutes = targets[priority];
  return minutes === null ? null : afterOpenMinutes(hours, openedAtMs, minutes);
}

import type { Case } from '@mevrik/protocol';
import { afterOpenMinutes, type BusinessHours } from './business-hours.ts';

/** Minutes within which a case of each priority should have its first answer; `null`: no matter when. */
export type FirstReplyTargets = Readonly<Record<Case['priority'], number | null>>;

/**
 * Until when a case that is opened now should have its first answer, as an instant: so many minutes of business hours
 * later. `null` where it does not matter.
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

import { applyEarlyFailure } from './apply-failure.ts';
import { applyMessageChange } from './apply-message-change.ts';
import { archiveEventsJob, loadSegmentJob } from './archive-events.ts';
import { askHttpBot, resumeBotTurns } from './ask-http-bot.ts';
import { assignAllWaiting, assignWaiting } from './assign-waiting.ts';
import { deliver, probe, resumeDeliveries, showIndicatorJob } from './deliver.ts';
import { closeIdleCases, expireSessions, expireSurveyJob } from './expire.ts';
import { expireConversations } from './expire-conversations.ts';
import { fetchAttachments, sweepFiles } from './fetch-attachments.ts';
import { fetchName } from './fetch-name.ts';
import { fetchPost } from './fetch-post.ts';
import type { Job } from './job.ts';
import { markAbsentAgents } from './mark-absent-agents.ts';
import { processEmails, resumeEmails } from './process-emails.ts';
import { trimRecords } from './trim-records.ts';

/** Jobs that take milliseconds. Customers and agents wait for their results. */
export const jobs: readonly Job[] = [
  assignWaiting,
  assignAllWaiting,
  markAbsentAgents,
  resumeBotTurns,
  expireSurveyJob,
  expireSessions,
  closeIdleCases,
  resumeDeliveries,
  applyMessageChange,
  applyEarlyFailure,
  resumeEmails,
];

/**
 * Jobs that take minutes, or wait for the store of files. They have a runner of their own, so that these delay nothing
 * else.
 */
export const maintenanceJobs: readonly Job[] = [
  trimRecords,
  expireConversations,
  archiveEventsJob,
  loadSegmentJob,
  sweepFiles,
  processEmails,
];

/** Jobs that wait for bots and for downloads. They have a runner of their own, so that these delay nothing else. */
export const outsideJobs: readonly Job[] = [askHttpBot, fetchAttachments, fetchPost, fetchName];

/** Jobs that wait for providers. They have a runner of their own, so that a slow provider delays nothing else. */
export const deliveryJobs: readonly Job[] = [deliver, probe, showIndicatorJob];

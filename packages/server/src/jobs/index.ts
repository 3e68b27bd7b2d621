import { applyMessageChange } from './apply-message-change.ts';
import { askHttpBot, resumeBotTurns } from './ask-http-bot.ts';
import { assignAllWaiting, assignWaiting } from './assign-waiting.ts';
import { deliver, probe, resumeDeliveries, showIndicatorJob } from './deliver.ts';
import { closeIdleCases, expireSessions, expireSurveyJob } from './expire.ts';
import { fetchAttachments, sweepFiles } from './fetch-attachments.ts';
import { fetchName } from './fetch-name.ts';
import { fetchPost } from './fetch-post.ts';
import type { Job } from './job.ts';
import { markAbsentAgents } from './mark-absent-agents.ts';
import { processEmails, resumeEmails } from './process-emails.ts';
import { trimRecords } from './trim-records.ts';

/** Every job there is, but for those below. */
export const jobs: readonly Job[] = [
  assignWaiting,
  assignAllWaiting,
  markAbsentAgents,
  askHttpBot,
  resumeBotTurns,
  expireSurveyJob,
  expireSessions,
  closeIdleCases,
  trimRecords,
  resumeDeliveries,
  applyMessageChange,
  fetchAttachments,
  fetchPost,
  fetchName,
  sweepFiles,
  processEmails,
  resumeEmails,
];

/** What waits for providers: it has a queue of its own, so that a slow one holds up nothing else. */
export const deliveryJobs: readonly Job[] = [deliver, probe, showIndicatorJob];

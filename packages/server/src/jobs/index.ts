import { askHttpBot, resumeBotTurns } from './ask-http-bot.ts';
import { assignAllWaiting, assignWaiting } from './assign-waiting.ts';
import { closeIdleCases, expireSessions, expireSurveyJob, trimRecords } from './expire.ts';
import type { Job } from './job.ts';

/** Every job there is. */
export const jobs: readonly Job[] = [
  assignWaiting,
  assignAllWaiting,
  askHttpBot,
  resumeBotTurns,
  expireSurveyJob,
  expireSessions,
  closeIdleCases,
  trimRecords,
];

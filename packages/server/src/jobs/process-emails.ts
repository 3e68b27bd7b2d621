import { ProblemError } from '@mevrik/protocol';
import { z } from 'zod';
import { type BackOff, backOffMs } from '../domain/back-off.ts';
import { finishEmail, reasonOf } from '../inbound-email/finish-email.ts';
import { openEmail, processEmail, type WaitingEmail } from '../inbound-email/process-email.ts';
import { type EmailLane, wakeEmails } from '../inbound-email/receive-email.ts';
import { alertNotice } from '../live/delivery-notices.ts';
import { type JobDeps, job, timer } from './job.ts';

/** After this many emails of one sender, other senders are served. */
const emailsAtOnce = 50;
/** The maximum number of senders per run; the rest follow a minute later. */
const sweepLimit = 1_000;
/** Between attempts. Without jitter: a sender's emails are processed one after the other anyway. */
const backOff: BackOff = { firstMs: 1_000, longestMs: 5 * 60_000, jitter: [1, 1] };
/** How long an email is leased to the process that works on it. */
const leaseMs = 30_000;

/** Processes the emails of a sender in order. */
export const processEmails = job({
  task: 'process-emails',
  summary: 'Processes the emails of a sender, one after another.',
  payload: z.object({ appId: z.int(), channel: z.string(), sender: z.string() }),
  async run(lane, deps) {
    for (let count = 0; count < emailsAtOnce && !deps.stopping.aborted; count++) {
      const waiting = await lease(deps, lane);
      if (!waiting) return;
      await processOne(deps, lane, waiting);
    }
    await deps.unitOfWork.run((tx) => wakeEmails(tx, lane));
  },
});

interface LeasedEmail extends WaitingEmail {
  readonly attempts: number;
}

/**
 * Leases the oldest unprocessed email of a sender, if it is due. The attempt is counted beforehand, so that an email that
 * crashes the process is not retried forever.
 */
async function lease(
  { unitOfWork, emailAttempts }: JobDeps,
  lane: EmailLane,
): Promise<LeasedEmail | undefined> {
  return unitOfWork.run(async (tx) => {
    const [next] = await tx.sql<{ id: number; attempts: number; early_until: string | null }[]>`
      SELECT id, attempts, CASE WHEN retry_at > now() THEN retry_at END AS early_until FROM inbound_emails
      WHERE app_id = ${lane.appId} AND channel = ${lane.channel} AND sender = ${lane.sender} AND status = 'received'
      ORDER BY id LIMIT 1 FOR UPDATE`;
    if (!next) return undefined;
    if (next.early_until !== null) {
      await wakeEmails(tx, lane, next.early_until);
      return undefined;
    }
    const [leased] = await tx.sql<(LeasedEmail & { lease_until: string })[]>`
      UPDATE inbound_emails SET attempts = attempts + 1, retry_at = now() + ${leaseMs} * interval '1 ms',
        note = CASE WHEN attempts >= ${emailAttempts} THEN coalesce(note, ${processCrashed}) ELSE note END
      WHERE id = ${next.id}
      RETURNING id, source, recipient, message_id, deduplication_key, raw, received_at, attempts,
                retry_at AS lease_until`;
    // If this process crashes, the sender's emails are resumed when the lease expires.
    if (leased) await wakeEmails(tx, lane, leased.lease_until);
    return leased;
  });
}

const processCrashed = 'The server process crashed while processing it.';

/**
 * Processes an email. Parsing it and storing its attachments take time and happen outside the transaction; if several
 * nodes have parsed the same email, the first one processes it.
 */
async function processOne(deps: JobDeps, lane: EmailLane, waiting: LeasedEmail): Promise<void> {
  const { unitOfWork, email, emailAttempts } = deps;
  // Its last attempt crashed the process.
  if (waiting.attempts > emailAttempts) return giveUp(deps, lane, waiting);
  try {
    const opened = await openEmail(lane, waiting, email);
    if (opened.parserError) {
      deps.log.warn(
        { emailId: waiting.id, err: opened.parserError },
        'failed to parse an email; showing its headers and raw body',
      );
    }
    await unitOfWork.run(async (tx) => {
      const [unprocessed] = await tx.sql`
        SELECT FROM inbound_emails WHERE id = ${waiting.id} AND status = 'received' FOR UPDATE`;
      if (unprocessed) await processEmail(tx, lane, waiting, opened, email);
    });
  } catch (error) {
    // Retrying is useless, and later emails must not wait for it.
    if (error instanceof ProblemError && !error.retryable) {
      return end(deps, lane, { id: waiting.id, status: 'unreadable', reason: error.detail }, error);
    }
    if (waiting.attempts >= emailAttempts) return giveUp(deps, lane, waiting, error);
    const delayMs = backOffMs(backOff, waiting.attempts);
    await unitOfWork.run(async (tx) => {
      await tx.sql`
        UPDATE inbound_emails SET note = ${reasonOf(String(error))}, retry_at = now() + ${delayMs} * interval '1 ms'
        WHERE id = ${waiting.id} AND status = 'received'`;
    });
    deps.log.warn(
      { emailId: waiting.id, attempts: waiting.attempts, err: error },
      'failed to process an email, retrying',
    );
  }
}

/**
 * Gives up after the last attempt: administrators are alerted, and later emails continue. Without an error, the process
 * crashed, which the email's note says already.
 */
async function giveUp(deps: JobDeps, lane: EmailLane, { id }: LeasedEmail, error?: unknown): Promise<void> {
  const reason = error === undefined ? null : String(error);
  await end(deps, lane, { id, status: 'failed', reason }, error);
  const { appId, channel } = lane;
  const text = `Email ${id} could not be processed. Administrators find it under Emails.`;
  deps.notify([alertNotice(appId, channel, text)]);
}

async function end(
  { unitOfWork, log }: JobDeps,
  lane: EmailLane,
  email: Parameters<typeof finishEmail>[2],
  error: unknown,
): Promise<void> {
  await unitOfWork.run((tx) => finishEmail(tx, lane, email));
  log.warn({ emailId: email.id, reason: email.reason, err: error }, 'failed to process an email');
}

/** Resumes emails whose job was lost. */
export const resumeEmails = timer({
  task: 'resume-emails',
  summary: 'Resumes emails whose job was lost.',
  cron: '* * * * *',
  async run({ unitOfWork }) {
    await unitOfWork.run(async (tx) => {
      const lanes = await tx.sql<{ app_id: number; channel: string; sender: string }[]>`
        SELECT DISTINCT app_id, channel, sender FROM inbound_emails
        WHERE status = 'received' AND coalesce(retry_at, received_at) < now() - interval '30 seconds'
        LIMIT ${sweepLimit}`;
      for (const { app_id: appId, channel, sender } of lanes)
        await wakeEmails(tx, { appId, channel, sender });
    });
  },
});

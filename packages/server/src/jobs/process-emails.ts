import { ProblemError } from '@mevrik/protocol';
import { z } from 'zod';
import { finishEmail, reasonOf } from '../inbound-email/finish-email.ts';
import { openEmail, processEmail, type WaitingEmail } from '../inbound-email/process-email.ts';
import { type EmailLane, wakeEmails } from '../inbound-email/receive-email.ts';
import { alertNotice } from '../live/delivery-notices.ts';
import { type JobDeps, job, timer } from './job.ts';

/** After so many mails of one sender the others get their turn. */
const emailsAtOnce = 50;
/** How many senders a sweep takes; the next one, a minute later, takes the rest. */
const sweepLimit = 1_000;
/** Milliseconds until the second attempt at a mail; each further one waits twice as long, up to the longest. */
const firstDelayMs = 1_000;
const longestDelayMs = 5 * 60_000;
/** For so long nobody else begins with a mail that somebody takes in; then they count as dead. */
const leaseMs = 30_000;

/** Takes in the mails of a sender, in the order in which they came. */
export const processEmails = job({
  task: 'process-emails',
  summary: 'Makes messages of the mails of a sender, one after another.',
  payload: z.object({ appId: z.int(), channel: z.string(), sender: z.string() }),
  async run(lane, deps) {
    for (let count = 0; count < emailsAtOnce && !deps.stopping.aborted; count++) {
      const waiting = await begin(deps, lane);
      if (!waiting) return;
      await takeIn(deps, lane, waiting);
    }
    await deps.unitOfWork.run((tx) => wakeEmails(tx, lane));
  },
});

interface Begun extends WaitingEmail {
  readonly attempts: number;
}

/**
 * The oldest mail of a sender, if it is its time. That it is tried is written down before: of a mail that brings the
 * process down, too, the attempts come to an end.
 */
async function begin({ unitOfWork, emailAttempts }: JobDeps, lane: EmailLane): Promise<Begun | undefined> {
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
    const [begun] = await tx.sql<(Begun & { lease_until: string })[]>`
      UPDATE inbound_emails SET attempts = attempts + 1, retry_at = now() + ${leaseMs} * interval '1 ms',
        note = CASE WHEN attempts >= ${emailAttempts} THEN coalesce(note, ${diedWithIt}) ELSE note END
      WHERE id = ${next.id}
      RETURNING id, source, recipient, message_id, deduplication_key, raw, received_at, attempts,
                retry_at AS lease_until`;
    // Should this process die, somebody looks after the sender when the lease is over.
    if (begun) await wakeEmails(tx, lane, begun.lease_until);
    return begun;
  });
}

const diedWithIt = 'The process that took it in died before it could say why.';

/**
 * Reading takes time, as the keeping of files does, and is in no transaction; of several nodes that have read one, the
 * first takes it in.
 */
async function takeIn(deps: JobDeps, lane: EmailLane, waiting: Begun): Promise<void> {
  const { unitOfWork, email, emailAttempts } = deps;
  // Its last attempt has ended without a word.
  if (waiting.attempts > emailAttempts) return giveUp(deps, lane, waiting, null);
  try {
    const opened = await openEmail(lane, waiting, email);
    await unitOfWork.run(async (tx) => {
      const [mine] = await tx.sql`
        SELECT FROM inbound_emails WHERE id = ${waiting.id} AND status = 'received' FOR UPDATE`;
      if (mine) await processEmail(tx, lane, waiting, opened, email);
    });
  } catch (error) {
    // Nothing that comes later can mend it, and the next mails must not wait for it.
    if (error instanceof ProblemError && !error.retryable) {
      return end(deps, lane, { id: waiting.id, status: 'unreadable', reason: error.message });
    }
    if (waiting.attempts >= emailAttempts) return giveUp(deps, lane, waiting, String(error));
    const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(waiting.attempts - 1, 30));
    await unitOfWork.run(async (tx) => {
      await tx.sql`
        UPDATE inbound_emails SET note = ${reasonOf(String(error))}, retry_at = now() + ${delayMs} * interval '1 ms'
        WHERE id = ${waiting.id} AND status = 'received'`;
    });
    deps.log.warn(
      { emailId: waiting.id, attempts: waiting.attempts, reason: String(error) },
      'a mail could not be taken in, and is tried again',
    );
  }
}

/** It has failed as often as it may: a person looks after it, and the next mails go on. */
async function giveUp(deps: JobDeps, lane: EmailLane, { id }: Begun, reason: string | null): Promise<void> {
  await end(deps, lane, { id, status: 'failed', reason });
  const { appId, channel } = lane;
  const text = `Mail ${id} could not be taken in. Administrators see it under Mails.`;
  deps.notify([alertNotice(appId, channel, text)]);
}

async function end(
  { unitOfWork, log }: JobDeps,
  lane: EmailLane,
  email: Parameters<typeof finishEmail>[2],
): Promise<void> {
  await unitOfWork.run((tx) => finishEmail(tx, lane, email));
  log.warn({ emailId: email.id, reason: email.reason }, 'a mail could not be taken in');
}

/** Takes up what nobody looks after. */
export const resumeEmails = timer({
  task: 'resume-emails',
  summary: 'Takes up mails that nobody looks after.',
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

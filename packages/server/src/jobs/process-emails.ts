import { ProblemError } from '@mevrik/protocol';
import { z } from 'zod';
import { endMail, reasonOf } from '../inbound-email/finish-email.ts';
import { openMail, takeInMail, type WaitingMail } from '../inbound-email/process-email.ts';
import { type MailLane, wakeMails } from '../inbound-email/receive-email.ts';
import { alertNotice } from '../live/delivery-notices.ts';
import { type JobNeeds, job, timer } from './job.ts';

/** After so many mails of one sender the others get their turn. */
const mailsAtOnce = 50;
/** How many senders a sweep takes; the next one, a minute later, takes the rest. */
const sweepLimit = 1_000;
/** Milliseconds until the second attempt at a mail; each further one waits twice as long, up to the longest. */
const firstDelayMs = 1_000;
const longestDelayMs = 5 * 60_000;
/** For so long nobody else begins with a mail that somebody takes in; then they count as dead. */
const leaseMs = 30_000;

/** Takes in the mails of a sender, in the order in which they came. */
export const takeInMails = job({
  task: 'take-in-mails',
  summary: 'Makes messages of the mails of a sender, one after another.',
  payload: z.object({ appId: z.int(), channel: z.string(), sender: z.string() }),
  async run(lane, needs) {
    for (let count = 0; count < mailsAtOnce && !needs.stopping.aborted; count++) {
      const waiting = await begin(needs, lane);
      if (!waiting) return;
      await takeIn(needs, lane, waiting);
    }
    await needs.unitOfWork.run((tx) => wakeMails(tx, lane));
  },
});

interface Begun extends WaitingMail {
  readonly attempts: number;
}

/**
 * The oldest mail of a sender, if it is its time. That it is tried is written down before: of a mail that brings the
 * process down, too, the attempts come to an end.
 */
async function begin({ unitOfWork, mailAttempts }: JobNeeds, lane: MailLane): Promise<Begun | undefined> {
  return unitOfWork.run(async (tx) => {
    const [next] = await tx.sql<{ id: number; attempts: number; early_until: string | null }[]>`
      SELECT id, attempts, CASE WHEN retry_at > now() THEN retry_at END AS early_until FROM inbound_mails
      WHERE app_id = ${lane.appId} AND channel = ${lane.channel} AND sender = ${lane.sender} AND status = 'received'
      ORDER BY id LIMIT 1 FOR UPDATE`;
    if (!next) return undefined;
    if (next.early_until !== null) {
      await wakeMails(tx, lane, next.early_until);
      return undefined;
    }
    const [begun] = await tx.sql<(Begun & { lease_until: string })[]>`
      UPDATE inbound_mails SET attempts = attempts + 1, retry_at = now() + ${leaseMs} * interval '1 ms',
        note = CASE WHEN attempts >= ${mailAttempts} THEN coalesce(note, ${diedWithIt}) ELSE note END
      WHERE id = ${next.id}
      RETURNING id, source, recipient, message_id, deduplication_key, raw, received_at, attempts,
                retry_at AS lease_until`;
    // Should this process die, somebody looks after the sender when the lease is over.
    if (begun) await wakeMails(tx, lane, begun.lease_until);
    return begun;
  });
}

const diedWithIt = 'The process that took it in died before it could say why.';

/**
 * Reading takes time, as the keeping of files does, and is in no transaction; of several nodes that have read one, the
 * first takes it in.
 */
async function takeIn(needs: JobNeeds, lane: MailLane, waiting: Begun): Promise<void> {
  const { unitOfWork, mail, mailAttempts } = needs;
  // Its last attempt has ended without a word.
  if (waiting.attempts > mailAttempts) return giveUp(needs, lane, waiting, null);
  try {
    const opened = await openMail(lane, waiting, mail);
    await unitOfWork.run(async (tx) => {
      const [mine] = await tx.sql`
        SELECT FROM inbound_mails WHERE id = ${waiting.id} AND status = 'received' FOR UPDATE`;
      if (mine) await takeInMail(tx, lane, waiting, opened, mail);
    });
  } catch (error) {
    // Nothing that comes later can mend it, and the next mails must not wait for it.
    if (error instanceof ProblemError && !error.retryable) {
      return end(needs, lane, { id: waiting.id, status: 'unreadable', reason: error.message });
    }
    if (waiting.attempts >= mailAttempts) return giveUp(needs, lane, waiting, String(error));
    const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(waiting.attempts - 1, 30));
    await unitOfWork.run(async (tx) => {
      await tx.sql`
        UPDATE inbound_mails SET note = ${reasonOf(String(error))}, retry_at = now() + ${delayMs} * interval '1 ms'
        WHERE id = ${waiting.id} AND status = 'received'`;
    });
    needs.log.warn(
      { mailId: waiting.id, attempts: waiting.attempts, reason: String(error) },
      'a mail could not be taken in, and is tried again',
    );
  }
}

/** It has failed as often as it may: a person looks after it, and the next mails go on. */
async function giveUp(needs: JobNeeds, lane: MailLane, { id }: Begun, reason: string | null): Promise<void> {
  await end(needs, lane, { id, status: 'failed', reason });
  const { appId, channel } = lane;
  const text = `Mail ${id} could not be taken in. Administrators see it under Mails.`;
  needs.notify([alertNotice(appId, channel, text)]);
}

async function end(
  { unitOfWork, log }: JobNeeds,
  lane: MailLane,
  mail: Parameters<typeof endMail>[2],
): Promise<void> {
  await unitOfWork.run((tx) => endMail(tx, lane, mail));
  log.warn({ mailId: mail.id, reason: mail.reason }, 'a mail could not be taken in');
}

/** Takes up what nobody looks after. */
export const resumeMails = timer({
  task: 'resume-mails',
  summary: 'Takes up mails that nobody looks after.',
  cron: '* * * * *',
  async run({ unitOfWork }) {
    await unitOfWork.run(async (tx) => {
      const lanes = await tx.sql<{ app_id: number; channel: string; sender: string }[]>`
        SELECT DISTINCT app_id, channel, sender FROM inbound_mails
        WHERE status = 'received' AND coalesce(retry_at, received_at) < now() - interval '30 seconds'
        LIMIT ${sweepLimit}`;
      for (const { app_id: appId, channel, sender } of lanes) await wakeMails(tx, { appId, channel, sender });
    });
  },
});

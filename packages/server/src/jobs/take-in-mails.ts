import { ProblemError } from '@mevrik/protocol';
import { z } from 'zod';
import { type MailLane, wakeMails } from '../mail/receive-mail.ts';
import { openMail, takeInMail, type WaitingMail } from '../mail/take-in-mail.ts';
import { type JobNeeds, job, timer } from './job.ts';

/** After so many mails of one sender the others get their turn. */
const mailsAtOnce = 50;
/** How many senders a sweep takes; the next one, a minute later, takes the rest. */
const sweepLimit = 1_000;

/** Takes in the mails of a sender, in the order in which they came. */
export const takeInMails = job({
  task: 'take-in-mails',
  summary: 'Makes messages of the mails of a sender, one after another.',
  payload: z.object({ appId: z.int(), channel: z.string(), sender: z.string() }),
  async run(lane, needs) {
    for (let count = 0; count < mailsAtOnce && !needs.stopping.aborted; count++) {
      const waiting = await oldestWaiting(needs, lane);
      if (!waiting) return;
      await takeIn(needs, lane, waiting);
    }
    await needs.unitOfWork.run((tx) => wakeMails(tx, lane));
  },
});

async function oldestWaiting({ database }: JobNeeds, lane: MailLane): Promise<WaitingMail | undefined> {
  const [waiting] = await database.sql<WaitingMail[]>`
    SELECT id, source, recipient, message_id, deduplication_key, raw, received_at FROM inbound_mails
    WHERE app_id = ${lane.appId} AND channel = ${lane.channel} AND sender = ${lane.sender} AND status = 'received'
    ORDER BY id LIMIT 1`;
  return waiting;
}

/** Reading takes time, as the keeping of files does, and is in no transaction; of several nodes that have read one, the first takes it in. */
async function takeIn({ unitOfWork, mail: needs, log }: JobNeeds, lane: MailLane, waiting: WaitingMail) {
  const mail = await openMail(lane, waiting, needs);
  const { id } = waiting;
  try {
    await unitOfWork.run(async (tx) => {
      const [mine] = await tx.sql`
        SELECT FROM inbound_mails WHERE id = ${id} AND status = 'received' FOR UPDATE`;
      if (mine) await takeInMail(tx, lane, waiting, mail, needs);
    });
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    // Nothing that comes later can mend it, and the next mails must not wait for it.
    log.warn({ mailId: id, reason: error.message }, 'a mail could not be taken in');
    await unitOfWork.run(async (tx) => {
      await tx.sql`
        UPDATE inbound_mails SET status = 'unreadable', note = ${error.message} WHERE id = ${id} AND status = 'received'`;
    });
  }
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
        WHERE status = 'received' AND received_at < now() - interval '30 seconds' LIMIT ${sweepLimit}`;
      for (const { app_id: appId, channel, sender } of lanes) await wakeMails(tx, { appId, channel, sender });
    });
  },
});

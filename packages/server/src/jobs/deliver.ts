import { z } from 'zod';
import { scheduleProbe } from '../delivery/channel-health.ts';
import { deliverConversation } from '../delivery/deliver-conversation.ts';
import { wakeDelivery } from '../delivery/enqueue-delivery.ts';
import { probeChannel } from '../delivery/probe-channel.ts';
import { showIndicator } from '../delivery/show-indicator.ts';
import { job, timer } from './job.ts';

/** The maximum number of conversations per run; the rest follow a minute later. */
const sweepLimit = 5_000;

/** Sends the queued messages of a conversation. */
export const deliver = job({
  task: 'deliver',
  summary: 'Sends the queued messages of a conversation through its channel, one after another.',
  payload: z.object({ conversationKey: z.string() }),
  run: ({ conversationKey }, deps) => deliverConversation(deps, conversationKey),
});

/** Probes a channel that is down. */
export const probe = job({
  task: 'probe-channel',
  summary: 'Checks whether a channel that is down is available again.',
  payload: z.object({ appId: z.int(), channel: z.string() }),
  run: (ref, deps) => probeChannel(deps, ref),
});

/** Shows the customer that their message was read or that an agent is typing. */
export const showIndicatorJob = job({
  task: 'show-indicator',
  summary: 'Shows the customer that their message was read or that an agent is typing.',
  payload: z.object({ sessionId: z.int(), indicator: z.enum(['seen', 'typing']) }),
  run: (indicator, deps) => showIndicator(deps, indicator),
});

/** Resumes deliveries and probes whose job was lost, for example in a crash. */
export const resumeDeliveries = timer({
  task: 'resume-deliveries',
  summary: 'Resumes deliveries and probes whose job was lost.',
  cron: '* * * * *',
  async run({ unitOfWork }) {
    await unitOfWork.run(async (tx) => {
      const waiting = await tx.sql<{ conversation_key: string }[]>`
        SELECT DISTINCT conversation_key FROM deliveries
        WHERE status IN ('queued', 'sending')
          AND coalesce(lease_until, next_attempt_at) < now() - interval '10 seconds'
          AND NOT EXISTS (SELECT FROM channel_health AS health
                          WHERE health.app_id = deliveries.app_id AND health.channel = deliveries.channel
                            AND (health.is_down OR health.paused_until > now()))
        LIMIT ${sweepLimit}`;
      for (const { conversation_key: key } of waiting) await wakeDelivery(tx, key);
      const down = await tx.sql<{ app_id: number; channel: string }[]>`
        SELECT app_id, channel FROM channel_health WHERE is_down AND probe_at < now() - interval '30 seconds'`;
      for (const { app_id: appId, channel } of down) await scheduleProbe(tx, { appId, channel });
    });
  },
});

import { z } from 'zod';
import { scheduleProbe } from '../delivery/channel-health.ts';
import { deliverConversation } from '../delivery/deliver-conversation.ts';
import { wakeDelivery } from '../delivery/enqueue-delivery.ts';
import { probeChannel } from '../delivery/probe-channel.ts';
import { showIndicator } from '../delivery/show-indicator.ts';
import { job, timer } from './job.ts';

/** How many conversations a sweep takes; the next one, a minute later, takes the rest. */
const sweepLimit = 5_000;

/** Sends what waits in a conversation. */
export const deliver = job({
  task: 'deliver',
  summary: 'Sends the messages of a conversation through its channel, one after another.',
  payload: z.object({ conversationKey: z.string() }),
  run: ({ conversationKey }, deps) => deliverConversation(deps, conversationKey),
});

/** Tries a channel that is down. */
export const probe = job({
  task: 'probe-channel',
  summary: 'Asks a provider whether a channel that is down is back.',
  payload: z.object({ appId: z.int(), channel: z.string() }),
  run: (ref, deps) => probeChannel(deps, ref),
});

/** Shows the customer that we have seen their message, or that somebody is typing. */
export const showIndicatorJob = job({
  task: 'show-indicator',
  summary: 'Shows on a channel that a message was seen, or that somebody is typing.',
  payload: z.object({ sessionId: z.int(), indicator: z.enum(['seen', 'typing']) }),
  run: (indicator, deps) => showIndicator(deps, indicator),
});

/** Takes up what nobody looks after, as after a crash between two steps. */
export const resumeDeliveries = timer({
  task: 'resume-deliveries',
  summary: 'Takes up messages and channels that nobody looks after.',
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

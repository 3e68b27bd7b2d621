import { z } from 'zod';
import { idSchema } from './models.ts';

/** The state of a queue. */
export const queueStateSchema = z.object({
  appId: idSchema,
  appName: z.string(),
  queue: z.string(),
  waiting: z.int(),
  /** Since when the longest-waiting conversation waits; `null` if the queue is empty. */
  waitingSince: z.string().nullable(),
  /** Conversations of this queue assigned to agents. */
  served: z.int(),
  /** Accepted by agents over the last day. */
  accepted: z.int(),
  abandoned: z.int(),
  /** Mean wait until an agent accepted, over the last day; `null` if none was accepted. */
  meanWaitSeconds: z.int().nullable(),
  /** Skills that waiting conversations require, with the number of conversations. */
  skills: z.record(z.string(), z.int()),
});
export type QueueState = z.infer<typeof queueStateSchema>;

/** An agent with their load and capacity. */
export const queueAgentSchema = z.object({
  id: idSchema,
  name: z.string(),
  availability: z.enum(['online', 'away']),
  skills: z.array(z.string()),
  capacity: z.int(),
  serving: z.int(),
});
export type QueueAgent = z.infer<typeof queueAgentSchema>;

/** All queues and the available agents. */
export const queueOverviewSchema = z.object({
  queues: z.array(queueStateSchema),
  agents: z.array(queueAgentSchema),
});
export type QueueOverview = z.infer<typeof queueOverviewSchema>;

import { z } from 'zod';
import { idSchema } from './models.ts';

/** A queue, and how it is doing. */
export const queueStateSchema = z.object({
  appId: idSchema,
  appName: z.string(),
  queue: z.string(),
  waiting: z.int(),
  /** Since when whoever has waited longest does so; `null` where nobody waits. */
  waitingSince: z.string().nullable(),
  /** Conversations that agents have from this queue. */
  served: z.int(),
  /** Over the last day. */
  taken: z.int(),
  abandoned: z.int(),
  /** Until an agent had them, on average over the last day; `null` where nobody was taken. */
  meanWaitSeconds: z.int().nullable(),
  /** What those who wait need, and how many of them do. */
  skills: z.record(z.string(), z.int()),
});
export type QueueState = z.infer<typeof queueStateSchema>;

/** Somebody at the desk, and how much they can still take. */
export const queueAgentSchema = z.object({
  id: idSchema,
  name: z.string(),
  availability: z.enum(['online', 'away']),
  skills: z.array(z.string()),
  capacity: z.int(),
  serving: z.int(),
});
export type QueueAgent = z.infer<typeof queueAgentSchema>;

/** All queues, and who is there for them. */
export const queueOverviewSchema = z.object({
  queues: z.array(queueStateSchema),
  agents: z.array(queueAgentSchema),
});
export type QueueOverview = z.infer<typeof queueOverviewSchema>;

import { z } from 'zod';

/** The time range of the charts. */
export const chartWindowSchema = z.enum(['1h', '24h', '7d']);
export type ChartWindow = z.infer<typeof chartWindowSchema>;
/** The period that the charts show. */
export const chartsQuery = z.strictObject({ window: chartWindowSchema.default('24h') });

const milliseconds = z.number().nullable();

/** The statistics of one step. Times are `null` if nothing happened in the step. */
export const chartPointSchema = z.object({
  /** Start of the step. */
  at: z.string(),
  /** Number of events by kind. */
  events: z.record(z.string(), z.int()),
  /** From an event until a listener had handled it. */
  ageP50Ms: milliseconds,
  ageP95Ms: milliseconds,
  /** From an event until its broadcast. */
  broadcastP50Ms: milliseconds,
  broadcastP95Ms: milliseconds,
  /** Failed attempts of listeners, parked events, and dead letters. */
  failed: z.int(),
  parked: z.int(),
  dead: z.int(),
  /** Conversations that agents accepted, and how long these had waited. */
  accepted: z.int(),
  waitP50Seconds: z.number().nullable(),
  waitP95Seconds: z.number().nullable(),
  csatAnswers: z.int(),
  csatMean: z.number().nullable(),
});
export type ChartPoint = z.infer<typeof chartPointSchema>;

/** Statistics over time; steps in which nothing happened are included. */
export const chartsSchema = z.object({
  window: chartWindowSchema,
  stepSeconds: z.int(),
  /** The kinds of event in the points, most frequent first. */
  eventNames: z.array(z.string()),
  points: z.array(chartPointSchema),
});
export type ChartData = z.infer<typeof chartsSchema>;
